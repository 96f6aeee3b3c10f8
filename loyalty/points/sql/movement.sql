-- What points does in sets: files of members read and judged, and warnings before points expire.

-- A day as YYYY-MM-DD that is in the calendar; anything else is no day. One expression, so that it is inlined.
CREATE OR REPLACE FUNCTION points_read_day(p_text text) RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_text ~ '^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$' THEN
        CASE WHEN substring(p_text, 9, 2)::int <= extract(day FROM
            make_date(substring(p_text, 1, 4)::int, substring(p_text, 6, 2)::int, 1) + interval '1 month' - interval '1 day')
        THEN make_date(substring(p_text, 1, 4)::int, substring(p_text, 6, 2)::int, substring(p_text, 9, 2)::int) END
    END
$$;

-- Reads the rows of a file that was copied into the temporary table points_import_file; gives how many. A row that its
-- form refuses keeps the code of the refusal, and the import goes on.
CREATE OR REPLACE FUNCTION points_stage_import(p_import bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_rows bigint;
BEGIN
    INSERT INTO points_import_row (import_id, row, customer_ref, first_name, last_name, email, phone, enrolled_on,
            tier_code, wallet, points_balance, expires_on, code)
    SELECT p_import, f.row, left(f.customer_ref, 100), left(f.first_name, 100), left(f.last_name, 100),
        left(f.email, 254), left(f.phone, 254), points_read_day(f.enrolled_on), left(f.tier_code, 50),
        CASE WHEN f.wallet = '' THEN 'main' ELSE left(f.wallet, 50) END,
        CASE WHEN f.points_balance ~ '^[0-9]{1,12}$' THEN f.points_balance::bigint ELSE 0 END,
        points_read_day(f.expires_on),
        CASE WHEN f.customer_ref = '' OR length(f.customer_ref) > 100 THEN 'import.customer_ref_invalid'
            WHEN f.points_balance !~ '^([0-9]{1,12})?$' THEN 'import.points_invalid'
            WHEN f.enrolled_on <> '' AND points_read_day(f.enrolled_on) IS NULL THEN 'import.enrolled_on_invalid'
            WHEN f.expires_on <> '' AND points_read_day(f.expires_on) IS NULL THEN 'import.expires_on_invalid'
            ELSE '' END
    FROM (SELECT row, btrim(customer_ref) AS customer_ref, btrim(first_name) AS first_name,
              btrim(last_name) AS last_name, btrim(email) AS email, btrim(phone) AS phone,
              btrim(enrolled_on) AS enrolled_on, btrim(tier_code) AS tier_code, btrim(wallet) AS wallet,
              btrim(points_balance) AS points_balance, btrim(expires_on) AS expires_on
          FROM points_import_file) f;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    RETURN v_rows;
END $$;

-- Makes the opening lots of the chunk that stands in the temporary table points_import_chunk, by one adjustment of many
-- lines, and keeps what became of each row. A row's key is the import and its number, so no row counts twice.
CREATE OR REPLACE FUNCTION points_post_import(
    p_import bigint, p_import_ref uuid, p_program uuid, p_version text, p_actor text, p_now timestamptz,
    p_timezone text, p_grace_days integer, p_expires_at timestamptz, p_spendable_until timestamptz)
RETURNS TABLE (imported bigint, refused bigint, points bigint) LANGUAGE plpgsql AS $$
DECLARE
    v_rows integer[];
    v_accounts uuid[];
    v_points bigint[];
    v_lines jsonb;
    v_refusals text[];
    v_transactions uuid[];
BEGIN
    -- The ledger counts its lines from 1 without a gap, so lines and answers meet by their place.
    SELECT array_agg(r.row ORDER BY r.line), array_agg(r.account_ref ORDER BY r.line),
        array_agg(r.points_balance ORDER BY r.line),
        jsonb_agg(jsonb_build_object('line', r.line, 'transaction_id', ledger_new_public_id(p_now),
            'account_id', r.account_ref, 'points_change', r.points_balance, 'reason_code', 'opening_balance',
            'idempotency_scope', 'points.import', 'idempotency_key', p_import_ref || ':' || r.row,
            'request_hash', sha256(convert_to(r.account_ref || ':' || r.points_balance, 'UTF8')),
            'occurred_at', p_now, 'expires_at', r.expires_at, 'spendable_until', r.spendable_until,
            'actor_ref', p_actor, 'program_version_ref', p_version) ORDER BY r.line)
            FILTER (WHERE r.points_balance > 0)
        INTO v_rows, v_accounts, v_points, v_lines
        -- Rows without points come last and are no lines.
        FROM (SELECT c.row, c.points_balance, s.public_id AS account_ref,
                  row_number() OVER (ORDER BY (c.points_balance > 0) DESC, c.row)::integer AS line,
                  CASE WHEN c.expires_on IS NULL THEN p_expires_at
                      ELSE (c.expires_on + 1)::timestamp AT TIME ZONE p_timezone END AS expires_at,
                  CASE WHEN c.expires_on IS NULL THEN p_spendable_until
                      ELSE (c.expires_on + 1 + p_grace_days)::timestamp AT TIME ZONE p_timezone END AS spendable_until
              FROM points_import_chunk c
              JOIN customers_directory d ON d.customer_ref = c.customer_ref
              JOIN ledger_account_summary s ON s.owner_ref = d.public_id AND s.program_ref = p_program
                  AND s.kind = 'member' AND s.wallet = c.wallet
              WHERE c.code = '') r;
    IF v_lines IS NOT NULL THEN
        SELECT array_agg(b.refusal ORDER BY b.line), array_agg((b.receipt).transaction_id ORDER BY b.line)
            INTO v_refusals, v_transactions FROM ledger_adjust_batch(v_lines, p_now) b;
    END IF;
    RETURN QUERY
    WITH told AS (
        INSERT INTO points_import_result AS t (import_id, row, code, account_public_id, transaction_public_id)
        SELECT p_import, r.row, coalesce(r.refusal, ''), r.account_ref, r.transaction_ref
        FROM unnest(v_rows, v_accounts, v_refusals, v_transactions) AS r (row, account_ref, refusal, transaction_ref)
        UNION ALL
        SELECT p_import, c.row, c.code, NULL, NULL FROM points_import_chunk c WHERE c.code <> ''
        RETURNING t.code)
    SELECT count(*) FILTER (WHERE t.code = ''), count(*) FILTER (WHERE t.code <> ''), (
        SELECT coalesce(sum(r.points), 0)::bigint
        FROM unnest(v_points, v_refusals) AS r (points, refusal) WHERE r.refusal IS NULL)
    FROM told t;
END $$;

-- Warns the owners of accounts p_after < id <= p_until of points that expire within one of their program's numbers of
-- days; with several such numbers only the nearest counts, so that nobody hears twice at once. Each (account, date,
-- number) is said once: the row that remembers it and the fact are written by this one statement.
CREATE OR REPLACE FUNCTION points_warn_expiring(
    p_now timestamptz, p_programs uuid[], p_days integer[], p_after bigint, p_until bigint)
RETURNS TABLE (warnings bigint, points bigint) LANGUAGE sql AS $$
    WITH due AS (
        SELECT l.account_id, l.account_public_id, l.owner_ref, l.program_ref, l.kind, l.wallet, l.expires_at,
            sum(l.points_remaining)::bigint AS points
        FROM ledger_open_lots l
        WHERE l.account_id > p_after AND l.account_id <= p_until AND l.program_ref = ANY (p_programs)
            AND l.expires_at > p_now AND l.expires_at <= p_now + make_interval(days => (SELECT max(d) FROM unnest(p_days) d))
        GROUP BY l.account_id, l.account_public_id, l.owner_ref, l.program_ref, l.kind, l.wallet, l.expires_at),
    named AS (
        SELECT d.*, near.days, coalesce(head.customer_public_id, d.owner_ref) AS customer_ref, gen_random_uuid() AS event_id
        FROM due d
        CROSS JOIN LATERAL (
            SELECT min(o.days) AS days FROM unnest(p_programs, p_days) AS o (program_ref, days)
            WHERE o.program_ref = d.program_ref AND d.expires_at <= p_now + make_interval(days => o.days)) near
        LEFT JOIN points_pool pool ON d.kind = 'pool' AND pool.account_public_id = d.account_public_id
        LEFT JOIN points_pool_member head ON head.pool_id = pool.id AND head.role = 'owner' AND head.left_at IS NULL
        WHERE near.days IS NOT NULL),
    said AS (
        INSERT INTO points_expiry_warning (account_id, expires_at, days_before, points_amount, warned_at)
        SELECT n.account_id, n.expires_at, n.days, n.points, p_now FROM named n ORDER BY n.account_id, n.expires_at
        ON CONFLICT (account_id, expires_at, days_before) DO NOTHING
        RETURNING account_id, expires_at, days_before, points_amount),
    told AS (
        INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, data)
        SELECT n.event_id, 'points.expiring', n.customer_ref::text, 'account', n.account_public_id::text, p_now,
            jsonb_build_object('account_id', n.account_public_id, 'customer_id', n.customer_ref,
                'owner_ref', n.owner_ref, 'account_kind', n.kind, 'program_id', n.program_ref, 'wallet', n.wallet,
                'points_amount', n.points, 'expires_at', n.expires_at, 'days_before', n.days)
        FROM said s
        JOIN named n ON n.account_id = s.account_id AND n.expires_at = s.expires_at AND n.days = s.days_before
        RETURNING 1)
    SELECT count(*), coalesce(sum(s.points_amount), 0)::bigint FROM said s
$$;
