-- Caps: counting a posting, or the lines of a batch, and giving room back.

-- Counts a posting against its caps, writes what they counted, and gives the points granted to each of its parts (one
-- part that is all of it when p_part_codes is null). The arrays about caps run side by side; null for the last four means
-- one unit per point, no part, not shared, truncate. The rows stay locked until the end, ascending, so two postings at the
-- limit are counted one after the other. Caps of a part cut that part; then caps of the whole cut the total, from the last
-- part to the first; every cap counts what was granted in the end. A cap lowered below its use counts nothing more and
-- keeps the limit under which that was counted. Refuses with KL011 where a cap says so.
CREATE OR REPLACE FUNCTION ledger_count_caps(
    p_transaction bigint, p_account bigint, p_part_codes text[], p_part_points bigint[], p_refs text[], p_windows date[],
    p_maxima bigint[], p_per_point bigint[], p_parts text[], p_is_shared boolean[], p_is_refused boolean[])
RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    v_caps integer := coalesce(cardinality(p_refs), 0);
    v_accounts bigint[];
    v_used bigint[];
    v_asked bigint[];
    v_granted bigint[];
BEGIN
    SELECT array_agg(CASE WHEN p_is_shared[n] THEN 0 ELSE p_account END ORDER BY n) INTO v_accounts
        FROM generate_series(1, v_caps) n;
    INSERT INTO ledger_cap_usage (account_id, cap_ref, window_start, units_used, units_max)
        SELECT c.account_id, c.ref, c.window_start, 0, c.units_max
        FROM unnest(v_accounts, p_refs, p_windows, p_maxima) AS c (account_id, ref, window_start, units_max)
        ORDER BY c.account_id, c.ref COLLATE "C", c.window_start
        ON CONFLICT DO NOTHING;
    SELECT array_agg(x.units_used ORDER BY x.n) INTO v_used FROM (
        SELECT c.n, u.units_used FROM ledger_cap_usage u
        JOIN unnest(v_accounts, p_refs, p_windows) WITH ORDINALITY AS c (account_id, ref, window_start, n)
            ON u.account_id = c.account_id AND u.cap_ref = c.ref AND u.window_start = c.window_start
        ORDER BY u.account_id, u.cap_ref, u.window_start FOR UPDATE OF u) x;
    SELECT g.granted, g.asked INTO v_granted, v_asked
        FROM ledger_cut_to_caps(p_part_codes, p_part_points, p_refs, p_windows, p_maxima, v_used, p_per_point, p_parts,
                                p_is_refused) g;
    INSERT INTO ledger_cap_hit
        SELECT p_transaction, p_refs[n], p_windows[n], v_accounts[n], v_asked[n], g.points,
            g.points * coalesce(p_per_point[n], 1), p_parts[n]
        FROM generate_series(1, v_caps) n, LATERAL (
            SELECT coalesce(sum(v.points), 0)::bigint AS points FROM unnest(v_granted) WITH ORDINALITY AS v (points, place)
            WHERE p_parts[n] IS NULL OR p_part_codes[v.place] = p_parts[n]) g;
    UPDATE ledger_cap_usage u SET units_used = u.units_used + h.units_counted, last_counted = h.points_counted,
            units_max = greatest(c.units_max, u.units_used)
        FROM ledger_cap_hit h, unnest(p_refs, p_windows, p_maxima) AS c (ref, window_start, units_max)
        WHERE h.transaction_id = p_transaction AND c.ref = h.cap_ref AND c.window_start = h.window_start
        AND u.account_id = h.account_id AND u.cap_ref = h.cap_ref AND u.window_start = h.window_start;
    RETURN v_granted;
END $$;

-- Cuts the parts of a posting to the room of its caps, of which p_used units are gone; gives the points granted to each
-- part and the points asked of each cap. Reads and writes no table.
CREATE OR REPLACE FUNCTION ledger_cut_to_caps(
    p_part_codes text[], p_part_points bigint[], p_refs text[], p_windows date[], p_maxima bigint[], p_used bigint[],
    p_per_point bigint[], p_parts text[], p_is_refused boolean[], OUT granted bigint[], OUT asked bigint[])
LANGUAGE plpgsql AS $$
DECLARE
    v_total bigint := 0;
    v_room bigint;
    v_place integer;
    v_cut bigint;
BEGIN
    granted := p_part_points;
    asked := array_fill(0::bigint, ARRAY[coalesce(cardinality(p_refs), 0)]);
    FOR n IN 1 .. cardinality(asked) LOOP
        CONTINUE WHEN p_parts[n] IS NULL;
        v_place := array_position(p_part_codes, p_parts[n]);
        CONTINUE WHEN v_place IS NULL;
        asked[n] := p_part_points[v_place];
        v_room := greatest(0, p_maxima[n] - p_used[n]) / coalesce(p_per_point[n], 1);
        IF v_room < granted[v_place] THEN
            PERFORM ledger_refuse_cap(p_is_refused[n], p_refs[n], p_windows[n], p_maxima[n], p_used[n], granted[v_place], v_room);
            granted[v_place] := v_room;
        END IF;
    END LOOP;
    FOR n IN 1 .. cardinality(granted) LOOP
        v_total := v_total + granted[n];
    END LOOP;
    v_cut := v_total;
    FOR n IN 1 .. cardinality(asked) LOOP
        CONTINUE WHEN p_parts[n] IS NOT NULL;
        asked[n] := v_total;
        v_room := greatest(0, p_maxima[n] - p_used[n]) / coalesce(p_per_point[n], 1);
        IF v_room < v_cut THEN
            PERFORM ledger_refuse_cap(p_is_refused[n], p_refs[n], p_windows[n], p_maxima[n], p_used[n], v_cut, v_room);
            v_cut := v_room;
        END IF;
    END LOOP;
    v_cut := v_total - v_cut;
    FOR n IN REVERSE cardinality(granted) .. 1 LOOP
        EXIT WHEN v_cut = 0;
        v_room := least(v_cut, granted[n]);
        granted[n] := granted[n] - v_room;
        v_cut := v_cut - v_room;
    END LOOP;
END $$;

-- Refuses a posting beyond a cap that truncates nothing.
CREATE OR REPLACE FUNCTION ledger_refuse_cap(
    p_is_refused boolean, p_ref text, p_window date, p_max bigint, p_used bigint, p_points bigint, p_room bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_is_refused THEN
        PERFORM ledger_refuse('KL011', 'The cap leaves less room than is asked for.', jsonb_build_object(
            'cap_ref', p_ref, 'window_start', p_window, 'units_max', p_max, 'units_used', p_used,
            'points_requested', p_points, 'points_room', p_room));
    END IF;
END $$;

-- The account that now stands for another: itself, or the one that it was merged into, however often.
CREATE OR REPLACE FUNCTION ledger_standing_account(p_account bigint) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_account bigint := p_account;
    v_next bigint;
BEGIN
    LOOP
        SELECT a.merged_into_id INTO v_next FROM ledger_account a WHERE a.id = v_account;
        EXIT WHEN v_next IS NULL;
        v_account := v_next;
    END LOOP;
    RETURN v_account;
END $$;

-- Locks the caps that a transaction counted against, ascending; a reversal calls it before it locks the balance.
CREATE OR REPLACE FUNCTION ledger_lock_caps(p_transaction bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM ledger_cap_count h JOIN ledger_cap_usage u ON u.account_id = ledger_standing_account(h.account_id)
            AND u.cap_ref = h.cap_ref AND u.window_start = h.window_start
        WHERE h.transaction_id = p_transaction ORDER BY u.account_id, u.cap_ref, u.window_start FOR UPDATE OF u;
END $$;

-- Frees the room that p_points of a transaction (p_total granted in all, p_before of them taken back earlier) had used
-- under caps, in the windows where it was used. What is freed is rounded down in all, so that the last reversal frees the
-- rest to the unit.
CREATE OR REPLACE FUNCTION ledger_free_caps(
    p_transaction bigint, p_first bigint, p_before bigint, p_points bigint, p_total bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger_cap_hit
        SELECT p_transaction, h.cap_ref, h.window_start, ledger_standing_account(h.account_id), f.points, f.points, f.units, h.part
        FROM ledger_cap_count h, LATERAL (
            SELECT div(h.points_counted::numeric * p_before, p_total)::bigint
                    - div(h.points_counted::numeric * (p_before + p_points), p_total)::bigint AS points,
                div(h.units_counted::numeric * p_before, p_total)::bigint
                    - div(h.units_counted::numeric * (p_before + p_points), p_total)::bigint AS units) f
        WHERE h.transaction_id = p_first;
    UPDATE ledger_cap_usage u SET units_used = u.units_used + h.units_counted FROM ledger_cap_hit h
        WHERE h.transaction_id = p_transaction AND u.account_id = h.account_id AND u.cap_ref = h.cap_ref
        AND u.window_start = h.window_start;
END $$;

-- Counts the caps of lines whose headers are written, in their order, writes what they counted, and gives what each line
-- is granted. One plain cap per line, the common case, is one upsert for all of them; where it granted all, the lot of the
-- line is to tell it (`lot_caps`, `lot_windows`) and no row is written here.
CREATE OR REPLACE FUNCTION ledger_count_caps_of_lines(
    p_accounts bigint[], p_headers bigint[], p_points bigint[], p_cap_lines integer[], p_cap_refs text[], p_cap_windows date[],
    p_cap_maxima bigint[], p_cap_per_point bigint[], p_cap_parts text[], p_cap_is_shared boolean[],
    p_part_lines integer[], p_part_codes text[], p_part_points bigint[], p_is_pending boolean[],
    OUT granted bigint[], OUT lot_caps text[], OUT lot_windows date[])
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    v_asked numeric;
    v_counted numeric;
    v_is_plain boolean;
BEGIN
    granted := p_points;
    v_is_plain := p_cap_per_point IS NULL AND p_cap_parts IS NULL AND p_cap_is_shared IS NULL AND p_part_codes IS NULL
        AND cardinality(p_cap_lines) = (SELECT count(DISTINCT c) FROM unnest(p_cap_lines) c);
    IF v_is_plain THEN
        WITH cap AS MATERIALIZED (
            SELECT p_accounts[c.line] AS account_id, c.ref, c.window_start, min(c.units_max) AS units_max,
                max(c.units_max) AS highest, sum(p_points[c.line])::bigint AS points
            FROM unnest(p_cap_lines, p_cap_refs, p_cap_windows, p_cap_maxima) AS c (line, ref, window_start, units_max)
            WHERE p_headers[c.line] IS NOT NULL GROUP BY 1, 2, 3),
        counted AS (
            INSERT INTO ledger_cap_usage AS u (account_id, cap_ref, window_start, units_used, units_max, last_counted)
                SELECT c.account_id, c.ref, c.window_start, least(c.points, c.units_max), c.units_max,
                    least(c.points, c.units_max)
                -- A limit that changes from line to line is counted line by line below.
                FROM cap c WHERE NOT EXISTS (SELECT 1 FROM cap o WHERE o.highest <> o.units_max)
                ORDER BY c.account_id, c.ref COLLATE "C", c.window_start
                ON CONFLICT (account_id, cap_ref, window_start) DO UPDATE SET
                    last_counted = greatest(0, least(EXCLUDED.last_counted, EXCLUDED.units_max - u.units_used)),
                    units_used = u.units_used + greatest(0, least(EXCLUDED.last_counted, EXCLUDED.units_max - u.units_used)),
                    units_max = greatest(EXCLUDED.units_max, u.units_used)
                RETURNING u.last_counted)
        SELECT (SELECT sum(c.points) FROM cap c), (SELECT sum(n.last_counted) FROM counted n) INTO v_asked, v_counted;
        v_is_plain := v_asked IS NULL OR v_counted IS NOT NULL;
    END IF;
    IF NOT v_is_plain THEN
        granted := ledger_count_caps_by_line(
            p_accounts, p_headers, p_points, p_cap_lines, p_cap_refs, p_cap_windows, p_cap_maxima, p_cap_per_point, p_cap_parts,
            p_cap_is_shared, p_part_lines, p_part_codes, p_part_points);
        RETURN;
    END IF;
    IF v_counted < v_asked THEN
        -- What was counted of a cap is shared out in the order of its lines.
        SELECT array_agg(coalesce(s.points, p.points) ORDER BY p.line) INTO granted
            FROM unnest(p_points) WITH ORDINALITY AS p (points, line)
            LEFT JOIN (
                SELECT c.line, greatest(0, least(p_points[c.line], u.last_counted - (
                    sum(p_points[c.line]) OVER (PARTITION BY u.account_id, u.cap_ref, u.window_start ORDER BY c.line)
                    - p_points[c.line])))::bigint AS points
                FROM unnest(p_cap_lines, p_cap_refs, p_cap_windows) AS c (line, ref, window_start)
                JOIN ledger_cap_usage u ON u.account_id = p_accounts[c.line] AND u.cap_ref = c.ref
                    AND u.window_start = c.window_start
                WHERE p_headers[c.line] IS NOT NULL) s ON s.line = p.line;
    END IF;
    SELECT array_agg(c.ref ORDER BY l.line), array_agg(c.window_start ORDER BY l.line) INTO lot_caps, lot_windows
        FROM generate_series(1, cardinality(p_points)) AS l (line)
        LEFT JOIN unnest(p_cap_lines, p_cap_refs, p_cap_windows) AS c (line, ref, window_start)
            ON c.line = l.line AND granted[l.line] = p_points[l.line];
    IF v_counted < v_asked OR true = ANY (p_is_pending) THEN
        INSERT INTO ledger_cap_hit (transaction_id, cap_ref, window_start, account_id, points_asked, points_counted, units_counted)
            SELECT p_headers[c.line], c.ref, c.window_start, p_accounts[c.line], p_points[c.line], granted[c.line], granted[c.line]
            FROM unnest(p_cap_lines, p_cap_refs, p_cap_windows) AS c (line, ref, window_start)
            WHERE p_headers[c.line] IS NOT NULL AND (granted[c.line] < p_points[c.line] OR p_is_pending[c.line]);
    END IF;
END $$;

-- The same for lines with several caps, parts, units or shared caps: the rows are locked ascending, once each, and the
-- lines counted one after the other.
CREATE OR REPLACE FUNCTION ledger_count_caps_by_line(
    p_accounts bigint[], p_headers bigint[], p_points bigint[], p_cap_lines integer[], p_cap_refs text[], p_cap_windows date[],
    p_cap_maxima bigint[], p_cap_per_point bigint[], p_cap_parts text[], p_cap_is_shared boolean[],
    p_part_lines integer[], p_part_codes text[], p_part_points bigint[])
RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    v_caps integer := coalesce(cardinality(p_cap_lines), 0);
    v_granted bigint[] := p_points;
    -- The caps that are counted, ascending, once each; and for each cap of each line the place of its cap among them.
    v_accounts bigint[];
    v_refs text[];
    v_windows date[];
    v_used bigint[];
    v_maxima bigint[];
    v_places integer[];
    -- What each cap of each line was asked and counted, and what each part was granted.
    v_asked bigint[] := array_fill(0::bigint, ARRAY[v_caps]);
    v_counted bigint[] := array_fill(0::bigint, ARRAY[v_caps]);
    v_parts bigint[] := p_part_points;
    v_cut record;
    v_line record;
BEGIN
    WITH flat AS MATERIALIZED (
        SELECT c.n, x.account_id, c.ref, c.window_start,
            dense_rank() OVER (ORDER BY x.account_id, c.ref COLLATE "C", c.window_start)::integer AS place
        FROM unnest(p_cap_lines, p_cap_refs, p_cap_windows, p_cap_is_shared) WITH ORDINALITY
                AS c (line, ref, window_start, is_shared, n),
            LATERAL (SELECT CASE WHEN c.is_shared THEN 0 ELSE p_accounts[c.line] END AS account_id) x
        WHERE p_headers[c.line] IS NOT NULL),
    counted AS (
        SELECT array_agg(k.account_id ORDER BY k.place) AS accounts, array_agg(k.ref ORDER BY k.place) AS refs,
            array_agg(k.window_start ORDER BY k.place) AS windows
        FROM (SELECT DISTINCT f.place, f.account_id, f.ref, f.window_start FROM flat f) k)
    SELECT c.accounts, c.refs, c.windows, (SELECT array_agg(f.place ORDER BY s.n) FROM generate_series(1, v_caps) AS s (n)
                                           LEFT JOIN flat f ON f.n = s.n)
        INTO v_accounts, v_refs, v_windows, v_places FROM counted c;
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
              ORDER BY u.account_id, u.cap_ref, u.window_start FOR NO KEY UPDATE OF u) x;
    FOR v_line IN
        SELECT l.line, c.first, c.last, p.first AS part_first, p.last AS part_last
        FROM generate_series(1, cardinality(p_points)) AS l (line)
        LEFT JOIN (SELECT x.line, min(x.n)::integer AS first, max(x.n)::integer AS last
                   FROM unnest(p_cap_lines) WITH ORDINALITY AS x (line, n) GROUP BY x.line) c ON c.line = l.line
        LEFT JOIN (SELECT x.line, min(x.n)::integer AS first, max(x.n)::integer AS last
                   FROM unnest(p_part_lines) WITH ORDINALITY AS x (line, n) GROUP BY x.line) p ON p.line = l.line
        WHERE p_headers[l.line] IS NOT NULL AND (c.first IS NOT NULL OR p.first IS NOT NULL) ORDER BY l.line
    LOOP
        SELECT g.granted, g.asked INTO v_cut FROM ledger_cut_to_caps(
            p_part_codes[v_line.part_first:v_line.part_last],
            CASE WHEN v_line.part_first IS NULL THEN ARRAY[p_points[v_line.line]]
                ELSE p_part_points[v_line.part_first:v_line.part_last] END,
            p_cap_refs[v_line.first:v_line.last], p_cap_windows[v_line.first:v_line.last],
            p_cap_maxima[v_line.first:v_line.last],
            ARRAY(SELECT v_used[v_places[n]] FROM generate_series(v_line.first, v_line.last) n),
            p_cap_per_point[v_line.first:v_line.last], p_cap_parts[v_line.first:v_line.last], NULL) g;
        v_granted[v_line.line] := (SELECT coalesce(sum(g), 0) FROM unnest(v_cut.granted) g);
        FOR n IN coalesce(v_line.part_first, 1) .. coalesce(v_line.part_last, 0) LOOP
            v_parts[n] := v_cut.granted[n - v_line.part_first + 1];
        END LOOP;
        FOR n IN coalesce(v_line.first, 1) .. coalesce(v_line.last, 0) LOOP
            v_asked[n] := v_cut.asked[n - v_line.first + 1];
            v_counted[n] := CASE WHEN p_cap_parts[n] IS NULL THEN v_granted[v_line.line] ELSE coalesce(v_cut.granted[
                array_position(p_part_codes[v_line.part_first:v_line.part_last], p_cap_parts[n])], 0) END;
            v_maxima[v_places[n]] := greatest(p_cap_maxima[n], v_used[v_places[n]]);
            v_used[v_places[n]] := v_used[v_places[n]] + v_counted[n] * coalesce(p_cap_per_point[n], 1);
        END LOOP;
    END LOOP;
    UPDATE ledger_cap_usage u SET units_used = k.units_used, units_max = k.units_max
        FROM unnest(v_accounts, v_refs, v_windows, v_used, v_maxima)
            AS k (account_id, ref, window_start, units_used, units_max)
        WHERE u.account_id = k.account_id AND u.cap_ref = k.ref AND u.window_start = k.window_start;
    INSERT INTO ledger_cap_hit
        SELECT p_headers[p_cap_lines[n]], p_cap_refs[n], p_cap_windows[n],
            CASE WHEN p_cap_is_shared[n] THEN 0 ELSE p_accounts[p_cap_lines[n]] END, v_asked[n], v_counted[n],
            v_counted[n] * coalesce(p_cap_per_point[n], 1), p_cap_parts[n]
        FROM generate_series(1, v_caps) n WHERE p_headers[p_cap_lines[n]] IS NOT NULL;
    INSERT INTO ledger_part
        SELECT p_headers[p.line], row_number() OVER (PARTITION BY p.line ORDER BY p.n), p.code, p.points, v_parts[p.n]
        FROM unnest(p_part_lines, p_part_codes, p_part_points) WITH ORDINALITY AS p (line, code, points, n)
        WHERE p_headers[p.line] IS NOT NULL;
    RETURN v_granted;
END $$;
