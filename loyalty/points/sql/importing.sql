-- Migration in: files of members read, judged and taken in by the thousand.

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

-- The references of rows p_after < row <= p_until whose customer nobody knows.
CREATE OR REPLACE FUNCTION points_unknown_refs(p_import bigint, p_after integer, p_until integer) RETURNS text[]
LANGUAGE sql STABLE AS $$
    SELECT array_agg(DISTINCT r.customer_ref) FROM points_import_row r
    WHERE r.import_id = p_import AND r.row > p_after AND r.row <= p_until AND r.code = ''
        AND NOT EXISTS (SELECT FROM customers_directory d WHERE d.customer_ref = r.customer_ref)
$$;

-- Takes rows p_after < row <= p_until in, everything in sets: customers whom nobody knew are made with the ids given, the
-- wallets that the rows name are opened, the main one in any case, customers join on the first day that their rows tell,
-- points become lots by one adjustment of many lines, and what became of each row is kept. A row's key is the import and
-- its number, so no row counts twice. A row is refused whole; what others its customer has stands.
CREATE OR REPLACE FUNCTION points_take_import_rows(
    p_import bigint, p_import_ref uuid, p_after integer, p_until integer, p_new_refs text[], p_new_ids uuid[],
    p_program uuid, p_version text, p_actor text, p_now timestamptz, p_timezone text, p_today date, p_tiers text[],
    p_wallets text[], p_grace_days integer, p_expires_at timestamptz, p_spendable_until timestamptz)
RETURNS TABLE (imported bigint, refused bigint, points bigint, customers_made bigint, members_joined bigint)
LANGUAGE plpgsql SET jit = off SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    v_wallet text;
    -- Of the customers, side by side.
    v_customers uuid[];
    v_enrolled timestamptz[];
    v_tiers text[];
    v_accounts uuid[];
    v_account_ids bigint[];
BEGIN
    DROP TABLE IF EXISTS points_import_chunk, points_import_owned;
    CREATE TEMP TABLE points_import_chunk ON COMMIT DROP AS
        SELECT r.*, CASE WHEN r.code <> '' THEN r.code
            WHEN r.tier_code <> '' AND NOT r.tier_code = ANY (p_tiers) THEN 'import.tier_unknown'
            WHEN NOT r.wallet = ANY (p_wallets) THEN 'wallet.unknown'
            WHEN r.enrolled_on > p_today THEN 'import.enrolled_on_invalid'
            WHEN r.expires_on < p_today THEN 'import.expired'
            ELSE '' END AS verdict
        FROM points_import_row r WHERE r.import_id = p_import AND r.row > p_after AND r.row <= p_until;
    SELECT coalesce(customers_take_new('import', p_now, array_agg(i.public_id), array_agg(f.customer_ref),
            array_agg(f.first_name), array_agg(f.last_name), array_agg(f.email), array_agg(f.phone),
            array_agg(f.enrolled_on)), 0)
        INTO customers_made
        FROM (SELECT DISTINCT ON (c.customer_ref) c.* FROM points_import_chunk c WHERE c.verdict = ''
              ORDER BY c.customer_ref, c.row) f
        JOIN unnest(p_new_refs, p_new_ids) AS i (customer_ref, public_id) ON i.customer_ref = f.customer_ref;
    CREATE TEMP TABLE points_import_owned ON COMMIT DROP AS
        SELECT c.row, c.wallet, c.points_balance, c.expires_on, c.enrolled_on, c.tier_code, d.public_id AS customer_ref
        FROM points_import_chunk c JOIN customers_directory d ON d.customer_ref = c.customer_ref WHERE c.verdict = '';
    FOR v_wallet IN SELECT 'main' UNION SELECT o.wallet FROM points_import_owned o LOOP
        PERFORM ledger_open_accounts(array_agg(ledger_new_public_id(p_now)), array_agg(o.owner), p_program, p_now, v_wallet)
            FROM (SELECT DISTINCT w.customer_ref AS owner FROM points_import_owned w
                  WHERE v_wallet IN ('main', w.wallet)) o;
    END LOOP;
    SELECT array_agg(m.customer_ref), array_agg(m.enrolled_at), array_agg(m.tier_code)
        INTO v_customers, v_enrolled, v_tiers
        FROM (SELECT o.customer_ref, min(o.enrolled_on)::timestamp AT TIME ZONE 'UTC' AS enrolled_at,
                  max(o.tier_code) AS tier_code
              FROM points_import_owned o GROUP BY o.customer_ref) m;
    SELECT array_agg(s.public_id ORDER BY c.place), array_agg(s.account_id ORDER BY c.place)
        INTO v_accounts, v_account_ids
        FROM unnest(v_customers) WITH ORDINALITY AS c (customer_ref, place)
        JOIN ledger_account_summary s ON s.owner_ref = c.customer_ref AND s.program_ref = p_program
            AND s.kind = 'member' AND s.wallet = 'main';
    SELECT count(*) INTO members_joined
        FROM programs_take_in(p_program, v_customers, v_accounts, v_account_ids, v_enrolled, v_tiers, p_now);
    SELECT p.imported, p.refused, p.points INTO imported, refused, points
        FROM points_post_import_rows(p_import, p_import_ref, p_program, p_version, p_actor, p_now, p_timezone, p_grace_days,
                                     p_expires_at, p_spendable_until) p;
    RETURN NEXT;
END $$;

-- Makes the opening lots of the rows that stand in points_import_owned and keeps what became of those of the chunk.
CREATE OR REPLACE FUNCTION points_post_import_rows(
    p_import bigint, p_import_ref uuid, p_program uuid, p_version text, p_actor text, p_now timestamptz,
    p_timezone text, p_grace_days integer, p_expires_at timestamptz, p_spendable_until timestamptz)
RETURNS TABLE (imported bigint, refused bigint, points bigint) LANGUAGE plpgsql SET jit = off SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    v_rows integer[];
    v_accounts uuid[];
    v_points bigint[];
    v_expires timestamptz[];
    v_spendable timestamptz[];
    v_count integer;
    v_refusals text[];
    v_transactions uuid[];
BEGIN
    -- Rows without points come last and are no lines. The ledger counts its lines from 1, so both meet by their place.
    SELECT array_agg(r.row ORDER BY r.place), array_agg(r.account_ref ORDER BY r.place),
        array_agg(r.points_balance ORDER BY r.place), array_agg(r.expires_at ORDER BY r.place),
        array_agg(r.spendable_until ORDER BY r.place), count(*) FILTER (WHERE r.points_balance > 0)
        INTO v_rows, v_accounts, v_points, v_expires, v_spendable, v_count
        FROM (SELECT o.row, o.points_balance, s.public_id AS account_ref,
                  row_number() OVER (ORDER BY (o.points_balance > 0) DESC, o.row) AS place,
                  CASE WHEN o.expires_on IS NULL THEN p_expires_at
                      ELSE (o.expires_on + 1)::timestamp AT TIME ZONE p_timezone END AS expires_at,
                  CASE WHEN o.expires_on IS NULL THEN p_spendable_until
                      ELSE (o.expires_on + 1 + p_grace_days)::timestamp AT TIME ZONE p_timezone END AS spendable_until
              FROM points_import_owned o
              JOIN ledger_account_summary s ON s.owner_ref = o.customer_ref AND s.program_ref = p_program
                  AND s.kind = 'member' AND s.wallet = o.wallet) r;
    IF v_count > 0 THEN
        SELECT array_agg(b.refusal ORDER BY b.line), array_agg(b.transaction_id ORDER BY b.line)
            INTO v_refusals, v_transactions
            FROM ledger_open_lots(p_now, v_accounts[:v_count], v_points[:v_count], v_expires[:v_count],
                v_spendable[:v_count], 'points.import', p_import_ref || ':', v_rows[:v_count], 'opening_balance', p_actor,
                p_version) b;
    END IF;
    RETURN QUERY
    WITH told AS (
        INSERT INTO points_import_result AS t (import_id, row, code, account_public_id, transaction_public_id)
        SELECT p_import, r.row, coalesce(r.refusal, ''), r.account_ref, r.transaction_ref
        FROM unnest(v_rows, v_accounts, v_refusals, v_transactions) AS r (row, account_ref, refusal, transaction_ref)
        UNION ALL
        SELECT p_import, c.row, c.verdict, NULL, NULL FROM points_import_chunk c WHERE c.verdict <> ''
        RETURNING t.code)
    SELECT count(*) FILTER (WHERE t.code = ''), count(*) FILTER (WHERE t.code <> ''), (
        SELECT coalesce(sum(r.points), 0)::bigint
        FROM unnest(v_points, v_refusals) AS r (points, refusal) WHERE r.refusal IS NULL)
    FROM told t;
END $$;
