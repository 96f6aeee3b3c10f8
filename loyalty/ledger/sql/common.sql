-- What the verbs share: identifiers, refusals, the answer of a transaction, taking from lots, and debt.

-- A time-ordered identifier (RFC 9562, version 7) of an instant, on every PostgreSQL from 15: 48 bits of its milliseconds,
-- then 30 bits of a running number, so that ids of one instant sort as they were made, then 32 bits of chance: an id is no
-- secret, and strong chance costs more than all the rest. One expression without FROM, so that the planner puts it in
-- place: called, it costs ten times as much.
CREATE OR REPLACE FUNCTION ledger_new_public_id(p_at timestamptz) RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT encode(
        substring(int8send((extract(epoch FROM p_at) * 1000)::bigint) FROM 3 FOR 6) || '\x7000'::bytea
        || int8send('-9223372036854775808'::bigint | ((nextval('ledger_transaction_id_seq') & 1073741823) << 32)
                    | floor(random() * 4294967296)::bigint),
        'hex')::uuid
$$;

-- The sum of points as a bigint: exact like sum(), which counts in numeric and costs more; a sum beyond bigint is an error.
CREATE OR REPLACE AGGREGATE ledger_sum (bigint) (SFUNC = int8pl, STYPE = bigint, COMBINEFUNC = int8pl, PARALLEL = SAFE);

-- Raises a refusal: the code is an SQLSTATE of class KL, the facts travel as JSON in the detail.
CREATE OR REPLACE FUNCTION ledger_refuse(p_code text, p_sentence text, p_facts jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = p_code, MESSAGE = p_sentence, DETAIL = p_facts::text;
END $$;

-- The refusal of a line of a batch: the code, and what a single call would raise with it, as JSON right behind.
CREATE OR REPLACE FUNCTION ledger_refusal(p_code text, p_sentence text, p_facts jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT p_code || jsonb_build_object('sentence', p_sentence, 'facts', p_facts)::text
$$;

-- The refusal of a line whose key was used for another request.
CREATE OR REPLACE FUNCTION ledger_refuse_key(p_key text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT ledger_refusal('KL004', 'This idempotency key was used for another request.',
                          jsonb_build_object('idempotency_key', p_key))
$$;

-- The next number of the sequence that transactions and lots share.
CREATE OR REPLACE FUNCTION ledger_next_id() RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT nextval('ledger_transaction_id_seq')
$$;

-- The lots that a transaction made; one of its own number is found by the key, the others by their index.
CREATE OR REPLACE FUNCTION ledger_lots_of(p_transaction bigint) RETURNS SETOF ledger_lot LANGUAGE sql STABLE AS $$
    SELECT l.* FROM ledger_lot l WHERE l.id = p_transaction
    UNION ALL
    SELECT l.id, l.transaction_id, l.account_id, l.earned_at, l.expires_at, l.spendable_until, l.points_original,
        l.source_lot_id
    FROM ledger_lot_apart l WHERE l.transaction_id = p_transaction AND l.id <> l.transaction_id
$$;

-- What a transaction asked of its caps and was granted, as JSON rows in one fixed order.
CREATE OR REPLACE FUNCTION ledger_cap_hits_of(p_transaction bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT json_agg(json_build_array(h.cap_ref, h.window_start, h.points_asked, h.points_counted)
                    ORDER BY h.cap_ref, h.window_start)::text
    FROM ledger_cap_count h WHERE h.transaction_id = p_transaction
$$;

-- Rebuilds the answer of a transaction from what it wrote, to the letter of its first answer.
CREATE OR REPLACE FUNCTION ledger_receipt_of(p_transaction bigint, p_is_replay boolean)
RETURNS ledger_receipt LANGUAGE sql STABLE AS $$
    SELECT t.public_id, a.public_id, a.owner_ref, t.program_ref, a.wallet, coalesce(t.customer_ref, a.owner_ref),
        t.kind::text,
        coalesce(w.points_amount, abs(e.points_change), 0), coalesce(w.points_balance, e.balance_after),
        coalesce(w.points_pending, 0), coalesce(w.points_held, 0), coalesce(w.points_debt, 0),
        coalesce(w.points_lost_to_caps, 0), coalesce(w.points_unrecovered, 0),
        t.is_pending, p_is_replay, t.occurred_at, t.recorded_at,
        CASE WHEN t.is_pending THEN p.expires_at
            WHEN t.kind IN ('earn', 'adjust') THEN (SELECT l.expires_at FROM ledger_lot l WHERE l.id = t.id) END,
        r.public_id, c.public_id, h.public_id, o.account_id, o.balance_after,
        CASE WHEN t.kind <> 'reverse' THEN ledger_cap_hits_of(t.id) END,
        t.trace::text, t.context::text
    FROM ledger_transaction t
    JOIN ledger_account a ON a.id = t.account_id
    LEFT JOIN ledger_entry e ON e.transaction_id = t.id AND e.line = 1
    LEFT JOIN ledger_answer w ON w.transaction_id = t.id
    LEFT JOIN ledger_pending p ON p.transaction_id = t.id
    LEFT JOIN ledger_transaction r ON r.id = t.reverses_id
    LEFT JOIN ledger_transaction c ON c.id = t.confirms_id
    LEFT JOIN ledger_hold h ON h.id = t.hold_id
    LEFT JOIN LATERAL (
        SELECT b.public_id AS account_id, x.balance_after FROM ledger_entry x JOIN ledger_account b ON b.id = x.account_id
        WHERE x.transaction_id = t.id AND x.account_id <> t.account_id) o ON true
    WHERE t.id = p_transaction
$$;

-- Keeps of an answer what its entries cannot tell; call it last, when balance and entries are written. Nothing is written
-- when the entry of the account tells all.
CREATE OR REPLACE FUNCTION ledger_keep_answer(
    p_transaction bigint, p_account bigint, p_points bigint, p_lost bigint DEFAULT 0, p_unrecovered bigint DEFAULT 0)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO ledger_answer
        SELECT p_transaction, p_points, b.points_posted, b.points_pending, b.points_held, b.points_debt, p_lost, p_unrecovered
        FROM ledger_balance b WHERE b.account_id = p_account
        AND (b.points_pending <> 0 OR b.points_held <> 0 OR b.points_debt <> 0 OR p_lost <> 0 OR p_unrecovered <> 0
             OR NOT EXISTS (SELECT 1 FROM ledger_entry e WHERE e.transaction_id = p_transaction AND e.line = 1
                            AND abs(e.points_change) = p_points))
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

-- Tells why an account could not take a posting; called when its balance row did not answer. What is available is what a
-- burn could take at p_now, as everywhere.
DROP FUNCTION IF EXISTS ledger_refuse_balance(bigint, bigint);
CREATE OR REPLACE FUNCTION ledger_refuse_balance(p_account bigint, p_points bigint, p_now timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_balance ledger_balance;
    v_spendable bigint;
BEGIN
    SELECT b.* INTO v_balance FROM ledger_balance b WHERE b.account_id = p_account;
    IF v_balance.status <> 'ACTIVE' THEN
        PERFORM ledger_refuse('KL003', 'The account is not active.', jsonb_build_object('status', v_balance.status));
    END IF;
    SELECT coalesce(sum(o.points_remaining - o.points_held), 0) INTO v_spendable FROM ledger_lot_open o
        WHERE o.account_id = p_account AND o.spendable_until > p_now;
    PERFORM ledger_refuse('KL001', 'There are not enough points.', jsonb_build_object(
        'points_requested', p_points,
        'points_available', least(v_balance.points_posted - v_balance.points_held, v_spendable)));
END $$;

-- Takes points from the open lots of an account and writes the allocations from p_line on: 'fifo' first to expire first,
-- 'lifo' the reverse, 'proportional' from every lot by its share (the largest remainders round up).
-- The caller holds the balance row, so nobody else touches these lots. Lots due at p_now are left to the expiry, and what
-- a hold reserves to the hold. Gives the points that could not be found (0 when all were).
CREATE OR REPLACE FUNCTION ledger_consume_lots(
    p_transaction bigint, p_account bigint, p_points bigint, p_now timestamptz, p_line integer,
    p_consumption text DEFAULT 'fifo')
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_left bigint := p_points;
    v_lots bigint[] := '{}';
    v_taken bigint[] := '{}';
    v_whole bigint[] := '{}';
    v_take bigint;
    v_first record;
    v_lot record;
BEGIN
    IF p_consumption <> 'fifo' THEN
        RETURN ledger_consume_lots_otherwise(p_transaction, p_account, p_points, p_now, p_line, p_consumption);
    END IF;
    FOR v_lot IN
        SELECT o.spendable_until, o.earned_at, o.lot_id, o.points_remaining, o.points_held FROM ledger_lot_open o
        WHERE o.account_id = p_account AND o.spendable_until > p_now
        ORDER BY o.spendable_until, o.earned_at, o.lot_id
    LOOP
        v_take := least(v_lot.points_remaining - v_lot.points_held, v_left);
        CONTINUE WHEN v_take = 0;
        v_lots := v_lots || v_lot.lot_id;
        v_taken := v_taken || v_take;
        v_left := v_left - v_take;
        IF v_take = v_lot.points_remaining THEN
            IF cardinality(v_whole) = 0 THEN
                v_first := v_lot;
            END IF;
            v_whole := v_whole || v_lot.lot_id;
        ELSE
            UPDATE ledger_lot_open o SET points_remaining = o.points_remaining - v_take
                WHERE o.account_id = p_account AND o.spendable_until = v_lot.spendable_until
                AND o.earned_at = v_lot.earned_at AND o.lot_id = v_lot.lot_id;
        END IF;
        EXIT WHEN v_left = 0;
    END LOOP;
    IF cardinality(v_whole) > 0 THEN
        -- The lots taken whole lie in the key's order between the first of them and the last one seen.
        DELETE FROM ledger_lot_open o WHERE o.account_id = p_account
            AND (o.spendable_until, o.earned_at, o.lot_id) >= (v_first.spendable_until, v_first.earned_at, v_first.lot_id)
            AND (o.spendable_until, o.earned_at, o.lot_id) <= (v_lot.spendable_until, v_lot.earned_at, v_lot.lot_id)
            AND o.lot_id = ANY (v_whole);
    END IF;
    IF v_left < p_points THEN
        INSERT INTO ledger_allocation (transaction_id, line, lot_id, points_consumed)
            SELECT p_transaction, p_line + (n.position - 1)::integer, n.lot_id, n.points
            FROM unnest(v_lots, v_taken) WITH ORDINALITY AS n (lot_id, points, position);
    END IF;
    RETURN v_left;
END $$;

-- The rarer orders of consumption, in one statement over all spendable lots.
CREATE OR REPLACE FUNCTION ledger_consume_lots_otherwise(
    p_transaction bigint, p_account bigint, p_points bigint, p_now timestamptz, p_line integer, p_consumption text)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_found numeric;
BEGIN
    SELECT least(p_points, coalesce(sum(o.points_remaining - o.points_held), 0)) INTO v_found FROM ledger_lot_open o
        WHERE o.account_id = p_account AND o.spendable_until > p_now;
    WITH free AS MATERIALIZED (
        SELECT o.lot_id, o.spendable_until, o.earned_at, o.points_remaining - o.points_held AS points,
            row_number() OVER (ORDER BY o.spendable_until, o.earned_at, o.lot_id) AS place
        FROM ledger_lot_open o
        WHERE o.account_id = p_account AND o.spendable_until > p_now AND o.points_remaining > o.points_held),
    shared AS (
        SELECT f.*, div(v_found * f.points, sum(f.points) OVER ()) AS share,
            mod(v_found * f.points, sum(f.points) OVER ()) AS remainder,
            sum(f.points) OVER (ORDER BY f.place DESC) - f.points AS later
        FROM free f),
    taken AS (
        SELECT s.*, CASE p_consumption
            WHEN 'lifo' THEN greatest(0, least(s.points, v_found - s.later))
            -- What the shares lack goes, a point each, to the largest remainders.
            ELSE s.share + (row_number() OVER (ORDER BY s.remainder DESC, s.place)
                            <= v_found - sum(s.share) OVER ())::integer END::bigint AS take
        FROM shared s)
    INSERT INTO ledger_allocation (transaction_id, line, lot_id, points_consumed)
        SELECT p_transaction, p_line - 1 + row_number() OVER (
                ORDER BY CASE p_consumption WHEN 'lifo' THEN -t.place ELSE t.place END)::integer, t.lot_id, t.take
        FROM taken t WHERE t.take > 0;
    PERFORM ledger_take_from_lots(p_transaction, p_account, p_line);
    RETURN p_points - v_found;
END $$;

-- Takes from the open lots what the allocations of a transaction, from p_line on, say.
CREATE OR REPLACE FUNCTION ledger_take_from_lots(p_transaction bigint, p_account bigint, p_line integer)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    WITH taken AS MATERIALIZED (
        SELECT o.spendable_until, o.earned_at, o.lot_id, o.points_remaining, a.points_consumed
        FROM ledger_allocation a JOIN ledger_lot l ON l.id = a.lot_id JOIN ledger_lot_open o ON o.account_id = l.account_id
            AND o.spendable_until = coalesce(l.spendable_until, 'infinity') AND o.earned_at = l.earned_at AND o.lot_id = l.id
        WHERE a.transaction_id = p_transaction AND a.line >= p_line AND l.account_id = p_account),
    gone AS (
        DELETE FROM ledger_lot_open o USING taken t WHERE o.account_id = p_account
            AND o.spendable_until = t.spendable_until AND o.earned_at = t.earned_at AND o.lot_id = t.lot_id
            AND t.points_consumed = t.points_remaining)
    UPDATE ledger_lot_open o SET points_remaining = o.points_remaining - t.points_consumed FROM taken t
        WHERE o.account_id = p_account
        AND o.spendable_until = t.spendable_until AND o.earned_at = t.earned_at AND o.lot_id = t.lot_id
        AND t.points_consumed < t.points_remaining;
END $$;

-- Settles an account's debt with the points that a transaction brought in: its new lots, and those it restored, are
-- consumed at once. Call it when the lots are written and the balance is locked and counted. Gives the points settled.
CREATE OR REPLACE FUNCTION ledger_settle_debt(p_transaction bigint, p_account bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_debt bigint;
    v_line integer;
    v_settled bigint;
BEGIN
    SELECT b.points_debt INTO v_debt FROM ledger_balance b WHERE b.account_id = p_account;
    IF v_debt = 0 THEN
        RETURN 0;
    END IF;
    SELECT coalesce(max(a.line), 0) + 1 INTO v_line FROM ledger_allocation a WHERE a.transaction_id = p_transaction;
    WITH came AS (
        SELECT l.id AS lot_id, l.points_original AS points FROM ledger_lots_of(p_transaction) l WHERE l.account_id = p_account
        UNION ALL
        -- A transfer with a fee gives the lot at the seam back in two pieces.
        SELECT l.id, -sum(a.points_consumed)::bigint FROM ledger_allocation a JOIN ledger_lot l ON l.id = a.lot_id
        WHERE a.transaction_id = p_transaction AND a.points_consumed < 0 AND l.account_id = p_account GROUP BY l.id),
    ordered AS (
        SELECT c.lot_id, c.points, sum(c.points) OVER w - c.points AS points_before, row_number() OVER w AS place
        FROM came c JOIN ledger_lot l ON l.id = c.lot_id
        WINDOW w AS (ORDER BY coalesce(l.spendable_until, 'infinity'), l.earned_at, l.id))
    INSERT INTO ledger_allocation (transaction_id, line, lot_id, points_consumed)
        SELECT p_transaction, v_line - 1 + o.place::integer, o.lot_id, least(o.points, v_debt - o.points_before)
        FROM ordered o WHERE o.points_before < v_debt;
    SELECT coalesce(sum(a.points_consumed), 0) INTO v_settled FROM ledger_allocation a
        WHERE a.transaction_id = p_transaction AND a.line >= v_line;
    IF v_settled > 0 THEN
        PERFORM ledger_take_from_lots(p_transaction, p_account, v_line);
        INSERT INTO ledger_debt_change VALUES (p_transaction, p_account, -v_settled);
        UPDATE ledger_balance b SET points_debt = b.points_debt - v_settled WHERE b.account_id = p_account;
    END IF;
    RETURN v_settled;
END $$;
