-- What the verbs share: identifiers, refusals, the answer of a transaction, room under caps, and taking from lots.

-- A time-ordered identifier (RFC 9562, version 7) on every PostgreSQL from 15: 48 bits of milliseconds, then chance.
CREATE OR REPLACE FUNCTION ledger_new_public_id(p_at timestamptz) RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT encode(
        set_byte(
            substring(int8send((extract(epoch FROM p_at) * 1000)::bigint) FROM 3 FOR 6) || substring(r.bytes FROM 7),
            6, (get_byte(r.bytes, 6) & 15) | 112),
        'hex')::uuid
    FROM (SELECT uuid_send(gen_random_uuid()) AS bytes) r
$$;

-- Raises a refusal: the code is an SQLSTATE of class KL, the facts travel as JSON in the detail.
CREATE OR REPLACE FUNCTION ledger_refuse(p_code text, p_sentence text, p_facts jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = p_code, MESSAGE = p_sentence, DETAIL = p_facts::text;
END $$;

-- Rebuilds the answer of a transaction from what it wrote, to the letter of its first answer.
CREATE OR REPLACE FUNCTION ledger_receipt_of(p_transaction bigint, p_is_replay boolean)
RETURNS ledger_receipt LANGUAGE sql STABLE AS $$
    SELECT t.public_id, a.public_id, a.owner_ref, t.program_ref, t.kind::text,
        coalesce(abs(e.points_change), 0),
        coalesce(e.balance_after, h.balance_after),
        coalesce(h.points_lost, 0),
        p_is_replay, t.occurred_at, t.recorded_at,
        CASE WHEN t.kind = 'earn' THEN (SELECT l.expires_at FROM ledger_lot l WHERE l.transaction_id = t.id LIMIT 1) END,
        r.public_id, t.trace::text, t.context::text
    FROM ledger_transaction t
    JOIN ledger_account a ON a.id = t.account_id
    LEFT JOIN ledger_entry e ON e.transaction_id = t.id AND e.account_id = t.account_id
    LEFT JOIN LATERAL (
        SELECT max(c.balance_after) AS balance_after, max(c.points_asked - c.points_counted) AS points_lost
        FROM ledger_cap_hit c WHERE c.transaction_id = t.id) h ON true
    LEFT JOIN ledger_transaction r ON r.id = t.reverses_id
    WHERE t.id = p_transaction
$$;

-- Answers a key that was used before: the first answer for the same request, a refusal for another one.
CREATE OR REPLACE FUNCTION ledger_replay(p_scope text, p_key text, p_request_hash bytea)
RETURNS ledger_receipt LANGUAGE plpgsql AS $$
DECLARE
    v_id bigint;
    v_hash bytea;
BEGIN
    SELECT t.id, t.request_hash INTO STRICT v_id, v_hash FROM ledger_transaction t
        WHERE t.idempotency_scope = p_scope AND t.idempotency_key = p_key;
    IF v_hash <> p_request_hash THEN
        PERFORM ledger_refuse('KL004', 'This idempotency key was used for another request.',
                              jsonb_build_object('idempotency_key', p_key));
    END IF;
    RETURN ledger_receipt_of(v_id, true);
END $$;

-- Tells why an account could not take a posting; called when its balance row did not answer.
CREATE OR REPLACE FUNCTION ledger_refuse_balance(p_account bigint, p_points bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_balance ledger_balance;
BEGIN
    SELECT b.* INTO v_balance FROM ledger_balance b WHERE b.account_id = p_account;
    IF v_balance.status <> 'ACTIVE' THEN
        PERFORM ledger_refuse('KL003', 'The account is not active.', jsonb_build_object('status', v_balance.status));
    END IF;
    PERFORM ledger_refuse('KL001', 'There are not enough points.', jsonb_build_object(
        'points_requested', p_points, 'points_available', v_balance.points_posted - v_balance.points_held));
END $$;

-- Counts an earn against several caps and gives what may be granted, 0 to p_points. The rows stay locked until the end,
-- so two earns at the limit are counted one after the other.
CREATE OR REPLACE FUNCTION ledger_count_caps(
    p_account bigint, p_refs text[], p_windows date[], p_maxima bigint[], p_points bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_granted bigint;
BEGIN
    INSERT INTO ledger_cap_usage (account_id, cap_ref, window_start, points_used, points_max)
        SELECT p_account, c.ref, c.window_start, 0, c.points_max
        FROM unnest(p_refs, p_windows, p_maxima) AS c (ref, window_start, points_max) ORDER BY c.ref, c.window_start
        ON CONFLICT DO NOTHING;
    PERFORM 1 FROM ledger_cap_usage u JOIN unnest(p_refs, p_windows) AS c (ref, window_start)
        ON u.account_id = p_account AND u.cap_ref = c.ref AND u.window_start = c.window_start
        ORDER BY u.cap_ref, u.window_start FOR UPDATE OF u;
    SELECT greatest(0, least(p_points, min(c.points_max - u.points_used))) INTO v_granted
        FROM ledger_cap_usage u JOIN unnest(p_refs, p_windows, p_maxima) AS c (ref, window_start, points_max)
        ON u.account_id = p_account AND u.cap_ref = c.ref AND u.window_start = c.window_start;
    UPDATE ledger_cap_usage u SET points_used = u.points_used + v_granted, last_counted = v_granted,
            points_max = greatest(c.points_max, u.points_used)
        FROM unnest(p_refs, p_windows, p_maxima) AS c (ref, window_start, points_max)
        WHERE u.account_id = p_account AND u.cap_ref = c.ref AND u.window_start = c.window_start;
    RETURN v_granted;
END $$;

-- Takes points from the open lots of an account, first to expire first, and writes the allocations from p_line on.
-- The caller holds the balance row, so nobody else touches these lots. Lots due at p_now are left to the expiry.
-- Gives the points that could not be found (0 when all were).
CREATE OR REPLACE FUNCTION ledger_consume_lots(
    p_transaction bigint, p_account bigint, p_points bigint, p_now timestamptz, p_line integer)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_left bigint := p_points;
    v_whole integer := 0;
    v_lots bigint[] := '{}';
    v_taken bigint[] := '{}';
    v_last record;
BEGIN
    FOR v_last IN
        SELECT o.expires_at, o.earned_at, o.lot_id, o.points_remaining FROM ledger_lot_open o
        WHERE o.account_id = p_account AND o.expires_at > p_now ORDER BY o.expires_at, o.earned_at, o.lot_id
    LOOP
        v_lots := v_lots || v_last.lot_id;
        v_taken := v_taken || least(v_last.points_remaining, v_left);
        EXIT WHEN v_last.points_remaining > v_left;
        v_whole := v_whole + 1;
        v_left := v_left - v_last.points_remaining;
        EXIT WHEN v_left = 0;
    END LOOP;
    IF cardinality(v_lots) = 0 THEN
        RETURN v_left;
    END IF;
    IF v_whole > 0 THEN
        -- The lots taken whole are the head of the key's order up to the last one seen.
        DELETE FROM ledger_lot_open o WHERE o.account_id = p_account AND o.expires_at > p_now
            AND (o.expires_at, o.earned_at, o.lot_id) <= (v_last.expires_at, v_last.earned_at, v_last.lot_id)
            AND o.lot_id = ANY (v_lots[1:v_whole]);
    END IF;
    IF v_whole < cardinality(v_lots) THEN
        UPDATE ledger_lot_open o SET points_remaining = o.points_remaining - v_left
            WHERE o.account_id = p_account AND o.expires_at = v_last.expires_at
            AND o.earned_at = v_last.earned_at AND o.lot_id = v_last.lot_id;
        v_left := 0;
    END IF;
    INSERT INTO ledger_allocation (transaction_id, line, lot_id, points_consumed)
        SELECT p_transaction, p_line + (n.position - 1)::integer, n.lot_id, n.points
        FROM unnest(v_lots, v_taken) WITH ORDINALITY AS n (lot_id, points, position);
    RETURN v_left;
END $$;
