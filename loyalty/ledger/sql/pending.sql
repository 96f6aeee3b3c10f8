-- Points earned that are not spendable yet: made by an earn, then confirmed (a new earn), cancelled, or activated when due.

-- Puts an earn aside whose header and caps are written. Gives its answer.
CREATE OR REPLACE FUNCTION ledger_earn_pending(
    p_id bigint, p_account ledger_account, p_points bigint, p_granted bigint, p_spendable_until timestamptz,
    p_activates_at timestamptz, p_expires_at timestamptz, p_correlation uuid, p_causation uuid, p_now timestamptz)
RETURNS ledger_receipt LANGUAGE plpgsql AS $$
DECLARE
    v_header ledger_transaction;
    v_balance ledger_balance;
BEGIN
    UPDATE ledger_balance b SET points_pending = b.points_pending + p_granted
        WHERE b.account_id = p_account.id AND b.status = 'ACTIVE' RETURNING b.* INTO v_balance;
    IF NOT FOUND THEN
        PERFORM ledger_refuse_balance(p_account.id, p_points, p_now);
    END IF;
    SELECT t.* INTO v_header FROM ledger_transaction t WHERE t.id = p_id;
    IF p_granted > 0 THEN
        INSERT INTO ledger_pending (transaction_id, account_id, points_original, points_amount, earned_at, activates_at,
                expires_at, spendable_until)
            VALUES (p_id, p_account.id, p_granted, p_granted, v_header.occurred_at, p_activates_at, p_expires_at,
                p_spendable_until);
    END IF;
    INSERT INTO ledger_answer VALUES (p_id, p_granted, v_balance.points_posted, v_balance.points_pending,
        v_balance.points_held, v_balance.points_debt, p_points - p_granted, 0);
    INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, correlation_id, causation_id, data)
        VALUES (v_header.public_id, CASE WHEN p_granted > 0 THEN 'points.pending' ELSE 'points.capped' END,
            p_account.owner_ref::text, 'transaction', v_header.public_id::text, v_header.occurred_at, p_correlation,
            p_causation, ledger_earned_fact(v_header, p_account, p_granted, v_balance.points_posted, p_points - p_granted,
                v_balance.lifetime_points_earned, CASE WHEN p_granted > 0 THEN p_expires_at END, NULL, NULL)
                || CASE WHEN p_granted > 0 THEN jsonb_build_object('activates_at', p_activates_at) ELSE '{}' END);
    RETURN ledger_receipt_of(p_id, false);
END $$;

-- The data of a fact about points earned, of a posting that is none of the hot ones (those build theirs in place).
CREATE OR REPLACE FUNCTION ledger_earned_fact(
    p_header ledger_transaction, p_account ledger_account, p_points bigint, p_balance bigint, p_lost bigint,
    p_earned bigint, p_expires_at timestamptz, p_confirms uuid, p_sequence bigint)
RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('transaction_id', p_header.public_id, 'account_id', p_account.public_id,
        'account_kind', p_account.kind, 'wallet', p_account.wallet, 'owner_ref', p_account.owner_ref,
        'customer_id', coalesce(p_header.customer_ref, p_account.owner_ref), 'program_id', p_account.program_ref,
        'points_amount', p_points, 'points_balance', p_balance, 'account_sequence', p_sequence, 'occurred_at', p_header.occurred_at,
        'recorded_at', p_header.recorded_at, 'points_lost_to_caps', p_lost, 'lifetime_points_earned', p_earned,
        'expires_at', p_expires_at, 'confirms', p_confirms, 'context', p_header.context)
$$;

-- Posts a pending earn now, as a new earn that names it. Dates given replace those it was made with.
-- Refuses with KL003, KL004, KL006 and KL017.
CREATE OR REPLACE FUNCTION ledger_confirm(
    p_transaction uuid, p_confirms uuid, p_scope text, p_key text, p_request_hash bytea, p_occurred_at timestamptz,
    p_expires_at timestamptz, p_spendable_until timestamptz, p_actor_ref text, p_reason text, p_trace jsonb, p_context jsonb,
    p_correlation uuid, p_causation uuid, p_now timestamptz)
RETURNS ledger_receipt LANGUAGE plpgsql AS $$
DECLARE
    v_first ledger_transaction;
    v_account bigint;
    v_id bigint;
    v_balance ledger_balance;
    v_pending ledger_pending;
BEGIN
    SELECT t.* INTO v_first FROM ledger_transaction t WHERE t.public_id = p_confirms;
    IF NOT FOUND THEN
        PERFORM ledger_refuse('KL006', 'There is no such transaction.', jsonb_build_object('transaction_id', p_confirms));
    END IF;
    -- The account may have been merged into another since.
    v_account := ledger_standing_account(v_first.account_id);
    INSERT INTO ledger_transaction (public_id, kind, idempotency_scope, idempotency_key, request_hash, account_id, program_ref,
            customer_ref, confirms_id, occurred_at, recorded_at, actor_ref, program_version_ref, reason, trace, context)
        VALUES (p_transaction, 'earn', p_scope, p_key, p_request_hash, v_account, v_first.program_ref,
            v_first.customer_ref, v_first.id, p_occurred_at, p_now, p_actor_ref, v_first.program_version_ref, p_reason, p_trace,
            coalesce(p_context, v_first.context))
        ON CONFLICT (idempotency_scope, idempotency_key) DO NOTHING RETURNING id INTO v_id;
    IF NOT FOUND THEN
        RETURN ledger_replay(p_scope, p_key, p_request_hash);
    END IF;
    SELECT b.* INTO v_balance FROM ledger_balance b WHERE b.account_id = v_account FOR UPDATE;
    IF v_balance.status <> 'ACTIVE' THEN
        PERFORM ledger_refuse('KL003', 'The account is not active.', jsonb_build_object('status', v_balance.status));
    END IF;
    SELECT p.* INTO v_pending FROM ledger_pending p WHERE p.transaction_id = v_first.id;
    IF v_pending.state IS DISTINCT FROM 'PENDING' THEN
        PERFORM ledger_refuse('KL017', 'The transaction is not a pending earn.', jsonb_build_object(
            'transaction_id', p_confirms, 'state', v_pending.state));
    END IF;
    PERFORM ledger_post_pending(ARRAY[v_id], ARRAY[v_first.id],
        p_expires_at, CASE WHEN p_expires_at IS NULL THEN NULL ELSE coalesce(p_spendable_until, p_expires_at) END,
        p_correlation, p_causation, p_now);
    RETURN ledger_receipt_of(v_id, false);
END $$;

-- Posts pending earns whose new headers are written and whose balances are locked: balances, lots, entries, debt, answers
-- and events, in the order of the arrays. Dates given, if any, replace those of every one.
CREATE OR REPLACE FUNCTION ledger_post_pending(
    p_headers bigint[], p_pending bigint[], p_expires_at timestamptz, p_spendable_until timestamptz,
    p_correlation uuid, p_causation uuid, p_now timestamptz)
RETURNS void LANGUAGE plpgsql SET jit = off AS $$
DECLARE
    v_debtor record;
BEGIN
    WITH done AS (
        UPDATE ledger_pending p SET state = 'CONFIRMED', ended_by = n.header_id
            FROM unnest(p_headers, p_pending) WITH ORDINALITY AS n (header_id, pending_id, position)
            WHERE p.transaction_id = n.pending_id
            RETURNING n.position, n.header_id, p.transaction_id AS pending_id, p.account_id, p.points_amount, p.earned_at,
                coalesce(p_expires_at, p.expires_at) AS expires_at,
                CASE WHEN p_expires_at IS NULL THEN p.spendable_until ELSE p_spendable_until END AS spendable_until),
    numbered AS (
        SELECT d.*, sum(d.points_amount) OVER w AS points_so_far, row_number() OVER w AS number
        FROM done d WINDOW w AS (PARTITION BY d.account_id ORDER BY d.position)),
    moved AS (
        UPDATE ledger_balance b SET points_posted = b.points_posted + s.points, points_pending = b.points_pending - s.points,
                lifetime_points_earned = b.lifetime_points_earned + s.points, last_sequence = b.last_sequence + s.number,
                last_recorded_at = greatest(b.last_recorded_at, p_now)
            FROM (SELECT n.account_id, max(n.points_so_far)::bigint AS points, max(n.number) AS number
                  FROM numbered n GROUP BY n.account_id) s
            WHERE b.account_id = s.account_id
            RETURNING b.*, s.points, s.number),
    line AS MATERIALIZED (
        SELECT n.*, t.public_id, t.confirms_id, a.issuance_id, (m.points_posted - m.points + n.points_so_far)::bigint AS balance,
            (m.points_pending + m.points - n.points_so_far)::bigint AS pending,
            (m.lifetime_points_earned - m.points + n.points_so_far)::bigint AS earned,
            m.last_sequence - m.number + n.number AS sequence, m.points_held, m.points_debt, m.last_recorded_at
        FROM numbered n JOIN moved m ON m.account_id = n.account_id JOIN ledger_account a ON a.id = n.account_id
        JOIN ledger_transaction t ON t.id = n.header_id),
    lot AS (
        INSERT INTO ledger_lot_apart (id, transaction_id, account_id, earned_at, expires_at, spendable_until, points_original)
            SELECT l.header_id, l.header_id, l.account_id, l.earned_at, l.expires_at, l.spendable_until, l.points_amount
            FROM line l),
    lot_open AS (
        INSERT INTO ledger_lot_open (account_id, spendable_until, earned_at, lot_id, expires_at, points_original,
                points_remaining)
            SELECT l.account_id, coalesce(l.spendable_until, 'infinity'), l.earned_at, l.header_id, l.expires_at,
                l.points_amount, l.points_amount
            FROM line l),
    entry AS (
        INSERT INTO ledger_entry
            SELECT l.header_id, 1, l.account_id, 'earn'::ledger_transaction_kind, l.points_amount, l.sequence, l.balance,
                l.last_recorded_at, l.issuance_id FROM line l),
    answer AS (
        INSERT INTO ledger_answer
            SELECT l.header_id, l.points_amount, l.balance, l.pending, l.points_held, 0, 0, 0 FROM line l
            WHERE l.points_debt = 0 AND (l.pending <> 0 OR l.points_held <> 0))
    INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, correlation_id, causation_id, data)
        SELECT l.public_id, 'points.earned', a.owner_ref::text, 'transaction', l.public_id::text, t.occurred_at,
            p_correlation, p_causation,
            ledger_earned_fact(t, a, l.points_amount, l.balance, 0, l.earned, l.expires_at, c.public_id, l.sequence)
        FROM line l JOIN ledger_transaction t ON t.id = l.header_id JOIN ledger_account a ON a.id = l.account_id
        JOIN ledger_transaction c ON c.id = l.confirms_id ORDER BY l.position;
    -- Debt is settled one by one, in order: it is rare, and each answer tells what was left of it.
    FOR v_debtor IN
        SELECT n.header_id, e.account_id, e.points_change, e.balance_after, b.points_pending, b.points_held
        FROM unnest(p_headers) WITH ORDINALITY AS n (header_id, position)
        JOIN ledger_entry e ON e.transaction_id = n.header_id AND e.line = 1
        JOIN ledger_balance b ON b.account_id = e.account_id AND b.points_debt > 0 ORDER BY n.position
    LOOP
        PERFORM ledger_settle_debt(v_debtor.header_id, v_debtor.account_id);
        INSERT INTO ledger_answer
            SELECT v_debtor.header_id, v_debtor.points_change, v_debtor.balance_after, v_debtor.points_pending,
                v_debtor.points_held, b.points_debt, 0, 0
            FROM ledger_balance b WHERE b.account_id = v_debtor.account_id;
    END LOOP;
END $$;

-- Cancels a pending earn, wholly (p_points null: all that is left of it) or in part, and frees its room under caps: the
-- reversal of one that is still pending. Refuses with KL003 to KL008 and KL017.
CREATE OR REPLACE FUNCTION ledger_cancel(
    p_transaction uuid, p_cancels uuid, p_points bigint, p_scope text, p_key text, p_request_hash bytea,
    p_occurred_at timestamptz, p_actor_ref text, p_reason text, p_trace jsonb, p_context jsonb,
    p_correlation uuid, p_causation uuid, p_now timestamptz)
RETURNS ledger_receipt LANGUAGE plpgsql AS $$
DECLARE
    v_state ledger_pending_state;
BEGIN
    SELECT p.state INTO v_state FROM ledger_transaction t LEFT JOIN ledger_pending p ON p.transaction_id = t.id
        WHERE t.public_id = p_cancels;
    IF FOUND AND v_state IS DISTINCT FROM 'PENDING' AND NOT EXISTS (
            SELECT 1 FROM ledger_transaction t WHERE t.idempotency_scope = p_scope AND t.idempotency_key = p_key) THEN
        PERFORM ledger_refuse('KL017', 'The transaction is not a pending earn.', jsonb_build_object(
            'transaction_id', p_cancels, 'state', v_state));
    END IF;
    RETURN ledger_reverse(p_transaction, p_cancels, p_points, 'only_pending', NULL, NULL, p_scope, p_key, p_request_hash,
        p_occurred_at, p_actor_ref, p_reason, p_trace, p_context, p_correlation, p_causation, p_now);
END $$;

-- Activates one chunk: up to p_limit pending earns whose day has come, the longest due first. Accounts that someone is
-- posting to are left to the next chunk, and those that are not active until they are. earns_activated = 0 means that
-- nothing (free) is due.
CREATE OR REPLACE FUNCTION ledger_activate_due(p_now timestamptz, p_limit integer)
RETURNS TABLE (earns_activated bigint, points_activated bigint, accounts_touched bigint) LANGUAGE plpgsql SET jit = off AS $$
DECLARE
    v_accounts bigint[];
    v_pending bigint[];
    v_headers bigint[];
BEGIN
    SELECT array_agg(x.account_id) INTO v_accounts
        FROM (SELECT b.account_id FROM ledger_balance b
              WHERE b.account_id IN (
                  SELECT d.account_id FROM (
                      SELECT p.account_id FROM ledger_pending p JOIN ledger_balance c ON c.account_id = p.account_id
                      WHERE p.state = 'PENDING' AND p.activates_at <= p_now AND c.status = 'ACTIVE'
                      ORDER BY p.activates_at LIMIT p_limit) d) AND b.status = 'ACTIVE'
              ORDER BY b.account_id FOR UPDATE SKIP LOCKED) x;
    SELECT array_agg(d.transaction_id ORDER BY d.activates_at, d.transaction_id), coalesce(sum(d.points_amount), 0),
            count(DISTINCT d.account_id)
        INTO v_pending, points_activated, accounts_touched
        FROM (SELECT p.* FROM ledger_pending p
              WHERE p.account_id = ANY (v_accounts) AND p.state = 'PENDING' AND p.activates_at <= p_now
              ORDER BY p.activates_at LIMIT p_limit) d;
    earns_activated := coalesce(cardinality(v_pending), 0);
    IF earns_activated > 0 THEN
        WITH made AS (
            INSERT INTO ledger_transaction (public_id, kind, idempotency_scope, idempotency_key, request_hash, account_id,
                    program_ref, customer_ref, confirms_id, occurred_at, recorded_at, actor_ref, program_version_ref, context)
                SELECT ledger_new_public_id(p_now), 'earn', 'ledger.activate', t.public_id::text,
                    sha256(uuid_send(t.public_id)), p.account_id, t.program_ref, t.customer_ref, t.id, p_now, p_now,
                    'ledger.activate', t.program_version_ref, t.context
                FROM unnest(v_pending) WITH ORDINALITY AS n (id, position) JOIN ledger_transaction t ON t.id = n.id
                JOIN ledger_pending p ON p.transaction_id = t.id
                ORDER BY n.position
                RETURNING id, confirms_id)
        SELECT array_agg(m.id ORDER BY n.position) INTO v_headers
            FROM unnest(v_pending) WITH ORDINALITY AS n (id, position) JOIN made m ON m.confirms_id = n.id;
        PERFORM ledger_post_pending(v_headers, v_pending, NULL, NULL, NULL, NULL, p_now);
    END IF;
    RETURN NEXT;
END $$;
