-- Earns for hundreds of lines in one statement, with the meaning of as many single earns in the order of the lines, but
-- a refused line does not stop the others: its row tells the code. Same keys inside a batch are replays of the first.
-- Locks: keys ascending, caps ascending, balances ascending.
--
-- The lines come as arrays side by side (a third of the work of reading them from JSON), an array that would be null
-- throughout as null. Caps and parts name their line: p_cap_lines and p_part_lines ascend. The answers leave trace and
-- context out: the caller has them.
-- No plan is made anew for each call, and none is compiled: the planner cannot know how long the arrays are.
CREATE OR REPLACE FUNCTION ledger_earn_lines(
    p_now timestamptz, p_transactions uuid[], p_accounts uuid[], p_points bigint[], p_scopes text[], p_keys text[],
    p_hashes bytea[], p_occurred timestamptz[], p_expires timestamptz[], p_spendable timestamptz[], p_actors text[],
    p_versions text[], p_traces jsonb[], p_contexts jsonb[], p_correlations uuid[], p_causations uuid[], p_customers uuid[],
    p_is_pending boolean[], p_activates timestamptz[], p_cap_lines integer[], p_cap_refs text[], p_cap_windows date[],
    p_cap_maxima bigint[], p_cap_per_point bigint[], p_cap_parts text[], p_cap_is_shared boolean[], p_cap_is_refused boolean[],
    p_part_lines integer[], p_part_codes text[], p_part_points bigint[])
RETURNS TABLE (line integer, refusal text, receipt ledger_receipt) LANGUAGE plpgsql
SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    IF true = ANY (p_cap_is_refused) THEN
        -- A line that a cap refuses must leave no header, so those lines are posted one by one.
        RETURN QUERY SELECT e.* FROM ledger_earn_each(
            p_now, p_transactions, p_accounts, p_points, p_scopes, p_keys, p_hashes, p_occurred, p_expires, p_spendable,
            p_actors, p_versions, p_traces, p_contexts, p_correlations, p_causations, p_customers, p_is_pending, p_activates,
            p_cap_lines, p_cap_refs, p_cap_windows, p_cap_maxima, p_cap_per_point, p_cap_parts, p_cap_is_shared,
            p_cap_is_refused, p_part_lines, p_part_codes, p_part_points) e;
        RETURN;
    END IF;
    -- Nearly always every line can be posted and every key is new: then no line is looked at twice. When that proves
    -- wrong, what was done is undone and the lines are posted with every question asked first.
    BEGIN
        RETURN QUERY SELECT e.* FROM ledger_earn_new_lines(
            p_now, p_transactions, p_accounts, p_points, p_scopes, p_keys, p_hashes, p_occurred, p_expires, p_spendable,
            p_actors, p_versions, p_traces, p_contexts, p_correlations, p_causations, p_customers, p_is_pending, p_activates,
            p_cap_lines, p_cap_refs, p_cap_windows, p_cap_maxima, p_cap_per_point, p_cap_parts, p_cap_is_shared,
            p_part_lines, p_part_codes, p_part_points) e;
        RETURN;
    EXCEPTION WHEN unique_violation OR SQLSTATE 'KL900' THEN
        NULL;
    END;
    RETURN QUERY SELECT e.* FROM ledger_earn_any_lines(
            p_now, p_transactions, p_accounts, p_points, p_scopes, p_keys, p_hashes, p_occurred, p_expires, p_spendable,
            p_actors, p_versions, p_traces, p_contexts, p_correlations, p_causations, p_customers, p_is_pending, p_activates,
            p_cap_lines, p_cap_refs, p_cap_windows, p_cap_maxima, p_cap_per_point, p_cap_parts, p_cap_is_shared,
            p_part_lines, p_part_codes, p_part_points) e;
END $$;

-- Tells that lines cannot be posted without every question asked; never seen outside.
CREATE OR REPLACE FUNCTION ledger_refuse_haste() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a line is not a new earn of an active account' USING ERRCODE = 'KL900';
END $$;

-- Posts lines that all have new keys, known and active accounts and sound amounts; fails (unique_violation, KL900) when
-- one has not.
CREATE OR REPLACE FUNCTION ledger_earn_new_lines(
    p_now timestamptz, p_transactions uuid[], p_accounts uuid[], p_points bigint[], p_scopes text[], p_keys text[],
    p_hashes bytea[], p_occurred timestamptz[], p_expires timestamptz[], p_spendable timestamptz[], p_actors text[],
    p_versions text[], p_traces jsonb[], p_contexts jsonb[], p_correlations uuid[], p_causations uuid[], p_customers uuid[],
    p_is_pending boolean[], p_activates timestamptz[], p_cap_lines integer[], p_cap_refs text[], p_cap_windows date[],
    p_cap_maxima bigint[], p_cap_per_point bigint[], p_cap_parts text[], p_cap_is_shared boolean[],
    p_part_lines integer[], p_part_codes text[], p_part_points bigint[])
RETURNS TABLE (line integer, refusal text, receipt ledger_receipt) LANGUAGE plpgsql
SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    v_lines ledger_line[];
    v_accounts bigint[];
    v_headers bigint[];
    v_granted bigint[] := p_points;
    v_caps text[];
    v_windows date[];
    v_posted bigint;
BEGIN
    WITH found AS MATERIALIZED (
        -- Numbered in the order of the lines: lots of one date are spent in the order of their numbers.
        SELECT o.*, ledger_next_id() AS header_id FROM (
        SELECT l.*, a.id AS account_id, a.issuance_id, a.owner_ref, a.program_ref, a.kind, a.wallet, NULL::text AS refusal
        FROM unnest(p_transactions, p_accounts, p_points, p_scopes, p_keys, p_hashes, p_occurred, p_expires, p_spendable,
                    p_actors, p_versions, p_traces, p_contexts, p_correlations, p_causations, p_customers, p_is_pending,
                    p_activates) WITH ORDINALITY AS l (transaction_id, account_ref, points, scope, key, hash, occurred_at,
                    expires_at, spendable_until, actor_ref, version_ref, trace, context, correlation_id, causation_id,
                    customer_ref, is_pending, activates_at, line)
        JOIN ledger_account a ON a.public_id = l.account_ref AND a.issuance_id IS NOT NULL
        WHERE l.points BETWEEN 1 AND 1000000000000 ORDER BY l.line) o),
    made AS (
        INSERT INTO ledger_transaction (id, public_id, kind, idempotency_scope, idempotency_key, request_hash, account_id,
                program_ref, customer_ref, is_pending, occurred_at, recorded_at, actor_ref, program_version_ref, trace, context)
            OVERRIDING SYSTEM VALUE
            SELECT f.header_id, f.transaction_id, 'earn', f.scope, f.key, f.hash, f.account_id, f.program_ref,
                nullif(f.customer_ref, f.owner_ref), coalesce(f.is_pending, false), f.occurred_at, p_now, f.actor_ref,
                f.version_ref, f.trace, f.context
            FROM found f WHERE f.refusal IS NULL ORDER BY f.scope COLLATE "C", f.key COLLATE "C", f.line)
    SELECT array_agg((f.line, f.header_id, f.transaction_id, f.account_ref, f.account_id, f.issuance_id, f.owner_ref,
                coalesce(f.customer_ref, f.owner_ref), f.program_ref, f.kind, f.wallet, f.points, f.occurred_at, f.expires_at,
                coalesce(f.spendable_until, f.expires_at), coalesce(f.is_pending, false), f.activates_at, f.correlation_id,
                f.causation_id, f.context, f.refusal)::ledger_line ORDER BY f.line),
            array_agg(f.account_id ORDER BY f.line),
            array_agg(CASE WHEN f.refusal IS NULL THEN f.header_id END ORDER BY f.line)
        INTO v_lines, v_accounts, v_headers
        FROM found f;
    IF cardinality(p_transactions) > coalesce(cardinality(v_lines), 0) THEN
        PERFORM ledger_refuse_haste();
    END IF;
    IF p_cap_refs IS NOT NULL OR p_part_codes IS NOT NULL THEN
        SELECT c.granted, c.lot_caps, c.lot_windows INTO v_granted, v_caps, v_windows FROM ledger_count_caps_of_lines(
            v_accounts, v_headers, p_points, p_cap_lines, p_cap_refs, p_cap_windows, p_cap_maxima, p_cap_per_point,
            p_cap_parts, p_cap_is_shared, p_part_lines, p_part_codes, p_part_points, p_is_pending) c;
    END IF;
    RETURN QUERY SELECT p.* FROM ledger_post_lines(v_lines, v_headers, v_granted, v_caps, v_windows, p_now) p;
    GET DIAGNOSTICS v_posted = ROW_COUNT;
    IF v_posted < cardinality(v_lines) THEN
        RETURN QUERY SELECT d.* FROM ledger_settle_lines(v_lines, v_headers) d;
    END IF;
END $$;

-- Posts any lines: refused ones and replays are told apart before anything is counted.
CREATE OR REPLACE FUNCTION ledger_earn_any_lines(
    p_now timestamptz, p_transactions uuid[], p_accounts uuid[], p_points bigint[], p_scopes text[], p_keys text[],
    p_hashes bytea[], p_occurred timestamptz[], p_expires timestamptz[], p_spendable timestamptz[], p_actors text[],
    p_versions text[], p_traces jsonb[], p_contexts jsonb[], p_correlations uuid[], p_causations uuid[], p_customers uuid[],
    p_is_pending boolean[], p_activates timestamptz[], p_cap_lines integer[], p_cap_refs text[], p_cap_windows date[],
    p_cap_maxima bigint[], p_cap_per_point bigint[], p_cap_parts text[], p_cap_is_shared boolean[],
    p_part_lines integer[], p_part_codes text[], p_part_points bigint[])
RETURNS TABLE (line integer, refusal text, receipt ledger_receipt) LANGUAGE plpgsql
SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    v_lines ledger_line[];
    v_accounts bigint[];
    v_headers bigint[];
    v_granted bigint[] := p_points;
    v_caps text[];
    v_windows date[];
    v_made bigint[];
    v_expected bigint;
    v_is_active boolean;
    v_has_debt boolean;
BEGIN
    WITH found AS MATERIALIZED (
        SELECT o.*, ledger_next_id() AS header_id FROM (
        SELECT l.*, a.id AS account_id, a.issuance_id, a.owner_ref, a.program_ref, a.kind, a.wallet,
            CASE WHEN l.points IS NULL OR l.points NOT BETWEEN 1 AND 1000000000000 THEN ledger_refusal(
                    'KL005', 'Points lie between 1 and 1000000000000.', jsonb_build_object('points_amount', l.points))
                WHEN a.id IS NULL THEN ledger_refusal(
                    'KL002', 'There is no such account.', jsonb_build_object('account_id', l.account_ref))
                WHEN b.status <> 'ACTIVE' THEN ledger_refusal(
                    'KL003', 'The account is not active.', jsonb_build_object('status', b.status)) END AS refusal
        FROM unnest(p_transactions, p_accounts, p_points, p_scopes, p_keys, p_hashes, p_occurred, p_expires, p_spendable,
                    p_actors, p_versions, p_traces, p_contexts, p_correlations, p_causations, p_customers, p_is_pending,
                    p_activates) WITH ORDINALITY AS l (transaction_id, account_ref, points, scope, key, hash, occurred_at,
                    expires_at, spendable_until, actor_ref, version_ref, trace, context, correlation_id, causation_id,
                    customer_ref, is_pending, activates_at, line)
        LEFT JOIN ledger_account a ON a.public_id = l.account_ref AND a.issuance_id IS NOT NULL
        LEFT JOIN ledger_balance b ON b.account_id = a.id ORDER BY l.line) o),
    made AS (
        INSERT INTO ledger_transaction (id, public_id, kind, idempotency_scope, idempotency_key, request_hash, account_id,
                program_ref, customer_ref, is_pending, occurred_at, recorded_at, actor_ref, program_version_ref, trace, context)
            OVERRIDING SYSTEM VALUE
            SELECT f.header_id, f.transaction_id, 'earn', f.scope, f.key, f.hash, f.account_id, f.program_ref,
                nullif(f.customer_ref, f.owner_ref), coalesce(f.is_pending, false), f.occurred_at, p_now, f.actor_ref,
                f.version_ref, f.trace, f.context
            FROM found f WHERE f.refusal IS NULL ORDER BY f.scope COLLATE "C", f.key COLLATE "C", f.line
            ON CONFLICT (idempotency_scope, idempotency_key) DO NOTHING RETURNING id)
    SELECT array_agg((f.line, f.header_id, f.transaction_id, f.account_ref, f.account_id, f.issuance_id, f.owner_ref,
                coalesce(f.customer_ref, f.owner_ref), f.program_ref, f.kind, f.wallet, f.points, f.occurred_at, f.expires_at,
                coalesce(f.spendable_until, f.expires_at), coalesce(f.is_pending, false), f.activates_at, f.correlation_id,
                f.causation_id, f.context, f.refusal)::ledger_line ORDER BY f.line),
            array_agg(f.account_id ORDER BY f.line),
            array_agg(CASE WHEN f.refusal IS NULL THEN f.header_id END ORDER BY f.line),
            count(*) FILTER (WHERE f.refusal IS NULL), (SELECT array_agg(m.id) FROM made m)
        INTO v_lines, v_accounts, v_headers, v_expected, v_made
        FROM found f;
    IF v_expected > coalesce(cardinality(v_made), 0) THEN
        SELECT array_agg(m.id ORDER BY h.line) INTO v_headers
            FROM unnest(v_headers) WITH ORDINALITY AS h (id, line) LEFT JOIN unnest(v_made) AS m (id) ON m.id = h.id;
    END IF;
    IF p_cap_refs IS NOT NULL OR p_part_codes IS NOT NULL THEN
        SELECT c.granted, c.lot_caps, c.lot_windows INTO v_granted, v_caps, v_windows FROM ledger_count_caps_of_lines(
            v_accounts, v_headers, p_points, p_cap_lines, p_cap_refs, p_cap_windows, p_cap_maxima, p_cap_per_point,
            p_cap_parts, p_cap_is_shared, p_part_lines, p_part_codes, p_part_points, p_is_pending) c;
    END IF;
    SELECT bool_and(x.status = 'ACTIVE'), bool_or(x.points_debt > 0) INTO v_is_active, v_has_debt
        FROM (SELECT b.status, b.points_debt FROM ledger_balance b
              WHERE b.account_id IN (SELECT p.account_id FROM unnest(v_accounts, v_headers) AS p (account_id, header_id)
                                     WHERE p.header_id IS NOT NULL)
              ORDER BY b.account_id FOR NO KEY UPDATE) x;
    IF NOT v_is_active THEN
        RAISE EXCEPTION 'an account of the batch was frozen meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;
    IF v_is_active THEN
        RETURN QUERY SELECT p.* FROM ledger_post_lines(v_lines, v_headers, v_granted, v_caps, v_windows, p_now) p;
    END IF;
    IF v_has_debt THEN
        RETURN QUERY SELECT d.* FROM ledger_settle_lines(v_lines, v_headers) d;
    END IF;
    IF coalesce(cardinality(v_made), 0) < cardinality(v_lines) THEN
        -- The lines that posted nothing: refused, or replays of what their key did.
        RETURN QUERY
            SELECT l.line, CASE WHEN t.request_hash <> p_hashes[l.line] THEN ledger_refuse_key(p_keys[l.line])
                    ELSE l.refusal END,
                CASE WHEN t.request_hash = p_hashes[l.line] THEN ledger_receipt_of(t.id, true) END
            FROM unnest(v_lines) l
            LEFT JOIN ledger_transaction t ON l.refusal IS NULL
                AND t.idempotency_scope = p_scopes[l.line] AND t.idempotency_key = p_keys[l.line]
            WHERE v_headers[l.line] IS NULL;
    END IF;
END $$;

-- Posts the lines whose headers and caps are written: balances, lots, entries, what is pending, answers and events. Gives
-- the answers, but for accounts in debt. Balances are met ascending: with no other join allowed, the planner can only
-- probe them in the order of the sorted places (or walk their key).
CREATE OR REPLACE FUNCTION ledger_post_lines(
    p_lines ledger_line[], p_headers bigint[], p_granted bigint[], p_lot_caps text[], p_lot_windows date[], p_now timestamptz)
RETURNS TABLE (line integer, refusal text, receipt ledger_receipt) LANGUAGE plpgsql
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY WITH asked AS MATERIALIZED (
        SELECT l.*, p_granted[l.line] AS granted,
            CASE WHEN l.is_pending THEN 0 ELSE p_granted[l.line] END AS points_now,
            CASE WHEN l.is_pending THEN p_granted[l.line] ELSE 0 END AS points_later
        FROM unnest(p_lines) l WHERE p_headers[l.line] IS NOT NULL),
    numbered AS MATERIALIZED (
        SELECT a.*, dense_rank() OVER (ORDER BY a.account_id) AS place,
            sum(a.points_now) OVER w AS now_so_far, sum(a.points_later) OVER w AS later_so_far,
            count(*) FILTER (WHERE a.points_now > 0) OVER w AS number
        FROM asked a WINDOW w AS (PARTITION BY a.account_id ORDER BY a.line)),
    moved AS (
        UPDATE ledger_balance b SET points_posted = b.points_posted + s.points_now,
                points_pending = b.points_pending + s.points_later,
                lifetime_points_earned = b.lifetime_points_earned + s.points_now,
                last_sequence = CASE b.status WHEN 'ACTIVE' THEN b.last_sequence + s.number ELSE ledger_refuse_haste() END,
                last_recorded_at = greatest(b.last_recorded_at, p_now)
            FROM (SELECT n.account_id, n.place, max(n.now_so_far)::bigint AS points_now,
                      max(n.later_so_far)::bigint AS points_later, max(n.number) AS number
                  FROM numbered n GROUP BY n.account_id, n.place ORDER BY n.account_id) s
            WHERE b.account_id = s.account_id
            RETURNING s.place, b.points_posted - s.points_now AS posted, b.points_pending - s.points_later AS pending,
                b.lifetime_points_earned - s.points_now AS earned, b.last_sequence - s.number AS sequence,
                b.points_held AS held, b.points_debt AS debt, b.last_recorded_at AS recorded),
    -- The balances before, in the order of places: a line finds its own by subscript, not by a join.
    base AS MATERIALIZED (
        SELECT array_agg(m.posted ORDER BY m.place) AS posted, array_agg(m.pending ORDER BY m.place) AS pending,
            array_agg(m.earned ORDER BY m.place) AS earned, array_agg(m.sequence ORDER BY m.place) AS sequence,
            array_agg(m.held ORDER BY m.place) AS held, array_agg(m.debt ORDER BY m.place) AS debt,
            array_agg(m.recorded ORDER BY m.place) AS recorded
        FROM moved m),
    done AS MATERIALIZED (
        SELECT n.*, (b.posted[n.place] + n.now_so_far)::bigint AS balance,
            (b.pending[n.place] + n.later_so_far)::bigint AS pending, (b.earned[n.place] + n.now_so_far)::bigint AS earned,
            b.sequence[n.place] + n.number AS sequence, b.held[n.place] AS held, b.debt[n.place] AS debt,
            b.recorded[n.place] AS recorded
        FROM numbered n CROSS JOIN base b),
    lot_open AS (
        INSERT INTO ledger_lot_open (account_id, spendable_until, earned_at, lot_id, expires_at, points_original,
                points_remaining)
            SELECT d.account_id, coalesce(d.spendable_until, 'infinity'), d.occurred_at, d.header_id, d.expires_at,
                d.points_now, d.points_now
            FROM done d WHERE d.points_now > 0),
    entry AS (
        INSERT INTO ledger_entry (transaction_id, line, account_id, kind, points_change, account_sequence, balance_after,
                recorded_at, counter_id, earned_at, expires_at, spendable_until, cap_ref, cap_window)
            SELECT d.header_id, 1, d.account_id, 'earn', d.points_now, d.sequence, d.balance, d.recorded, d.counter_id,
                d.occurred_at, d.expires_at, d.spendable_until, p_lot_caps[d.line], p_lot_windows[d.line]
            FROM done d WHERE d.points_now > 0),
    pending AS (
        INSERT INTO ledger_pending (transaction_id, account_id, points_original, points_amount, earned_at, activates_at,
                expires_at, spendable_until)
            SELECT d.header_id, d.account_id, d.points_later, d.points_later, d.occurred_at, d.activates_at, d.expires_at,
                d.spendable_until
            FROM done d WHERE d.points_later > 0),
    answer AS (
        INSERT INTO ledger_answer
            SELECT d.header_id, d.granted, d.balance, d.pending, d.held, d.debt, d.points - d.granted, 0
            FROM done d WHERE (d.granted < d.points OR d.pending <> 0 OR d.held <> 0 OR d.is_pending) AND d.debt = 0),
    event AS (
        INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, correlation_id, causation_id,
                data)
            SELECT d.transaction_id, CASE WHEN d.points_now > 0 THEN 'points.earned' WHEN d.points_later > 0
                    THEN 'points.pending' ELSE 'points.capped' END,
                d.owner_ref::text, 'transaction', d.transaction_id::text, d.occurred_at, d.correlation_id, d.causation_id,
                jsonb_build_object('transaction_id', d.transaction_id, 'account_id', d.account_ref,
                    'account_kind', d.kind, 'wallet', d.wallet, 'owner_ref', d.owner_ref,
                    'customer_id', d.customer_ref, 'program_id', d.program_ref,
                    'points_amount', d.granted, 'points_balance', d.balance,
                    'account_sequence', CASE WHEN d.points_now > 0 THEN d.sequence END, 'occurred_at', d.occurred_at,
                    'recorded_at', p_now, 'points_lost_to_caps', d.points - d.granted, 'lifetime_points_earned', d.earned,
                    'expires_at', CASE WHEN d.granted > 0 THEN d.expires_at END, 'confirms', NULL, 'context', d.context)
                || CASE WHEN d.points_later > 0 THEN jsonb_build_object('activates_at', d.activates_at) ELSE '{}' END
            FROM done d ORDER BY d.line)
    SELECT d.line, NULL::text, (d.transaction_id, d.account_ref, d.owner_ref, d.program_ref, d.wallet, d.customer_ref, 'earn',
        d.granted, d.balance, d.pending, d.held, d.debt, d.points - d.granted, 0, d.is_pending, false, d.occurred_at, p_now,
        CASE WHEN d.granted > 0 THEN d.expires_at END, NULL::uuid, NULL::uuid, NULL::uuid, NULL::uuid, NULL::bigint,
        CASE WHEN d.granted < d.points THEN ledger_cap_hits_of(d.header_id) END, NULL::text, NULL::text)::ledger_receipt
    FROM done d WHERE d.debt = 0;
END $$;

-- Settles the debts of accounts that lines of a batch posted to, in the order of the lines, and gives those lines' answers.
CREATE OR REPLACE FUNCTION ledger_settle_lines(p_lines ledger_line[], p_headers bigint[])
RETURNS TABLE (line integer, refusal text, receipt ledger_receipt) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_line record;
    v_debt bigint;
BEGIN
    FOR v_line IN
        SELECT l.line, l.header_id, l.account_id, l.points, e.points_change, e.balance_after, b.points_held,
            b.points_pending, b.points_posted
        FROM unnest(p_lines) l JOIN ledger_balance b ON b.account_id = l.account_id AND b.points_debt > 0
        LEFT JOIN ledger_entry e ON e.transaction_id = l.header_id AND e.line = 1
        WHERE p_headers[l.line] IS NOT NULL ORDER BY l.line
    LOOP
        PERFORM ledger_settle_debt(v_line.header_id, v_line.account_id);
        SELECT b.points_debt INTO v_debt FROM ledger_balance b WHERE b.account_id = v_line.account_id;
        INSERT INTO ledger_answer
            SELECT v_line.header_id, coalesce(v_line.points_change, p.points_original, 0),
                coalesce(v_line.balance_after, v_line.points_posted), v_line.points_pending, v_line.points_held, v_debt,
                v_line.points - coalesce(v_line.points_change, p.points_original, 0), 0
            FROM (SELECT 1) one LEFT JOIN ledger_pending p ON p.transaction_id = v_line.header_id;
        line := v_line.line;
        receipt := ledger_receipt_of(v_line.header_id, false);
        RETURN NEXT;
    END LOOP;
END $$;

-- Earns line by line, each in a subtransaction, so that a refused line leaves nothing. Caps and balances that exist are
-- locked ascending first, so that two batches wait in one direction.
CREATE OR REPLACE FUNCTION ledger_earn_each(
    p_now timestamptz, p_transactions uuid[], p_accounts uuid[], p_points bigint[], p_scopes text[], p_keys text[],
    p_hashes bytea[], p_occurred timestamptz[], p_expires timestamptz[], p_spendable timestamptz[], p_actors text[],
    p_versions text[], p_traces jsonb[], p_contexts jsonb[], p_correlations uuid[], p_causations uuid[], p_customers uuid[],
    p_is_pending boolean[], p_activates timestamptz[], p_cap_lines integer[], p_cap_refs text[], p_cap_windows date[],
    p_cap_maxima bigint[], p_cap_per_point bigint[], p_cap_parts text[], p_cap_is_shared boolean[], p_cap_is_refused boolean[],
    p_part_lines integer[], p_part_codes text[], p_part_points bigint[])
RETURNS TABLE (line integer, refusal text, receipt ledger_receipt) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_caps record;
    v_parts record;
    v_facts text;
BEGIN
    PERFORM 1 FROM ledger_cap_usage u WHERE (u.account_id, u.cap_ref, u.window_start) IN (
            SELECT CASE WHEN c.is_shared THEN 0 ELSE a.id END, c.ref, c.window_start
            FROM unnest(p_cap_lines, p_cap_refs, p_cap_windows, p_cap_is_shared) AS c (line, ref, window_start, is_shared)
            JOIN ledger_account a ON a.public_id = p_accounts[c.line])
        ORDER BY u.account_id, u.cap_ref, u.window_start FOR NO KEY UPDATE;
    PERFORM 1 FROM ledger_balance b WHERE b.account_id IN (
            SELECT a.id FROM ledger_account a WHERE a.public_id = ANY (p_accounts))
        ORDER BY b.account_id FOR NO KEY UPDATE;
    FOR v_line IN 1 .. cardinality(p_transactions) LOOP
        SELECT array_agg(c.ref ORDER BY c.n) AS refs, array_agg(c.window_start ORDER BY c.n) AS windows,
                array_agg(c.units_max ORDER BY c.n) AS maxima, array_agg(c.per_point ORDER BY c.n) AS per_point,
                array_agg(c.part ORDER BY c.n) AS parts, array_agg(c.is_shared ORDER BY c.n) AS is_shared,
                array_agg(c.is_refused ORDER BY c.n) AS is_refused
            INTO v_caps
            FROM unnest(p_cap_lines, p_cap_refs, p_cap_windows, p_cap_maxima, p_cap_per_point, p_cap_parts, p_cap_is_shared,
                        p_cap_is_refused) WITH ORDINALITY
                AS c (line, ref, window_start, units_max, per_point, part, is_shared, is_refused, n)
            WHERE c.line = v_line;
        SELECT array_agg(p.code ORDER BY p.n) AS codes, array_agg(p.points ORDER BY p.n) AS points INTO v_parts
            FROM unnest(p_part_lines, p_part_codes, p_part_points) WITH ORDINALITY AS p (line, code, points, n)
            WHERE p.line = v_line;
        line := v_line;
        refusal := NULL;
        receipt := NULL;
        BEGIN
            receipt := ledger_earn(
                p_transactions[v_line], p_accounts[v_line], p_points[v_line], p_scopes[v_line], p_keys[v_line], p_hashes[v_line], p_occurred[v_line], p_expires[v_line],
                v_caps.refs, v_caps.windows, v_caps.maxima, p_actors[v_line], p_versions[v_line], p_traces[v_line], p_contexts[v_line],
                p_correlations[v_line], p_causations[v_line], p_now, p_spendable[v_line], p_customers[v_line], coalesce(p_is_pending[v_line], false),
                p_activates[v_line], v_parts.codes, v_parts.points, v_caps.per_point, v_caps.parts, v_caps.is_shared,
                v_caps.is_refused);
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

-- The same from JSON, for callers in SQL: the names are those of EarnPosting (the type ledger_earn_line).
CREATE OR REPLACE FUNCTION ledger_earn_batch(p_lines jsonb, p_now timestamptz)
RETURNS TABLE (line integer, refusal text, receipt ledger_receipt) LANGUAGE sql AS $$
    WITH l AS MATERIALIZED (SELECT p.* FROM jsonb_populate_recordset(NULL::ledger_earn_line, p_lines) p),
    lines AS (
        SELECT array_agg(l.transaction_id ORDER BY l.line) AS transactions, array_agg(l.account_id ORDER BY l.line) AS accounts,
            array_agg(l.points_amount ORDER BY l.line) AS points, array_agg(l.idempotency_scope ORDER BY l.line) AS scopes,
            array_agg(l.idempotency_key ORDER BY l.line) AS keys, array_agg(l.request_hash ORDER BY l.line) AS hashes,
            array_agg(l.occurred_at ORDER BY l.line) AS occurred, array_agg(l.expires_at ORDER BY l.line) AS expires,
            array_agg(l.spendable_until ORDER BY l.line) AS spendable,
            array_agg(coalesce(l.actor_ref, '') ORDER BY l.line) AS actors,
            array_agg(coalesce(l.program_version_ref, '') ORDER BY l.line) AS versions,
            array_agg(l.trace ORDER BY l.line) AS traces, array_agg(l.context ORDER BY l.line) AS contexts,
            array_agg(l.correlation_id ORDER BY l.line) AS correlations, array_agg(l.causation_id ORDER BY l.line) AS causations,
            array_agg(l.customer_ref ORDER BY l.line) AS customers, array_agg(l.is_pending ORDER BY l.line) AS is_pending,
            array_agg(l.activates_at ORDER BY l.line) AS activates
        FROM l),
    caps AS (
        SELECT array_agg(l.line ORDER BY l.line, c.n) AS lines, array_agg(c.ref ORDER BY l.line, c.n) AS refs,
            array_agg(c.window_start ORDER BY l.line, c.n) AS windows, array_agg(c.units_max ORDER BY l.line, c.n) AS maxima,
            CASE WHEN bool_or(c.units_per_point <> 1) THEN array_agg(c.units_per_point ORDER BY l.line, c.n) END AS per_point,
            CASE WHEN count(c.part) > 0 THEN array_agg(c.part ORDER BY l.line, c.n) END AS parts,
            CASE WHEN bool_or(c.is_shared) THEN array_agg(c.is_shared ORDER BY l.line, c.n) END AS is_shared,
            CASE WHEN bool_or(c.is_refused) THEN array_agg(c.is_refused ORDER BY l.line, c.n) END AS is_refused
        FROM l, unnest(l.cap_refs, l.cap_windows, l.cap_units_max, l.cap_units_per_point, l.cap_parts, l.cap_is_shared,
                       l.cap_is_refused) WITH ORDINALITY
            AS c (ref, window_start, units_max, units_per_point, part, is_shared, is_refused, n)),
    parts AS (
        SELECT array_agg(l.line ORDER BY l.line, p.n) AS lines, array_agg(p.code ORDER BY l.line, p.n) AS codes,
            array_agg(p.points ORDER BY l.line, p.n) AS points
        FROM l, unnest(l.part_codes, l.part_points) WITH ORDINALITY AS p (code, points, n))
    SELECT e.* FROM lines a, caps c, parts p, ledger_earn_lines(
        p_now, a.transactions, a.accounts, a.points, a.scopes, a.keys, a.hashes, a.occurred, a.expires, a.spendable, a.actors,
        a.versions, a.traces, a.contexts, a.correlations, a.causations, a.customers, a.is_pending, a.activates, c.lines, c.refs,
        c.windows, c.maxima, c.per_point, c.parts, c.is_shared, c.is_refused, p.lines, p.codes, p.points) e
    WHERE a.transactions IS NOT NULL
$$;
