-- What points does in sets: days read from files, and warnings before points expire.

-- A day as YYYY-MM-DD that is in the calendar; anything else is no day. One expression, so that it is inlined.
CREATE OR REPLACE FUNCTION points_read_day(p_text text) RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_text ~ '^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$' THEN
        CASE WHEN substring(p_text, 9, 2)::int <= extract(day FROM
            make_date(substring(p_text, 1, 4)::int, substring(p_text, 6, 2)::int, 1) + interval '1 month' - interval '1 day')
        THEN make_date(substring(p_text, 1, 4)::int, substring(p_text, 6, 2)::int, substring(p_text, 9, 2)::int) END
    END
$$;

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
