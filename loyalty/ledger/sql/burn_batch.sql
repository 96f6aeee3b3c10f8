-- Burns and adjusts for hundreds of lines in one statement, with the meaning of as many single calls in the order of the
-- lines, but a refused line does not stop the others: its row tells the code. Same keys inside a batch are replays of the
-- first. Locks: balances ascending, then keys ascending. Keys come last here, because whether a line is refused is known
-- only under the balance, and a refused line must leave no header; two calls of one key at once on different accounts
-- then meet as a transient failure, which the edge repeats.

-- The verb of both, burn or adjust.
CREATE OR REPLACE FUNCTION ledger_change_lines(
    p_kind ledger_transaction_kind, p_lines ledger_change_line[], p_now timestamptz)
RETURNS TABLE (line integer, refusal text, receipt ledger_receipt) LANGUAGE plpgsql
SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    v_changes ledger_change[];
    v_made bigint;
    v_expected bigint;
BEGIN
    PERFORM 1 FROM ledger_balance b WHERE b.account_id IN (
            SELECT a.id FROM unnest(p_lines) l JOIN ledger_account a ON a.public_id = l.account_id)
        ORDER BY b.account_id FOR NO KEY UPDATE;
    -- Keys are looked up under the balances: a call with one of them that came first has committed.
    SELECT array_agg((f.line, ledger_next_id(), f.id, f.counter_id, f.owner_ref, f.program_ref, f.kind, f.wallet, f.is_alone,
                      f.refusal, f.asked)::ledger_change ORDER BY f.line)
        INTO v_changes
        FROM (SELECT l.line, a.id, CASE p_kind WHEN 'burn' THEN a.redemption_id ELSE a.adjustment_id END AS counter_id,
                  a.owner_ref, a.program_ref, a.kind, a.wallet, count(*) OVER (PARTITION BY a.id) = 1 AS is_alone, l AS asked,
                  CASE WHEN l.points_change IS NULL OR abs(l.points_change) NOT BETWEEN 1 AND 1000000000000
                          OR p_kind = 'burn' AND l.points_change > 0 THEN ledger_refusal(
                          'KL005', 'Points lie between 1 and 1000000000000.', CASE p_kind
                              WHEN 'burn' THEN jsonb_build_object('points_amount', -l.points_change)
                              ELSE jsonb_build_object('points_change', l.points_change) END)
                      WHEN p_kind = 'adjust' AND coalesce(l.reason_code, '') = '' THEN ledger_refusal(
                          'KL018', 'An adjustment needs a reason code.', '{}')
                      WHEN a.id IS NULL THEN ledger_refusal(
                          'KL002', 'There is no such account.', jsonb_build_object('account_id', l.account_id))
                      WHEN t.id IS NOT NULL THEN 'replay' END AS refusal
              FROM unnest(p_lines) l
              LEFT JOIN ledger_account a ON a.public_id = l.account_id AND a.issuance_id IS NOT NULL
              LEFT JOIN ledger_transaction t
                  ON t.idempotency_scope = l.idempotency_scope AND t.idempotency_key = l.idempotency_key
              -- Numbered in the order of the lines: lots of one date are spent in the order of their numbers.
              ORDER BY l.line) f;
    v_changes := ledger_decide_changes(v_changes, p_now);
    WITH made AS (
        INSERT INTO ledger_transaction (id, public_id, kind, idempotency_scope, idempotency_key, request_hash, account_id,
                program_ref, customer_ref, occurred_at, recorded_at, reason_code, actor_ref, program_version_ref, reason, trace,
                context)
            OVERRIDING SYSTEM VALUE
            SELECT c.header_id, l.transaction_id, p_kind, l.idempotency_scope, l.idempotency_key, l.request_hash, c.account_id,
                c.program_ref, nullif(l.customer_ref, c.owner_ref), l.occurred_at, p_now, coalesce(l.reason_code, ''),
                coalesce(l.actor_ref, ''), coalesce(l.program_version_ref, ''), coalesce(l.reason, ''), l.trace, l.context
            FROM unnest(v_changes) c, LATERAL (SELECT (c.asked).*) l WHERE c.refusal IS NULL
            ORDER BY l.idempotency_scope COLLATE "C", l.idempotency_key COLLATE "C"
            ON CONFLICT (idempotency_scope, idempotency_key) DO NOTHING RETURNING id)
    SELECT (SELECT count(*) FROM made), count(*) INTO v_made, v_expected FROM unnest(v_changes) c WHERE c.refusal IS NULL;
    IF v_made < v_expected THEN
        RAISE EXCEPTION 'a key of the batch was used meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;
    IF v_made > 0 THEN
        RETURN QUERY SELECT p.* FROM ledger_post_changes(p_kind, v_changes, p_now) p;
    END IF;
    IF v_made < cardinality(v_changes) THEN
        -- The lines that posted nothing: refused, or replays of what their key did.
        RETURN QUERY
            SELECT c.line, CASE WHEN c.refusal <> 'replay' THEN c.refusal
                    WHEN t.request_hash <> (c.asked).request_hash THEN ledger_refuse_key((c.asked).idempotency_key) END,
                CASE WHEN t.request_hash = (c.asked).request_hash THEN ledger_receipt_of(t.id, true) END
            FROM unnest(v_changes) c
            LEFT JOIN ledger_transaction t ON c.refusal = 'replay'
                AND t.idempotency_scope = (c.asked).idempotency_scope AND t.idempotency_key = (c.asked).idempotency_key
            WHERE c.refusal IS NOT NULL;
    END IF;
END $$;

-- Decides lines whose balances are locked, in their order: which are refused with KL003 or KL001, and which repeat the key
-- of an earlier line that was not refused.
CREATE OR REPLACE FUNCTION ledger_decide_changes(p_changes ledger_change[], p_now timestamptz)
RETURNS ledger_change[] LANGUAGE plpgsql AS $$
DECLARE
    v_changes ledger_change[] := p_changes;
    v_line record;
    -- By place of the account: what may be taken still.
    v_free bigint[];
    -- By the first line of a key: whether one of its lines was posted.
    v_posted boolean[] := array_fill(false, ARRAY[coalesce(cardinality(p_changes), 0)]);
    v_why text;
BEGIN
    FOR v_line IN
        WITH open AS MATERIALIZED (
            SELECT c.line, c.account_id, c.refusal, (c.asked).points_change AS change,
                coalesce((c.asked).spendable_until, (c.asked).expires_at, 'infinity') > p_now AS is_spendable,
                bool_or((c.asked).points_change < 0) OVER (PARTITION BY c.account_id) AS is_spent,
                dense_rank() OVER (ORDER BY c.account_id) AS place,
                min(c.line) OVER (PARTITION BY (c.asked).idempotency_scope, (c.asked).idempotency_key) AS first_line
            FROM unnest(p_changes) c WHERE c.refusal IS NULL)
        SELECT o.*, b.status, least(b.points_posted - b.points_held, s.points)::bigint AS free FROM open o
        JOIN ledger_balance b ON b.account_id = o.account_id
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(x.points_remaining - x.points_held), 0) AS points FROM ledger_lot_open x
            WHERE o.is_spent AND x.account_id = o.account_id AND x.spendable_until > p_now) s
        ORDER BY o.line
    LOOP
        v_free[v_line.place] := coalesce(v_free[v_line.place], v_line.free);
        v_why := CASE
            WHEN v_posted[v_line.first_line] THEN 'replay'
            WHEN v_line.status = 'CLOSED' OR v_line.status = 'FROZEN' AND v_line.change < 0 THEN ledger_refusal(
                'KL003', 'The account is not active.', jsonb_build_object('status', v_line.status))
            WHEN v_line.change < 0 AND v_free[v_line.place] + v_line.change < 0 THEN ledger_refusal(
                'KL001', 'There are not enough points.', jsonb_build_object(
                    'points_requested', -v_line.change, 'points_available', v_free[v_line.place])) END;
        IF v_why IS NULL THEN
            v_posted[v_line.first_line] := true;
            IF v_line.change < 0 OR v_line.is_spendable THEN
                v_free[v_line.place] := v_free[v_line.place] + v_line.change;
            END IF;
        ELSE
            v_changes[v_line.line].refusal := v_why;
        END IF;
    END LOOP;
    RETURN v_changes;
END $$;

-- Posts the lines that are not refused: balances, lots, entries, debt, answers and events, and gives their answers. Lots of
-- accounts that have one line are taken in one statement; where lines meet in an account they are taken one by one.
CREATE OR REPLACE FUNCTION ledger_post_changes(
    p_kind ledger_transaction_kind, p_changes ledger_change[], p_now timestamptz)
RETURNS TABLE (line integer, refusal text, receipt ledger_receipt) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY WITH asked AS MATERIALIZED (
        SELECT c.line, c.header_id, c.account_id, c.counter_id, c.owner_ref, c.program_ref, c.kind, c.wallet, c.is_alone,
            (c.asked).transaction_id AS public_id, (c.asked).account_id AS account_ref, (c.asked).points_change AS change,
            coalesce((c.asked).customer_ref, c.owner_ref) AS customer_ref, (c.asked).occurred_at, (c.asked).expires_at,
            coalesce((c.asked).spendable_until, (c.asked).expires_at) AS spendable_until, (c.asked).reason_code,
            coalesce((c.asked).reason, '') AS reason, (c.asked).trace, (c.asked).context, (c.asked).correlation_id,
            (c.asked).causation_id
        FROM unnest(p_changes) c WHERE c.refusal IS NULL),
    line AS MATERIALIZED (
        SELECT a.*, dense_rank() OVER (ORDER BY a.account_id) AS place, sum(a.change) OVER w AS so_far,
            row_number() OVER w AS number
        FROM asked a WINDOW w AS (PARTITION BY a.account_id ORDER BY a.line)),
    moved AS (
        UPDATE ledger_balance b SET points_posted = b.points_posted + s.points,
                lifetime_points_redeemed = b.lifetime_points_redeemed - CASE p_kind WHEN 'burn' THEN s.points ELSE 0 END,
                last_sequence = b.last_sequence + s.number, last_recorded_at = greatest(b.last_recorded_at, p_now)
            FROM (SELECT l.account_id, l.place, sum(l.change)::bigint AS points, count(*) AS number
                  FROM line l GROUP BY l.account_id, l.place) s
            WHERE b.account_id = s.account_id
            RETURNING s.place, b.points_posted - s.points AS posted, b.last_sequence - s.number AS sequence,
                b.points_pending AS pending, b.points_held AS held, b.points_debt AS debt, b.last_recorded_at AS recorded),
    -- The balances before, in the order of places: a line finds its own by subscript, not by a join.
    base AS MATERIALIZED (
        SELECT array_agg(m.posted ORDER BY m.place) AS posted, array_agg(m.sequence ORDER BY m.place) AS sequence,
            array_agg(m.pending ORDER BY m.place) AS pending, array_agg(m.held ORDER BY m.place) AS held,
            array_agg(m.debt ORDER BY m.place) AS debt, array_agg(m.recorded ORDER BY m.place) AS recorded
        FROM moved m),
    done AS MATERIALIZED (
        SELECT l.*, (b.posted[l.place] + l.so_far)::bigint AS balance, b.sequence[l.place] + l.number AS sequence,
            b.pending[l.place] AS pending, b.held[l.place] AS held, b.debt[l.place] AS debt, b.recorded[l.place] AS recorded
        FROM line l CROSS JOIN base b),
    lot AS (
        INSERT INTO ledger_lot_apart (id, transaction_id, account_id, earned_at, expires_at, spendable_until, points_original)
            SELECT d.header_id, d.header_id, d.account_id, d.occurred_at, d.expires_at, d.spendable_until, d.change
            FROM done d WHERE d.change > 0),
    lot_open AS (
        INSERT INTO ledger_lot_open (account_id, spendable_until, earned_at, lot_id, expires_at, points_original,
                points_remaining)
            SELECT d.account_id, coalesce(d.spendable_until, 'infinity'), d.occurred_at, d.header_id, d.expires_at, d.change,
                d.change
            FROM done d WHERE d.change > 0 AND d.is_alone),
    entry AS (
        INSERT INTO ledger_entry (transaction_id, line, account_id, kind, points_change, account_sequence, balance_after,
                recorded_at, counter_id)
            SELECT d.header_id, 1, d.account_id, p_kind, d.change, d.sequence, d.balance, d.recorded, d.counter_id FROM done d),
    answer AS (
        INSERT INTO ledger_answer
            SELECT d.header_id, abs(d.change), d.balance, d.pending, d.held, 0, 0, 0 FROM done d
            WHERE d.debt = 0 AND (d.pending <> 0 OR d.held <> 0)),
    event AS (
        INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, correlation_id, causation_id,
                data)
            SELECT d.public_id, CASE p_kind WHEN 'burn' THEN 'points.burned' ELSE 'points.adjusted' END, d.owner_ref::text,
                'transaction', d.public_id::text, d.occurred_at, d.correlation_id, d.causation_id,
                jsonb_build_object('transaction_id', d.public_id, 'account_id', d.account_ref,
                    'account_kind', d.kind, 'wallet', d.wallet, 'owner_ref', d.owner_ref,
                    'customer_id', d.customer_ref, 'program_id', d.program_ref,
                    'points_amount', abs(d.change), 'points_balance', d.balance, 'account_sequence', d.sequence,
                    'reason', d.reason, 'context', d.context)
                || CASE p_kind WHEN 'burn' THEN '{}'::jsonb ELSE jsonb_build_object('points_change', d.change,
                    'occurred_at', d.occurred_at, 'recorded_at', p_now, 'reason_code', d.reason_code,
                    'expires_at', d.expires_at) END
            FROM done d ORDER BY d.line)
    SELECT d.line, NULL::text, (d.public_id, d.account_ref, d.owner_ref, d.program_ref, d.wallet, d.customer_ref, p_kind::text,
        abs(d.change), d.balance, d.pending, d.held, 0, 0, 0, false, false, d.occurred_at, p_now,
        CASE WHEN d.change > 0 THEN d.expires_at END, NULL::uuid, NULL::uuid, NULL::uuid, NULL::uuid, NULL::bigint, NULL::text,
        d.trace::text, d.context::text)::ledger_receipt
    FROM done d WHERE d.debt = 0;
    PERFORM ledger_consume_lots_of_changes(p_changes, p_now);
    RETURN QUERY SELECT m.* FROM ledger_move_lots_by_line(p_changes, p_now) m;
END $$;

-- Moves, line after line, the lots of lines that meet in an account, and settles debts; gives the answers of accounts that
-- were in debt.
CREATE OR REPLACE FUNCTION ledger_move_lots_by_line(p_changes ledger_change[], p_now timestamptz)
RETURNS TABLE (line integer, refusal text, receipt ledger_receipt) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_line record;
BEGIN
    FOR v_line IN
        SELECT c.*, (c.asked).points_change AS change, (c.asked).consumption AS consumption,
            (c.asked).occurred_at AS occurred_at, (c.asked).expires_at AS expires_at,
            coalesce((c.asked).spendable_until, (c.asked).expires_at, 'infinity') AS spendable_until, b.points_debt > 0 AS has_debt
        FROM unnest(p_changes) c JOIN ledger_balance b ON b.account_id = c.account_id
        WHERE c.refusal IS NULL AND (NOT c.is_alone OR b.points_debt > 0) ORDER BY c.line
    LOOP
        IF NOT v_line.is_alone AND v_line.change > 0 THEN
            INSERT INTO ledger_lot_open (account_id, spendable_until, earned_at, lot_id, expires_at, points_original,
                    points_remaining)
                VALUES (v_line.account_id, v_line.spendable_until, v_line.occurred_at, v_line.header_id, v_line.expires_at,
                    v_line.change, v_line.change);
        ELSIF NOT v_line.is_alone AND ledger_consume_lots(v_line.header_id, v_line.account_id, -v_line.change, p_now, 1,
                                                          coalesce(v_line.consumption, 'fifo')) > 0 THEN
            RAISE EXCEPTION 'the lots of account % lack points', v_line.account_id;
        END IF;
        IF v_line.has_debt THEN
            IF v_line.change > 0 THEN
                PERFORM ledger_settle_debt(v_line.header_id, v_line.account_id);
            END IF;
            INSERT INTO ledger_answer
                SELECT v_line.header_id, abs(v_line.change), e.balance_after, b.points_pending, b.points_held, b.points_debt, 0, 0
                FROM ledger_balance b, ledger_entry e
                WHERE b.account_id = v_line.account_id AND e.transaction_id = v_line.header_id AND e.line = 1
                    AND (b.points_pending <> 0 OR b.points_held <> 0 OR b.points_debt <> 0);
            line := v_line.line;
            receipt := ledger_receipt_of(v_line.header_id, false);
            RETURN NEXT;
        END IF;
    END LOOP;
END $$;

-- Takes the points of lines that are alone in their accounts from those accounts' lots, all in one statement, with the
-- meaning of ledger_consume_lots.
CREATE OR REPLACE FUNCTION ledger_consume_lots_of_changes(p_changes ledger_change[], p_now timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_short bigint;
BEGIN
    WITH need AS MATERIALIZED (
        SELECT c.header_id, c.account_id, -(c.asked).points_change AS points, coalesce((c.asked).consumption, 'fifo') AS consumption
        FROM unnest(p_changes) c WHERE c.refusal IS NULL AND c.is_alone AND (c.asked).points_change < 0),
    free AS MATERIALIZED (
        SELECT n.header_id, n.points AS wanted, n.consumption, o.account_id, o.spendable_until, o.earned_at, o.lot_id,
            o.points_remaining, o.points_remaining - o.points_held AS points,
            row_number() OVER w AS place, count(*) OVER a AS lots,
            sum(o.points_remaining - o.points_held) OVER w AS upto, sum(o.points_remaining - o.points_held) OVER a AS total
        FROM need n JOIN ledger_lot_open o ON o.account_id = n.account_id
        WHERE o.spendable_until > p_now AND o.points_remaining > o.points_held
        WINDOW w AS (PARTITION BY n.header_id ORDER BY o.spendable_until, o.earned_at, o.lot_id),
            a AS (PARTITION BY n.header_id)),
    shared AS (
        SELECT f.*, div(f.wanted::numeric * f.points, f.total) AS share,
            row_number() OVER (PARTITION BY f.header_id ORDER BY mod(f.wanted::numeric * f.points, f.total) DESC, f.place) AS rank,
            sum(div(f.wanted::numeric * f.points, f.total)) OVER (PARTITION BY f.header_id) AS shares
        FROM free f),
    taken AS MATERIALIZED (
        SELECT s.*, CASE s.consumption
            WHEN 'fifo' THEN greatest(0, least(s.points, s.wanted - (s.upto - s.points)))
            WHEN 'lifo' THEN greatest(0, least(s.points, s.wanted - (s.total - s.upto)))
            ELSE s.share + (s.rank <= s.wanted - s.shares)::integer END::bigint AS take
        FROM shared s),
    gone AS (
        DELETE FROM ledger_lot_open o USING taken t WHERE t.take = t.points_remaining AND o.account_id = t.account_id
            AND o.spendable_until = t.spendable_until AND o.earned_at = t.earned_at AND o.lot_id = t.lot_id),
    cut AS (
        UPDATE ledger_lot_open o SET points_remaining = o.points_remaining - t.take FROM taken t
            WHERE t.take > 0 AND t.take < t.points_remaining AND o.account_id = t.account_id
            AND o.spendable_until = t.spendable_until AND o.earned_at = t.earned_at AND o.lot_id = t.lot_id),
    allocation AS (
        INSERT INTO ledger_allocation (transaction_id, line, lot_id, points_consumed)
            SELECT t.header_id, row_number() OVER (PARTITION BY t.header_id
                    ORDER BY CASE t.consumption WHEN 'lifo' THEN -t.place ELSE t.place END), t.lot_id, t.take
            FROM taken t WHERE t.take > 0)
    SELECT coalesce((SELECT sum(n.points) FROM need n), 0) - coalesce((SELECT sum(t.take) FROM taken t), 0) INTO v_short;
    IF v_short <> 0 THEN
        RAISE EXCEPTION 'the lots of a batch lack % points', v_short;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION ledger_burn_batch(p_lines jsonb, p_now timestamptz)
RETURNS TABLE (line integer, refusal text, receipt ledger_receipt) LANGUAGE sql AS $$
    SELECT c.* FROM ledger_change_lines('burn', (
        SELECT array_agg(l ORDER BY l.line) FROM jsonb_populate_recordset(NULL::ledger_change_line, p_lines) l), p_now) c
$$;

CREATE OR REPLACE FUNCTION ledger_adjust_batch(p_lines jsonb, p_now timestamptz)
RETURNS TABLE (line integer, refusal text, receipt ledger_receipt) LANGUAGE sql AS $$
    SELECT c.* FROM ledger_change_lines('adjust', (
        SELECT array_agg(l ORDER BY l.line) FROM jsonb_populate_recordset(NULL::ledger_change_line, p_lines) l), p_now) c
$$;
