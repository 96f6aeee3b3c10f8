-- Counts the lines of a batch against their caps, in the order of the lines, and gives what each is granted.
-- p_asked holds the points of each line; p_headers is null where a line is not posted now. Locks the cap rows ascending, once each.
CREATE OR REPLACE FUNCTION ledger_count_caps_batch(
    p_lines ledger_earn_line[], p_accounts bigint[], p_headers bigint[], p_asked bigint[])
RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    v_granted bigint[] := p_asked;
    -- The caps that are counted, ascending, once each.
    v_accounts bigint[];
    v_refs text[];
    v_windows date[];
    v_used bigint[];
    v_maxima bigint[];
    -- One element for each cap of each line: the line, the place of the cap among those above, the limit.
    v_lines integer[];
    v_places integer[];
    v_limits bigint[];
    v_points bigint;
    v_first integer := 1;
    v_last integer;
    v_index integer;
BEGIN
    WITH flat AS MATERIALIZED (
        SELECT l.line, p_accounts[l.line] AS account_id, c.ref, c.window_start, c.units_max,
            dense_rank() OVER (ORDER BY p_accounts[l.line], c.ref COLLATE "C", c.window_start)::integer AS place
        FROM unnest(p_lines) l, unnest(l.cap_refs, l.cap_windows, l.cap_units_max) AS c (ref, window_start, units_max)
        WHERE p_headers[l.line] IS NOT NULL),
    counted AS (
        SELECT array_agg(k.account_id ORDER BY k.place) AS accounts, array_agg(k.ref ORDER BY k.place) AS refs,
            array_agg(k.window_start ORDER BY k.place) AS windows
        FROM (SELECT DISTINCT f.place, f.account_id, f.ref, f.window_start FROM flat f) k),
    asked AS (
        SELECT array_agg(f.line ORDER BY f.line, f.place) AS lines, array_agg(f.place ORDER BY f.line, f.place) AS places,
            array_agg(f.units_max ORDER BY f.line, f.place) AS limits
        FROM flat f)
    SELECT c.accounts, c.refs, c.windows, a.lines, a.places, a.limits
        INTO v_accounts, v_refs, v_windows, v_lines, v_places, v_limits
        FROM counted c, asked a;
    IF v_accounts IS NULL THEN
        RETURN v_granted;
    END IF;
    INSERT INTO ledger_cap_usage (account_id, cap_ref, window_start, units_used, units_max)
        SELECT k.account_id, k.ref, k.window_start, 0, 0
        FROM unnest(v_accounts, v_refs, v_windows) WITH ORDINALITY AS k (account_id, ref, window_start, place)
        ORDER BY k.place
        ON CONFLICT DO NOTHING;
    SELECT array_agg(x.units_used ORDER BY x.place), array_agg(x.units_max ORDER BY x.place) INTO v_used, v_maxima
        FROM (SELECT k.place, u.units_used, u.units_max
              FROM unnest(v_accounts, v_refs, v_windows) WITH ORDINALITY AS k (account_id, ref, window_start, place)
              JOIN ledger_cap_usage u
                  ON u.account_id = k.account_id AND u.cap_ref = k.ref AND u.window_start = k.window_start
              ORDER BY u.account_id, u.cap_ref, u.window_start FOR UPDATE OF u) x;
    WHILE v_first <= cardinality(v_lines) LOOP
        v_last := v_first;
        v_points := v_granted[v_lines[v_first]];
        LOOP
            v_points := least(v_points, v_limits[v_last] - v_used[v_places[v_last]]);
            EXIT WHEN v_last = cardinality(v_lines) OR v_lines[v_last + 1] <> v_lines[v_first];
            v_last := v_last + 1;
        END LOOP;
        v_points := greatest(v_points, 0);
        FOR v_index IN v_first .. v_last LOOP
            v_maxima[v_places[v_index]] := greatest(v_limits[v_index], v_used[v_places[v_index]]);
            v_used[v_places[v_index]] := v_used[v_places[v_index]] + v_points;
        END LOOP;
        v_granted[v_lines[v_first]] := v_points;
        v_first := v_last + 1;
    END LOOP;
    UPDATE ledger_cap_usage u SET units_used = k.units_used, units_max = k.units_max
        FROM unnest(v_accounts, v_refs, v_windows, v_used, v_maxima)
            AS k (account_id, ref, window_start, units_used, units_max)
        WHERE u.account_id = k.account_id AND u.cap_ref = k.ref AND u.window_start = k.window_start;
    RETURN v_granted;
END $$;

-- Earns for hundreds of lines in one statement, with the meaning of as many single earns in the order of the lines, but
-- a refused line does not stop the others: its row tells the code. Same keys inside a batch are replays of the first.
-- Locks: keys ascending, caps ascending, balances ascending.
-- The planner cannot know how long the arrays are, so it must not be tempted to compile for millions of rows.
CREATE OR REPLACE FUNCTION ledger_earn_batch(p_lines jsonb, p_now timestamptz)
RETURNS TABLE (line integer, refusal text, receipt ledger_receipt) LANGUAGE plpgsql SET jit = off AS $$
#variable_conflict use_column
DECLARE
    v_lines ledger_earn_line[];
    v_refusals text[];
    v_accounts bigint[];
    v_counters bigint[];
    v_owners uuid[];
    v_kinds ledger_account_kind[];
    v_wallets text[];
    v_programs uuid[];
    v_occurred timestamptz[];
    v_expires timestamptz[];
    v_headers bigint[];
    v_granted bigint[];
    v_sequences bigint[];
    v_balances bigint[];
    v_earned bigint[];
    v_recorded timestamptz[];
    v_is_stale boolean;
BEGIN
    SELECT array_agg(l ORDER BY l.line) INTO v_lines FROM jsonb_populate_recordset(NULL::ledger_earn_line, p_lines) l;
    IF v_lines IS NULL THEN
        RETURN;
    END IF;
    SELECT array_agg(CASE
                WHEN l.points_amount IS NULL OR l.points_amount NOT BETWEEN 1 AND 1000000000000 THEN 'KL005'
                WHEN a.id IS NULL THEN 'KL002'
                WHEN b.status <> 'ACTIVE' THEN 'KL003' END ORDER BY l.line),
            array_agg(a.id ORDER BY l.line), array_agg(a.issuance_id ORDER BY l.line),
            array_agg(a.owner_ref ORDER BY l.line), array_agg(a.program_ref ORDER BY l.line),
            array_agg(a.kind ORDER BY l.line), array_agg(a.wallet ORDER BY l.line),
            array_agg(l.points_amount ORDER BY l.line),
            array_agg(l.occurred_at ORDER BY l.line), array_agg(l.expires_at ORDER BY l.line)
        INTO v_refusals, v_accounts, v_counters, v_owners, v_programs, v_kinds, v_wallets, v_granted, v_occurred, v_expires
        FROM unnest(v_lines) l
        LEFT JOIN ledger_account a ON a.public_id = l.account_id AND a.issuance_id IS NOT NULL
        LEFT JOIN ledger_balance b ON b.account_id = a.id;
    WITH made AS (
        INSERT INTO ledger_transaction (public_id, kind, idempotency_scope, idempotency_key, request_hash, account_id,
                program_ref, occurred_at, recorded_at, actor_ref, program_version_ref, trace, context)
            SELECT l.transaction_id, 'earn', l.idempotency_scope, l.idempotency_key, l.request_hash, v_accounts[l.line],
                v_programs[l.line], l.occurred_at, p_now, l.actor_ref, l.program_version_ref, l.trace, l.context
            FROM unnest(v_lines) l WHERE v_refusals[l.line] IS NULL
            ORDER BY l.idempotency_scope COLLATE "C", l.idempotency_key COLLATE "C", l.line
            ON CONFLICT (idempotency_scope, idempotency_key) DO NOTHING RETURNING id, public_id)
    SELECT array_agg(m.id ORDER BY l.line) INTO v_headers
        FROM unnest(v_lines) l LEFT JOIN made m ON m.public_id = l.transaction_id;
    v_granted := ledger_count_caps_batch(v_lines, v_accounts, v_headers, v_granted);
    SELECT bool_or(x.status <> 'ACTIVE') INTO v_is_stale
        FROM (SELECT b.status FROM ledger_balance b
              WHERE b.account_id IN (SELECT p.account_id FROM unnest(v_accounts, v_headers) AS p (account_id, header_id)
                                     WHERE p.header_id IS NOT NULL)
              ORDER BY b.account_id FOR UPDATE) x;
    IF v_is_stale THEN
        RAISE EXCEPTION 'an account of the batch was frozen meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;
    WITH line AS (
        SELECT p.line, p.account_id, p.granted,
            sum(p.granted) OVER w AS granted_so_far, count(*) FILTER (WHERE p.granted > 0) OVER w AS number
        FROM unnest(v_accounts, v_headers, v_granted) WITH ORDINALITY AS p (account_id, header_id, granted, line)
        WHERE p.header_id IS NOT NULL
        WINDOW w AS (PARTITION BY p.account_id ORDER BY p.line)),
    moved AS (
        UPDATE ledger_balance b SET points_posted = b.points_posted + s.points,
                lifetime_points_earned = b.lifetime_points_earned + s.points,
                last_sequence = b.last_sequence + s.number, last_recorded_at = greatest(b.last_recorded_at, p_now)
            FROM (SELECT l.account_id, max(l.granted_so_far)::bigint AS points, max(l.number) AS number
                  FROM line l GROUP BY l.account_id) s
            WHERE b.account_id = s.account_id
            RETURNING b.account_id, b.points_posted - s.points AS points_before,
                b.lifetime_points_earned - s.points AS earned_before,
                b.last_sequence - s.number AS sequence_before, b.last_recorded_at)
    SELECT array_agg(m.sequence_before + l.number ORDER BY n.line),
            array_agg((m.points_before + l.granted_so_far)::bigint ORDER BY n.line),
            array_agg((m.earned_before + l.granted_so_far)::bigint ORDER BY n.line),
            array_agg(m.last_recorded_at ORDER BY n.line)
        INTO v_sequences, v_balances, v_earned, v_recorded
        FROM generate_series(1, cardinality(v_lines)) AS n (line)
        LEFT JOIN line l ON l.line = n.line LEFT JOIN moved m ON m.account_id = l.account_id;
    INSERT INTO ledger_lot (id, transaction_id, account_id, earned_at, expires_at, spendable_until, points_original)
        SELECT p.header_id, p.header_id, p.account_id, p.occurred_at, p.expires_at, p.expires_at, p.granted
        FROM unnest(v_headers, v_accounts, v_occurred, v_expires, v_granted)
            AS p (header_id, account_id, occurred_at, expires_at, granted)
        WHERE p.header_id IS NOT NULL AND p.granted > 0;
    INSERT INTO ledger_lot_open (account_id, spendable_until, earned_at, lot_id, expires_at, points_original, points_remaining)
        SELECT p.account_id, coalesce(p.expires_at, 'infinity'), p.occurred_at, p.header_id, p.expires_at, p.granted, p.granted
        FROM unnest(v_headers, v_accounts, v_occurred, v_expires, v_granted)
            AS p (header_id, account_id, occurred_at, expires_at, granted)
        WHERE p.header_id IS NOT NULL AND p.granted > 0;
    INSERT INTO ledger_entry (transaction_id, line, account_id, kind, points_change, account_sequence, balance_after, recorded_at)
        SELECT p.header_id, leg.line,
            CASE leg.line WHEN 1 THEN p.account_id ELSE p.counter_id END, 'earn',
            CASE leg.line WHEN 1 THEN p.granted ELSE -p.granted END,
            CASE leg.line WHEN 1 THEN p.sequence END, CASE leg.line WHEN 1 THEN p.balance_after END, p.recorded_at
        FROM unnest(v_headers, v_accounts, v_counters, v_granted, v_sequences, v_balances, v_recorded)
                AS p (header_id, account_id, counter_id, granted, sequence, balance_after, recorded_at),
            (VALUES (1), (2)) AS leg (line)
        WHERE p.header_id IS NOT NULL AND p.granted > 0;
    INSERT INTO ledger_cap_hit
        SELECT v_headers[l.line], c.ref, c.window_start, v_accounts[l.line], l.points_amount, v_granted[l.line],
            v_granted[l.line]
        FROM unnest(v_lines) l, unnest(l.cap_refs, l.cap_windows) AS c (ref, window_start)
        WHERE v_headers[l.line] IS NOT NULL;
    INSERT INTO ledger_answer
        SELECT v_headers[l.line], v_granted[l.line], v_balances[l.line], b.points_pending, b.points_held, b.points_debt,
            l.points_amount - v_granted[l.line], 0
        FROM unnest(v_lines) l JOIN ledger_balance b ON b.account_id = v_accounts[l.line]
        WHERE v_headers[l.line] IS NOT NULL AND (v_granted[l.line] < l.points_amount
            OR b.points_pending <> 0 OR b.points_held <> 0 OR b.points_debt <> 0);
    INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, correlation_id, causation_id, data)
        SELECT l.transaction_id, CASE WHEN v_granted[l.line] > 0 THEN 'points.earned' ELSE 'points.capped' END,
            v_owners[l.line]::text, 'transaction', l.transaction_id::text, l.occurred_at, l.correlation_id, l.causation_id,
            jsonb_build_object('transaction_id', l.transaction_id, 'account_id', l.account_id,
                'account_kind', v_kinds[l.line], 'wallet', v_wallets[l.line], 'owner_ref', v_owners[l.line],
                'customer_id', v_owners[l.line], 'program_id', v_programs[l.line],
                'points_amount', v_granted[l.line], 'points_balance', v_balances[l.line],
                'points_lost_to_caps', l.points_amount - v_granted[l.line], 'lifetime_points_earned', v_earned[l.line],
                'expires_at', CASE WHEN v_granted[l.line] > 0 THEN l.expires_at END, 'context', l.context)
        FROM unnest(v_lines) l WHERE v_headers[l.line] IS NOT NULL ORDER BY l.line;
    RETURN QUERY
        SELECT l.line, CASE WHEN t.request_hash <> l.request_hash THEN 'KL004' ELSE v_refusals[l.line] END,
            CASE WHEN v_headers[l.line] IS NOT NULL THEN ledger_receipt_of(v_headers[l.line], false)
                WHEN t.request_hash = l.request_hash THEN ledger_receipt_of(t.id, true) END
        FROM unnest(v_lines) l
        -- The key is null for lines that are not replays, so that the index is not even asked for them.
        LEFT JOIN ledger_transaction t ON t.idempotency_scope = l.idempotency_scope AND t.idempotency_key =
            CASE WHEN v_refusals[l.line] IS NULL AND v_headers[l.line] IS NULL THEN l.idempotency_key END
        ORDER BY l.line;
END $$;
