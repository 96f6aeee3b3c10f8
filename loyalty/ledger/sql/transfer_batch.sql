-- Transfers for hundreds of lines, with the meaning of as many single transfers in the order of the lines; a refused line
-- does not stop the others. Caps and then balances are locked ascending before the first line. Lines that meet no other
-- in either of their accounts, have no caps, can be done and bring a key of their own are posted in one statement,
-- because nothing that they read depends on another line; the others are called one by one.
CREATE OR REPLACE FUNCTION ledger_transfer_batch(p_lines jsonb, p_now timestamptz)
RETURNS TABLE (line integer, refusal text, receipt ledger_receipt) LANGUAGE plpgsql SET jit = off AS $$
DECLARE
    v_plain integer[];
    v_line record;
    v_facts text;
BEGIN
    INSERT INTO ledger_cap_usage (account_id, cap_ref, window_start, units_used, units_max)
        SELECT DISTINCT CASE WHEN c.is_shared THEN 0 ELSE a.id END, c.ref COLLATE "C", c.window_start, 0, 0
        FROM jsonb_to_recordset(p_lines) AS l (account_id uuid, cap_refs text[], cap_windows date[], cap_is_shared boolean[])
        JOIN ledger_account a ON a.public_id = l.account_id,
            unnest(l.cap_refs, l.cap_windows, l.cap_is_shared) AS c (ref, window_start, is_shared)
        WHERE c.window_start IS NOT NULL
        ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING;
    PERFORM 1 FROM ledger_cap_usage u WHERE (u.account_id, u.cap_ref, u.window_start) IN (
            SELECT CASE WHEN c.is_shared THEN 0 ELSE a.id END, c.ref, c.window_start
            FROM jsonb_to_recordset(p_lines) AS l (account_id uuid, cap_refs text[], cap_windows date[], cap_is_shared boolean[])
            JOIN ledger_account a ON a.public_id = l.account_id,
                unnest(l.cap_refs, l.cap_windows, l.cap_is_shared) AS c (ref, window_start, is_shared))
        ORDER BY u.account_id, u.cap_ref, u.window_start FOR UPDATE;
    PERFORM 1 FROM ledger_balance b WHERE b.account_id IN (
            SELECT a.id FROM jsonb_to_recordset(p_lines) AS l (account_id uuid, to_account_id uuid)
            JOIN ledger_account a ON a.public_id IN (l.account_id, l.to_account_id))
        ORDER BY b.account_id FOR UPDATE;
    v_plain := ledger_plain_transfers(p_lines, p_now);
    BEGIN
        RETURN QUERY SELECT d.line, NULL::text, d.receipt FROM ledger_transfer_lines(p_lines, v_plain, p_now) d;
    EXCEPTION WHEN unique_violation THEN
        RAISE EXCEPTION 'a key of the batch was used meanwhile' USING ERRCODE = 'serialization_failure';
    END;
    FOR v_line IN
        SELECT l.* FROM jsonb_to_recordset(p_lines) AS l (line integer, transaction_id uuid, account_id uuid,
            to_account_id uuid, points_amount bigint, fee_points bigint, idempotency_scope text, idempotency_key text,
            request_hash bytea, occurred_at timestamptz, cap_refs text[], cap_windows date[], cap_units_max bigint[],
            cap_units_per_point bigint[], cap_is_shared boolean[], actor_ref text, customer_ref uuid,
            program_version_ref text, reason text, trace jsonb, context jsonb, correlation_id uuid, causation_id uuid)
        WHERE NOT l.line = ANY (v_plain) ORDER BY l.line
    LOOP
        line := v_line.line;
        refusal := NULL;
        receipt := NULL;
        BEGIN
            receipt := ledger_transfer(v_line.transaction_id, v_line.account_id, v_line.to_account_id, v_line.points_amount,
                v_line.fee_points, v_line.idempotency_scope, v_line.idempotency_key, v_line.request_hash,
                v_line.occurred_at, v_line.cap_refs, v_line.cap_windows, v_line.cap_units_max, v_line.cap_units_per_point,
                v_line.cap_is_shared, v_line.actor_ref, v_line.customer_ref, v_line.program_version_ref, v_line.reason,
                v_line.trace, v_line.context, v_line.correlation_id, v_line.causation_id, p_now);
        EXCEPTION WHEN OTHERS THEN
            IF SQLSTATE NOT LIKE 'KL%' THEN
                RAISE;
            END IF;
            GET STACKED DIAGNOSTICS v_facts = PG_EXCEPTION_DETAIL;
            refusal := ledger_refusal(SQLSTATE, SQLERRM, v_facts::jsonb);
        END;
        RETURN NEXT;
    END LOOP;
END $$;

-- Which lines move points between two accounts that no other line names, without caps and under a new key, and may:
-- balances are locked. One whose taker is in debt is not plain, because its lots are spent as they come.
CREATE OR REPLACE FUNCTION ledger_plain_transfers(p_lines jsonb, p_now timestamptz) RETURNS integer[] LANGUAGE sql STABLE AS $$
    WITH lines AS MATERIALIZED (
        SELECT l.*, count(*) OVER (PARTITION BY l.idempotency_scope, l.idempotency_key) AS of_key
        FROM jsonb_to_recordset(p_lines) AS l (line integer, account_id uuid, to_account_id uuid, points_amount bigint,
            fee_points bigint, idempotency_scope text, idempotency_key text, cap_refs text[])),
    met AS (
        SELECT n.account_id FROM (SELECT account_id FROM lines UNION ALL SELECT to_account_id FROM lines) n
        GROUP BY n.account_id HAVING count(*) > 1)
    SELECT coalesce(array_agg(l.line), '{}')
    FROM lines l
    JOIN ledger_account a ON a.public_id = l.account_id AND a.kind IN ('member', 'pool')
    JOIN ledger_account t ON t.public_id = l.to_account_id AND t.kind IN ('member', 'pool')
        AND t.program_ref = a.program_ref AND t.wallet = a.wallet
    JOIN ledger_balance b ON b.account_id = a.id AND b.status = 'ACTIVE'
        AND b.points_posted - b.points_held >= l.points_amount + l.fee_points
    JOIN ledger_balance c ON c.account_id = t.id AND c.status = 'ACTIVE' AND c.points_debt = 0
    WHERE l.of_key = 1 AND coalesce(cardinality(l.cap_refs), 0) = 0
        AND l.points_amount BETWEEN 1 AND 1000000000000 AND l.fee_points BETWEEN 0 AND 1000000000000
        AND NOT EXISTS (SELECT FROM met m WHERE m.account_id IN (l.account_id, l.to_account_id))
        AND NOT EXISTS (SELECT FROM ledger_transaction x WHERE x.idempotency_scope = l.idempotency_scope
                        AND x.idempotency_key = l.idempotency_key)
        AND l.points_amount + l.fee_points <= (
            SELECT sum(o.points_remaining - o.points_held) FROM ledger_lot_open o
            WHERE o.account_id = a.id AND o.spendable_until > p_now)
$$;

-- Transfers for the plain lines, all in one statement: what is taken from the sender's lots in their order becomes lots
-- of the taker with the same dates, but for the fee, which is what was taken last.
CREATE OR REPLACE FUNCTION ledger_transfer_lines(p_lines jsonb, p_plain integer[], p_now timestamptz)
RETURNS TABLE (line integer, receipt ledger_receipt) LANGUAGE sql AS $$
    WITH asked AS MATERIALIZED (
        -- Numbered in the order of the lines: lots of one date are spent in the order of their numbers.
        SELECT o.*, ledger_next_id() AS header_id FROM (
            SELECT l.*, a.id AS sender, a.owner_ref, a.program_ref, a.wallet, a.kind, a.adjustment_id, t.id AS taker,
                t.kind AS to_kind, t.owner_ref AS to_owner_ref
            FROM jsonb_to_recordset(p_lines) AS l (line integer, transaction_id uuid, account_id uuid, to_account_id uuid,
                points_amount bigint, fee_points bigint, idempotency_scope text, idempotency_key text, request_hash bytea,
                occurred_at timestamptz, actor_ref text, customer_ref uuid, program_version_ref text, reason text,
                trace jsonb, context jsonb, correlation_id uuid, causation_id uuid)
            JOIN ledger_account a ON a.public_id = l.account_id JOIN ledger_account t ON t.public_id = l.to_account_id
            WHERE l.line = ANY (p_plain) ORDER BY l.line) o),
    headers AS (
        INSERT INTO ledger_transaction (id, public_id, kind, idempotency_scope, idempotency_key, request_hash, account_id,
                program_ref, customer_ref, occurred_at, recorded_at, actor_ref, program_version_ref, reason, trace, context)
            OVERRIDING SYSTEM VALUE
            SELECT q.header_id, q.transaction_id, 'transfer', q.idempotency_scope, q.idempotency_key, q.request_hash, q.sender,
                q.program_ref, nullif(q.customer_ref, q.owner_ref), q.occurred_at, p_now, q.actor_ref, q.program_version_ref,
                q.reason, q.trace, q.context
            FROM asked q ORDER BY q.idempotency_scope COLLATE "C", q.idempotency_key COLLATE "C"),
    -- Each account is named by one line, so the two sides are rows of one update.
    moved AS (
        UPDATE ledger_balance b SET points_posted = b.points_posted + s.points, last_sequence = b.last_sequence + 1,
                last_recorded_at = greatest(b.last_recorded_at, p_now)
            FROM (SELECT q.header_id, 1 AS side, q.sender AS account_id, -q.points_amount - q.fee_points AS points FROM asked q
                  UNION ALL SELECT q.header_id, 2, q.taker, q.points_amount FROM asked q) s
            WHERE b.account_id = s.account_id
            RETURNING s.header_id, s.side, b.account_id, s.points, b.points_posted, b.points_pending, b.points_held,
                b.points_debt, b.last_sequence, b.last_recorded_at),
    done AS MATERIALIZED (
        SELECT q.*, s.points_posted, s.points_pending, s.points_held, s.points_debt, s.last_sequence,
            t.points_posted AS to_points_posted, t.last_sequence AS to_sequence
        FROM asked q JOIN moved s ON s.header_id = q.header_id AND s.side = 1
        JOIN moved t ON t.header_id = q.header_id AND t.side = 2),
    free AS (
        SELECT q.header_id, q.taker, q.points_amount AS kept, q.points_amount + q.fee_points AS wanted, o.account_id,
            o.spendable_until, o.earned_at, o.lot_id, o.expires_at, o.points_remaining,
            o.points_remaining - o.points_held AS points, row_number() OVER w AS place,
            sum(o.points_remaining - o.points_held) OVER w - (o.points_remaining - o.points_held) AS points_before
        FROM asked q JOIN ledger_lot_open o ON o.account_id = q.sender
        WHERE o.spendable_until > p_now AND o.points_remaining > o.points_held
        WINDOW w AS (PARTITION BY q.header_id ORDER BY o.spendable_until, o.earned_at, o.lot_id)),
    taken AS MATERIALIZED (
        SELECT f.*, least(f.points, f.wanted - f.points_before)::bigint AS take FROM free f WHERE f.points_before < f.wanted),
    gone AS (
        DELETE FROM ledger_lot_open o USING taken t WHERE t.take = t.points_remaining AND o.account_id = t.account_id
            AND o.spendable_until = t.spendable_until AND o.earned_at = t.earned_at AND o.lot_id = t.lot_id),
    cut AS (
        UPDATE ledger_lot_open o SET points_remaining = o.points_remaining - t.take FROM taken t
            WHERE t.take < t.points_remaining AND o.account_id = t.account_id
            AND o.spendable_until = t.spendable_until AND o.earned_at = t.earned_at AND o.lot_id = t.lot_id),
    allocations AS (
        INSERT INTO ledger_allocation (transaction_id, line, lot_id, points_consumed)
            SELECT t.header_id, t.place, t.lot_id, t.take FROM taken t),
    copied AS MATERIALIZED (
        SELECT CASE t.place WHEN 1 THEN t.header_id ELSE ledger_next_id() END AS id, t.header_id, t.taker, t.earned_at,
            l.expires_at, l.spendable_until, least(t.take, t.kept - t.points_before)::bigint AS points, t.lot_id AS source
        FROM taken t JOIN ledger_lot l ON l.id = t.lot_id WHERE t.points_before < t.kept ORDER BY t.header_id, t.place),
    made AS (
        INSERT INTO ledger_lot_apart (id, transaction_id, account_id, earned_at, expires_at, spendable_until, points_original,
                source_lot_id)
            SELECT c.id, c.header_id, c.taker, c.earned_at, c.expires_at, c.spendable_until, c.points, c.source FROM copied c),
    opened AS (
        INSERT INTO ledger_lot_open (account_id, spendable_until, earned_at, lot_id, expires_at, points_original,
                points_remaining)
            SELECT c.taker, coalesce(c.spendable_until, 'infinity'), c.earned_at, c.id, c.expires_at, c.points, c.points
            FROM copied c),
    entries AS (
        INSERT INTO ledger_entry (transaction_id, line, account_id, kind, points_change, account_sequence, balance_after,
                recorded_at, counter_id)
            SELECT m.header_id, m.side, m.account_id, 'transfer', m.points, m.last_sequence, m.points_posted,
                m.last_recorded_at, q.adjustment_id
            FROM moved m JOIN asked q USING (header_id)),
    answers AS (
        INSERT INTO ledger_answer
            SELECT d.header_id, d.points_amount, d.points_posted, d.points_pending, d.points_held, d.points_debt, 0, 0
            FROM done d WHERE d.fee_points > 0 OR d.points_pending <> 0 OR d.points_held <> 0 OR d.points_debt <> 0),
    told AS (
        INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, correlation_id, causation_id,
                data)
            SELECT d.transaction_id, 'points.transferred', d.owner_ref::text, 'transaction', d.transaction_id::text,
                d.occurred_at, d.correlation_id, d.causation_id, to_jsonb(fact)
            FROM done d, LATERAL (
                SELECT d.transaction_id, d.account_id, d.kind AS account_kind,
                    coalesce(d.customer_ref, d.owner_ref) AS customer_id, d.owner_ref, d.program_ref AS program_id, d.wallet,
                    d.points_posted AS points_balance, d.last_sequence AS account_sequence,
                    d.to_sequence AS to_account_sequence, d.to_account_id, d.to_kind AS to_account_kind, d.to_owner_ref,
                    d.to_points_posted AS to_points_balance, d.reason, d.context, d.points_amount, d.fee_points,
                    '' AS reason_code) fact
            ORDER BY d.line)
    SELECT d.line, (d.transaction_id, d.account_id, d.owner_ref, d.program_ref, d.wallet,
        coalesce(d.customer_ref, d.owner_ref), 'transfer', d.points_amount, d.points_posted, d.points_pending, d.points_held,
        d.points_debt, 0, 0, false, false, d.occurred_at, p_now, NULL::timestamptz, NULL::uuid, NULL::uuid, NULL::uuid,
        d.to_account_id, d.to_points_posted, NULL::text, d.trace::text, d.context::text)::ledger_receipt
    FROM done d
$$;
