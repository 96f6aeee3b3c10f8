-- Holds, captures and releases of hundreds of lines, with the meaning of single calls in the order of the lines; a refused
-- line stops nobody. Balances are locked ascending before the first. Lines that are alone in their accounts, can be done
-- and bring a key of their own are posted in one statement, because nothing that they read depends on another line; the
-- others are called one by one.

-- The verb of all: `act` of a line is hold, capture or release. A line answers with a receipt (of a capture) or with a
-- hold's receipt.
CREATE OR REPLACE FUNCTION ledger_hold_batch(p_lines jsonb, p_now timestamptz)
RETURNS TABLE (line integer, refusal text, receipt ledger_receipt, hold_receipt ledger_hold_receipt)
LANGUAGE plpgsql SET jit = off AS $$
DECLARE
    v_locked bigint[];
    v_plain integer[] := '{}';
    v_act text;
    v_line record;
    v_facts text;
BEGIN
    SELECT array_agg(x.account_id) INTO v_locked FROM (
        SELECT b.account_id FROM ledger_balance b WHERE b.account_id IN (
                SELECT a.id FROM jsonb_to_recordset(p_lines) AS l (account_id uuid) JOIN ledger_account a ON a.public_id = l.account_id
                UNION ALL
                SELECT h.account_id FROM jsonb_to_recordset(p_lines) AS l (hold_id uuid) JOIN ledger_hold h ON h.public_id = l.hold_id)
            ORDER BY b.account_id FOR UPDATE) x;
    SELECT CASE WHEN min(l.act) = max(l.act) THEN min(l.act) END INTO v_act FROM jsonb_to_recordset(p_lines) AS l (act text);
    BEGIN
        CASE v_act
            WHEN 'hold' THEN
                v_plain := ledger_plain_holds(p_lines, p_now);
                RETURN QUERY SELECT d.line, NULL::text, NULL::ledger_receipt, d.receipt
                    FROM ledger_hold_lines(p_lines, v_plain, p_now) d;
            WHEN 'capture' THEN
                v_plain := ledger_plain_ends(p_lines, v_locked, true, p_now);
                RETURN QUERY SELECT d.line, NULL::text, d.receipt, NULL::ledger_hold_receipt
                    FROM ledger_capture_lines(p_lines, v_plain, p_now) d;
            WHEN 'release' THEN
                v_plain := ledger_plain_ends(p_lines, v_locked, false, p_now);
                RETURN QUERY SELECT d.line, NULL::text, NULL::ledger_receipt, d.receipt
                    FROM ledger_release_lines(p_lines, v_plain, p_now) d;
            ELSE
                NULL;
        END CASE;
    EXCEPTION WHEN unique_violation THEN
        RAISE EXCEPTION 'a key of the batch was used meanwhile' USING ERRCODE = 'serialization_failure';
    END;
    FOR v_line IN
        SELECT l.* FROM jsonb_to_recordset(p_lines) AS l (line integer, act text, transaction_id uuid, account_id uuid,
            hold_id uuid, points_amount bigint, expires_at timestamptz, idempotency_scope text, idempotency_key text,
            request_hash bytea, occurred_at timestamptz, actor_ref text, customer_ref uuid, program_version_ref text,
            reason text, trace jsonb, context jsonb, correlation_id uuid, causation_id uuid)
        WHERE NOT l.line = ANY (v_plain) ORDER BY l.line
    LOOP
        line := v_line.line;
        refusal := NULL;
        receipt := NULL;
        hold_receipt := NULL;
        BEGIN
            IF v_line.act = 'hold' THEN
                hold_receipt := ledger_put_hold(v_line.transaction_id, v_line.account_id, v_line.points_amount,
                    v_line.expires_at, v_line.idempotency_scope, v_line.idempotency_key, v_line.request_hash,
                    v_line.occurred_at, v_line.actor_ref, v_line.customer_ref, v_line.reason, v_line.context,
                    v_line.correlation_id, v_line.causation_id, p_now);
            ELSIF v_line.act = 'capture' THEN
                receipt := ledger_capture(v_line.transaction_id, v_line.hold_id, v_line.points_amount,
                    v_line.idempotency_scope, v_line.idempotency_key, v_line.request_hash, v_line.occurred_at,
                    v_line.actor_ref, v_line.program_version_ref, v_line.reason, v_line.trace, v_line.context,
                    v_line.correlation_id, v_line.causation_id, p_now);
            ELSE
                hold_receipt := ledger_release(v_line.hold_id, v_line.transaction_id, v_line.idempotency_scope,
                    v_line.idempotency_key, v_line.request_hash, v_line.occurred_at, v_line.reason, v_line.correlation_id,
                    v_line.causation_id, p_now);
            END IF;
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

-- Which lines set points aside in an account of their own, under a new key, and find enough there; balances are locked.
CREATE OR REPLACE FUNCTION ledger_plain_holds(p_lines jsonb, p_now timestamptz) RETURNS integer[] LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(l.line), '{}')
    FROM (SELECT l.*, count(*) OVER (PARTITION BY l.account_id) AS in_account,
              count(*) OVER (PARTITION BY l.idempotency_scope, l.idempotency_key) AS of_key
          FROM jsonb_to_recordset(p_lines) AS l (line integer, account_id uuid, points_amount bigint, idempotency_scope text,
              idempotency_key text)) l
    JOIN ledger_account a ON a.public_id = l.account_id AND a.kind IN ('member', 'pool')
    JOIN ledger_balance b ON b.account_id = a.id AND b.status = 'ACTIVE' AND b.points_posted - b.points_held >= l.points_amount
    WHERE l.in_account = 1 AND l.of_key = 1 AND l.points_amount BETWEEN 1 AND 1000000000000
        AND NOT EXISTS (SELECT FROM ledger_hold h WHERE h.idempotency_scope = l.idempotency_scope
                        AND h.idempotency_key = l.idempotency_key)
        AND l.points_amount <= (SELECT sum(o.points_remaining - o.points_held) FROM ledger_lot_open o
                                WHERE o.account_id = a.id AND o.spendable_until > p_now)
$$;

-- Which lines end a hold of an account of their own, under a new key, and may; the balances of p_locked are locked.
CREATE OR REPLACE FUNCTION ledger_plain_ends(p_lines jsonb, p_locked bigint[], p_is_capture boolean, p_now timestamptz)
RETURNS integer[] LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(l.line), '{}')
    FROM (SELECT l.*, h.account_id, h.state, h.expires_at, h.points_amount AS points_of_hold,
              count(*) OVER (PARTITION BY h.account_id) AS in_account,
              count(*) OVER (PARTITION BY l.idempotency_scope, l.idempotency_key) AS of_key
          FROM jsonb_to_recordset(p_lines) AS l (line integer, hold_id uuid, points_amount bigint, idempotency_scope text,
              idempotency_key text)
          JOIN ledger_hold h ON h.public_id = l.hold_id) l
    JOIN ledger_balance b ON b.account_id = l.account_id
    WHERE l.in_account = 1 AND l.of_key = 1 AND l.account_id = ANY (p_locked) AND l.state = 'ACTIVE'
        AND CASE WHEN p_is_capture
            THEN l.expires_at > p_now AND b.status = 'ACTIVE'
                AND coalesce(l.points_amount, l.points_of_hold) BETWEEN 1 AND l.points_of_hold
                AND NOT EXISTS (SELECT FROM ledger_transaction t WHERE t.idempotency_scope = l.idempotency_scope
                                AND t.idempotency_key = l.idempotency_key)
            ELSE NOT EXISTS (SELECT FROM ledger_hold u WHERE u.ended_scope = l.idempotency_scope
                             AND u.ended_key = l.idempotency_key) END
$$;

-- Sets points aside for the plain lines, all in one statement, in the lots that would be burned first.
CREATE OR REPLACE FUNCTION ledger_hold_lines(p_lines jsonb, p_plain integer[], p_now timestamptz)
RETURNS TABLE (line integer, receipt ledger_hold_receipt) LANGUAGE sql AS $$
    WITH asked AS MATERIALIZED (
        SELECT o.*, nextval('ledger_hold_id_seq') AS hold_row FROM (
            SELECT l.*, a.id AS account_row, a.owner_ref, a.program_ref, a.wallet, a.kind, b.points_posted,
                b.points_pending, b.points_held + l.points_amount AS held, b.points_debt
            FROM jsonb_to_recordset(p_lines) AS l (line integer, transaction_id uuid, account_id uuid, points_amount bigint,
                expires_at timestamptz, idempotency_scope text, idempotency_key text, request_hash bytea,
                occurred_at timestamptz, actor_ref text, customer_ref uuid, reason text, context jsonb, correlation_id uuid,
                causation_id uuid)
            JOIN ledger_account a ON a.public_id = l.account_id JOIN ledger_balance b ON b.account_id = a.id
            WHERE l.line = ANY (p_plain) ORDER BY l.line) o),
    free AS (
        SELECT q.hold_row, q.points_amount AS wanted, o.account_id, o.spendable_until, o.earned_at, o.lot_id,
            o.points_remaining - o.points_held AS points, row_number() OVER w AS place,
            sum(o.points_remaining - o.points_held) OVER w - (o.points_remaining - o.points_held) AS points_before
        FROM asked q JOIN ledger_lot_open o ON o.account_id = q.account_row
        WHERE o.spendable_until > p_now AND o.points_remaining > o.points_held
        WINDOW w AS (PARTITION BY q.hold_row ORDER BY o.spendable_until, o.earned_at, o.lot_id)),
    chosen AS MATERIALIZED (
        SELECT f.*, least(f.points, f.wanted - f.points_before)::bigint AS take FROM free f WHERE f.points_before < f.wanted),
    put AS (
        INSERT INTO ledger_hold (id, public_id, account_id, points_amount, state, held_at, expires_at, occurred_at,
                customer_ref, actor_ref, reason, context, idempotency_scope, idempotency_key, request_hash, correlation_id,
                causation_id, points_balance, points_pending, points_held, points_debt)
            OVERRIDING SYSTEM VALUE
            SELECT q.hold_row, q.transaction_id, q.account_row, q.points_amount, 'ACTIVE', p_now, q.expires_at, q.occurred_at,
                nullif(q.customer_ref, q.owner_ref), q.actor_ref, q.reason, q.context, q.idempotency_scope, q.idempotency_key,
                q.request_hash, q.correlation_id, q.causation_id, q.points_posted, q.points_pending, q.held, q.points_debt
            FROM asked q ORDER BY q.idempotency_scope COLLATE "C", q.idempotency_key COLLATE "C"),
    moved AS (
        UPDATE ledger_balance b SET points_held = q.held FROM asked q WHERE b.account_id = q.account_row),
    reserved AS (
        UPDATE ledger_lot_open o SET points_held = o.points_held + c.take FROM chosen c
            WHERE o.account_id = c.account_id AND o.spendable_until = c.spendable_until AND o.earned_at = c.earned_at
            AND o.lot_id = c.lot_id),
    named AS (
        INSERT INTO ledger_hold_lot SELECT c.hold_row, c.place, c.lot_id, c.take FROM chosen c),
    told AS (
        INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, correlation_id, causation_id,
                data)
            SELECT q.transaction_id, 'points.held', q.owner_ref::text, 'hold', q.transaction_id::text, q.occurred_at,
                q.correlation_id, q.causation_id,
                jsonb_build_object('hold_id', q.transaction_id, 'account_id', q.account_id, 'account_kind', q.kind,
                    'customer_id', coalesce(q.customer_ref, q.owner_ref), 'owner_ref', q.owner_ref,
                    'program_id', q.program_ref, 'wallet', q.wallet, 'points_amount', q.points_amount,
                    'points_balance', q.points_posted, 'points_held', q.held, 'state', 'ACTIVE', 'expires_at', q.expires_at,
                    'reason', q.reason, 'context', q.context)
            FROM asked q ORDER BY q.line)
    SELECT q.line, (q.transaction_id, q.account_id, q.owner_ref, q.program_ref, q.wallet,
        coalesce(q.customer_ref, q.owner_ref), 'ACTIVE', q.points_amount, q.points_posted, q.points_pending, q.held,
        q.points_debt, false, p_now, q.expires_at, NULL::timestamptz, q.context::text)::ledger_hold_receipt
    FROM asked q
$$;

-- Burns what the holds of the plain lines reserve, wholly or in part, all in one statement.
CREATE OR REPLACE FUNCTION ledger_capture_lines(p_lines jsonb, p_plain integer[], p_now timestamptz)
RETURNS TABLE (line integer, receipt ledger_receipt) LANGUAGE sql AS $$
    WITH asked AS MATERIALIZED (
        -- Numbered in the order of the lines, as single captures are.
        SELECT o.*, ledger_next_id() AS header_id FROM (
            SELECT l.line, l.transaction_id, l.hold_id, coalesce(l.points_amount, h.points_amount) AS points,
                l.idempotency_scope, l.idempotency_key, l.request_hash, l.occurred_at, l.actor_ref, l.program_version_ref,
                l.reason, l.trace, l.context, l.correlation_id, l.causation_id, h.id AS hold_row,
                h.points_amount AS points_of_hold, h.customer_ref, a.id AS account_row, a.public_id AS account_ref,
                a.owner_ref, a.program_ref, a.wallet, a.kind, a.redemption_id
            FROM jsonb_to_recordset(p_lines) AS l (line integer, transaction_id uuid, hold_id uuid, points_amount bigint,
                idempotency_scope text, idempotency_key text, request_hash bytea, occurred_at timestamptz, actor_ref text,
                program_version_ref text, reason text, trace jsonb, context jsonb, correlation_id uuid, causation_id uuid)
            JOIN ledger_hold h ON h.public_id = l.hold_id JOIN ledger_account a ON a.id = h.account_id
            WHERE l.line = ANY (p_plain) ORDER BY l.line) o),
    headers AS (
        INSERT INTO ledger_transaction (id, public_id, kind, idempotency_scope, idempotency_key, request_hash, account_id,
                program_ref, hold_id, customer_ref, occurred_at, recorded_at, actor_ref, program_version_ref, reason, trace,
                context)
            OVERRIDING SYSTEM VALUE
            SELECT q.header_id, q.transaction_id, 'burn', q.idempotency_scope, q.idempotency_key, q.request_hash,
                q.account_row, q.program_ref, q.hold_row, q.customer_ref, q.occurred_at, p_now, q.actor_ref,
                q.program_version_ref, q.reason, q.trace, q.context
            FROM asked q ORDER BY q.idempotency_scope COLLATE "C", q.idempotency_key COLLATE "C"),
    moved AS (
        UPDATE ledger_balance b SET points_posted = b.points_posted - q.points,
                points_held = b.points_held - q.points_of_hold,
                lifetime_points_redeemed = b.lifetime_points_redeemed + q.points, last_sequence = b.last_sequence + 1,
                last_recorded_at = greatest(b.last_recorded_at, p_now)
            FROM asked q WHERE b.account_id = q.account_row
            RETURNING q.header_id, b.points_posted, b.points_held, b.points_pending, b.points_debt, b.last_sequence,
                b.last_recorded_at),
    done AS MATERIALIZED (SELECT * FROM asked q JOIN moved m USING (header_id)),
    held AS (
        SELECT q.header_id, q.points, n.line AS place, n.lot_id, n.points_amount AS held,
            sum(n.points_amount) OVER (PARTITION BY q.header_id ORDER BY n.line) - n.points_amount AS points_before
        FROM asked q JOIN ledger_hold_lot n ON n.hold_id = q.hold_row),
    taken AS MATERIALIZED (
        SELECT h.*, greatest(0, least(h.held, h.points - h.points_before))::bigint AS take FROM held h),
    at_lot AS MATERIALIZED (
        SELECT l.account_id, coalesce(l.spendable_until, 'infinity') AS spendable_until, l.earned_at, l.id AS lot_id,
            sum(t.held)::bigint AS held, sum(t.take)::bigint AS take
        FROM taken t JOIN ledger_lot l ON l.id = t.lot_id GROUP BY l.id, l.account_id, l.spendable_until, l.earned_at),
    gone AS (
        DELETE FROM ledger_lot_open o USING at_lot t WHERE o.account_id = t.account_id
            AND o.spendable_until = t.spendable_until AND o.earned_at = t.earned_at AND o.lot_id = t.lot_id
            AND o.points_remaining = t.take),
    cut AS (
        UPDATE ledger_lot_open o SET points_remaining = o.points_remaining - t.take, points_held = o.points_held - t.held
            FROM at_lot t WHERE o.account_id = t.account_id
            AND o.spendable_until = t.spendable_until AND o.earned_at = t.earned_at AND o.lot_id = t.lot_id
            AND o.points_remaining > t.take),
    allocations AS (
        INSERT INTO ledger_allocation (transaction_id, line, lot_id, points_consumed)
            SELECT t.header_id, t.place, t.lot_id, t.take FROM taken t WHERE t.take > 0),
    ended AS (
        UPDATE ledger_hold h SET state = 'CAPTURED', points_captured = q.points, ended_at = p_now, ended_reason = q.reason
            FROM asked q WHERE h.id = q.hold_row),
    entries AS (
        INSERT INTO ledger_entry (transaction_id, line, account_id, kind, points_change, account_sequence, balance_after,
                recorded_at, counter_id)
            SELECT d.header_id, 1, d.account_row, 'burn', -d.points, d.last_sequence, d.points_posted, d.last_recorded_at,
                d.redemption_id
            FROM done d),
    answers AS (
        INSERT INTO ledger_answer
            SELECT d.header_id, d.points, d.points_posted, d.points_pending, d.points_held, d.points_debt, 0, 0 FROM done d
            WHERE d.points_pending <> 0 OR d.points_held <> 0 OR d.points_debt <> 0),
    told AS (
        INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, correlation_id, causation_id,
                data)
            SELECT d.transaction_id, 'points.burned', d.owner_ref::text, 'transaction', d.transaction_id::text,
                d.occurred_at, d.correlation_id, d.causation_id,
                jsonb_build_object('transaction_id', d.transaction_id, 'account_id', d.account_ref, 'account_kind', d.kind,
                    'customer_id', coalesce(d.customer_ref, d.owner_ref), 'owner_ref', d.owner_ref,
                    'program_id', d.program_ref, 'wallet', d.wallet, 'points_amount', d.points,
                    'points_balance', d.points_posted, 'account_sequence', d.last_sequence, 'reason', d.reason,
                    'context', d.context)
            FROM done d ORDER BY d.line)
    SELECT d.line, (d.transaction_id, d.account_ref, d.owner_ref, d.program_ref, d.wallet,
        coalesce(d.customer_ref, d.owner_ref), 'burn', d.points, d.points_posted, d.points_pending, d.points_held,
        d.points_debt, 0, 0, false, false, d.occurred_at, p_now, NULL::timestamptz, NULL::uuid, NULL::uuid, d.hold_id,
        NULL::uuid, NULL::bigint, NULL::text, d.trace::text, d.context::text)::ledger_receipt
    FROM done d
$$;

-- Frees what the holds of the plain lines reserve, all in one statement.
CREATE OR REPLACE FUNCTION ledger_release_lines(p_lines jsonb, p_plain integer[], p_now timestamptz)
RETURNS TABLE (line integer, receipt ledger_hold_receipt) LANGUAGE sql AS $$
    WITH asked AS MATERIALIZED (
        SELECT l.line, l.transaction_id, l.idempotency_scope, l.idempotency_key, l.request_hash, l.occurred_at, l.reason,
            l.correlation_id, l.causation_id, h.id AS hold_row, h.public_id AS hold_id, h.points_amount, h.customer_ref,
            h.held_at, h.expires_at, h.context, a.id AS account_row, a.public_id AS account_ref, a.owner_ref, a.program_ref,
            a.wallet, a.kind
        FROM jsonb_to_recordset(p_lines) AS l (line integer, transaction_id uuid, hold_id uuid, idempotency_scope text,
            idempotency_key text, request_hash bytea, occurred_at timestamptz, reason text, correlation_id uuid,
            causation_id uuid)
        JOIN ledger_hold h ON h.public_id = l.hold_id JOIN ledger_account a ON a.id = h.account_id
        WHERE l.line = ANY (p_plain)),
    moved AS (
        UPDATE ledger_balance b SET points_held = b.points_held - q.points_amount FROM asked q
            WHERE b.account_id = q.account_row
            RETURNING q.hold_row, b.points_posted, b.points_pending, b.points_held, b.points_debt),
    done AS MATERIALIZED (SELECT * FROM asked q JOIN moved m USING (hold_row)),
    at_lot AS MATERIALIZED (
        SELECT l.account_id, coalesce(l.spendable_until, 'infinity') AS spendable_until, l.earned_at, l.id AS lot_id,
            sum(n.points_amount)::bigint AS held
        FROM asked q JOIN ledger_hold_lot n ON n.hold_id = q.hold_row JOIN ledger_lot l ON l.id = n.lot_id
        GROUP BY l.id, l.account_id, l.spendable_until, l.earned_at),
    freed AS (
        UPDATE ledger_lot_open o SET points_held = o.points_held - t.held FROM at_lot t WHERE o.account_id = t.account_id
            AND o.spendable_until = t.spendable_until AND o.earned_at = t.earned_at AND o.lot_id = t.lot_id),
    ended AS (
        UPDATE ledger_hold h SET state = 'RELEASED', ended_at = p_now, ended_scope = d.idempotency_scope,
                ended_key = d.idempotency_key, ended_hash = d.request_hash, ended_reason = d.reason,
                ended_balance = d.points_posted, ended_pending = d.points_pending, ended_held = d.points_held,
                ended_debt = d.points_debt
            FROM done d WHERE h.id = d.hold_row),
    told AS (
        INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, correlation_id, causation_id,
                data)
            SELECT d.transaction_id, 'points.hold_released', d.owner_ref::text, 'hold', d.hold_id::text, d.occurred_at,
                d.correlation_id, d.causation_id,
                jsonb_build_object('hold_id', d.hold_id, 'account_id', d.account_ref, 'account_kind', d.kind,
                    'customer_id', coalesce(d.customer_ref, d.owner_ref), 'owner_ref', d.owner_ref,
                    'program_id', d.program_ref, 'wallet', d.wallet, 'points_amount', d.points_amount,
                    'points_balance', d.points_posted, 'points_held', d.points_held, 'state', 'RELEASED',
                    'expires_at', d.expires_at, 'reason', d.reason, 'context', d.context)
            FROM done d ORDER BY d.line)
    SELECT d.line, (d.hold_id, d.account_ref, d.owner_ref, d.program_ref, d.wallet, coalesce(d.customer_ref, d.owner_ref),
        'RELEASED', d.points_amount, d.points_posted, d.points_pending, d.points_held, d.points_debt, false, d.held_at,
        d.expires_at, p_now, d.context::text)::ledger_hold_receipt
    FROM done d
$$;
