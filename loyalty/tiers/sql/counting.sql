-- Count what a transaction adds to (or takes from) a member's qualifying day, once: the row in tiers_counted says that it
-- was done. Gives whether it was new. The member is held first: a settling that has read its figures without this transaction
-- may be about to write a lower tier, and only a look that waits for it sees that what is counted now reaches above.
CREATE OR REPLACE FUNCTION tiers_count(
    p_transaction uuid, p_account uuid, p_program uuid, p_day date, p_points bigint, p_points_status bigint,
    p_spend numeric, p_purchases integer)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM programs_lock_members(ARRAY[p_account]);
    INSERT INTO tiers_counted (transaction_public_id, account_public_id, business_date)
        VALUES (p_transaction, p_account, p_day) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF p_points <> 0 OR p_points_status <> 0 OR p_spend <> 0 OR p_purchases <> 0 THEN
        INSERT INTO tiers_qualifying_day AS d
                (account_public_id, business_date, program_public_id, points, points_status, spend, purchases)
            VALUES (p_account, p_day, p_program, p_points, p_points_status, p_spend, p_purchases)
            ON CONFLICT (account_public_id, business_date) DO UPDATE SET points = d.points + EXCLUDED.points,
                points_status = d.points_status + EXCLUDED.points_status, spend = d.spend + EXCLUDED.spend,
                purchases = d.purchases + EXCLUDED.purchases;
    END IF;
    RETURN true;
END $$;

-- The same for as many members as transactions, whom the caller holds (programs_lock_members). Gives how many were new.
CREATE OR REPLACE FUNCTION tiers_count_many(
    p_transactions uuid[], p_accounts uuid[], p_programs uuid[], p_days date[], p_points bigint[], p_points_status bigint[],
    p_spend numeric[], p_purchases integer[])
RETURNS bigint LANGUAGE sql AS $$
    WITH given AS (
        SELECT * FROM unnest(p_transactions, p_accounts, p_programs, p_days, p_points, p_points_status, p_spend, p_purchases)
            AS g (transaction, account, program, day, points, points_status, spend, purchases)),
    fresh AS (
        INSERT INTO tiers_counted (transaction_public_id, account_public_id, business_date)
            SELECT g.transaction, g.account, g.day FROM given g ORDER BY g.transaction
            ON CONFLICT DO NOTHING RETURNING transaction_public_id),
    added AS (
        INSERT INTO tiers_qualifying_day AS d
                (account_public_id, business_date, program_public_id, points, points_status, spend, purchases)
            SELECT g.account, g.day, g.program, g.points, g.points_status, g.spend, g.purchases
            FROM given g JOIN fresh f ON f.transaction_public_id = g.transaction
            WHERE g.points <> 0 OR g.points_status <> 0 OR g.spend <> 0 OR g.purchases <> 0
            ORDER BY g.account
            ON CONFLICT (account_public_id, business_date) DO UPDATE SET points = d.points + EXCLUDED.points,
                points_status = d.points_status + EXCLUDED.points_status, spend = d.spend + EXCLUDED.spend,
                purchases = d.purchases + EXCLUDED.purchases)
    SELECT count(*) FROM fresh
$$;

-- Moves what an account has counted to the account it was merged into; done twice it moves nothing more.
CREATE OR REPLACE FUNCTION tiers_move_days(p_from uuid, p_to uuid) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_moved bigint;
BEGIN
    UPDATE tiers_counted c SET account_public_id = p_to WHERE c.account_public_id = p_from;
    WITH gone AS (DELETE FROM tiers_qualifying_day d WHERE d.account_public_id = p_from RETURNING d.*)
    INSERT INTO tiers_qualifying_day AS d
            (account_public_id, business_date, program_public_id, points, points_status, spend, purchases)
        SELECT p_to, g.business_date, g.program_public_id, g.points, g.points_status, g.spend, g.purchases
        FROM gone g ORDER BY g.business_date
        ON CONFLICT (account_public_id, business_date) DO UPDATE SET points = d.points + EXCLUDED.points,
            points_status = d.points_status + EXCLUDED.points_status, spend = d.spend + EXCLUDED.spend,
            purchases = d.purchases + EXCLUDED.purchases;
    GET DIAGNOSTICS v_moved = ROW_COUNT;
    RETURN v_moved;
END $$;

-- What a rule may read of members, over the window of a day.
CREATE OR REPLACE FUNCTION tiers_figures(p_accounts uuid[], p_terms jsonb, p_day date)
RETURNS TABLE (account uuid, points bigint, spend numeric, purchases bigint, points_lifetime bigint, days_enrolled integer)
LANGUAGE sql STABLE AS $$
    SELECT m.account_public_id,
        coalesce(CASE WHEN (p_terms ->> 'has_status')::boolean THEN q.points_status ELSE q.points END, 0)::bigint,
        coalesce(q.spend, 0), coalesce(q.purchases, 0)::bigint,
        coalesce((SELECT l.lifetime_points_earned FROM ledger_account_summary l WHERE l.public_id = m.account_public_id), 0),
        greatest(0, w.counts_until - 1 - j.joined)
    FROM programs_membership m
    CROSS JOIN LATERAL (SELECT (m.enrolled_at AT TIME ZONE (p_terms ->> 'zone'))::date AS joined) j
    CROSS JOIN LATERAL tiers_window(p_terms ->> 'window', (p_terms ->> 'months')::integer,
        coalesce((p_terms ->> 'anchor')::date, j.joined), (p_terms ->> 'is_next')::boolean,
        (p_terms ->> 'is_long')::boolean, p_day) w
    LEFT JOIN LATERAL (
        SELECT sum(d.points) AS points, sum(d.points_status) AS points_status, sum(d.spend) AS spend,
            sum(d.purchases) AS purchases
        FROM tiers_qualifying_day d WHERE d.account_public_id = m.account_public_id
        AND d.business_date >= w.counts_from AND d.business_date < w.counts_until) q ON true
    WHERE m.account_public_id = ANY (p_accounts)
$$;

-- Count in sets what the ledger holds of members and nobody has counted: the same figures that the handlers count one by
-- one (operations/counting.py), each at the business day of the earn it belongs to. Gives how many transactions were new.
CREATE OR REPLACE FUNCTION tiers_recount(p_program uuid, p_accounts uuid[], p_terms jsonb)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_zone text := p_terms ->> 'zone';
    v_counted bigint;
BEGIN
    WITH moved AS (
        SELECT f.*, m.account_public_id AS account,
            CASE WHEN f.kind = 'reverse' THEN f.reversed_occurred_at ELSE f.occurred_at END AS happened_at,
            CASE WHEN f.kind = 'reverse' THEN f.reversed_context ELSE f.context END AS reason_context
        FROM programs_membership m
        JOIN ledger_member_flow f ON f.customer_ref = m.customer_public_id AND f.program_ref = p_program
        WHERE m.account_public_id = ANY (p_accounts) AND NOT f.is_pending
            AND (f.kind = 'earn' OR f.kind = 'reverse' AND f.reversed_kind = 'earn'
                OR f.kind = 'adjust' AND f.reason_code = 'backdated_correction')),
    flow AS (
        SELECT f.transaction_id, f.account, f.kind, f.wallet, f.points_change,
            (f.happened_at AT TIME ZONE v_zone)::date AS day,
            (f.reason_context ->> 'transaction_amount')::numeric AS amount,
            f.kind <> 'adjust' AND coalesce((f.reason_context ->> 'counts_purchase')::boolean, false)
                AND f.reason_context ->> 'transaction_amount' IS NOT NULL AS is_purchase,
            abs(f.points_change)::numeric / nullif(abs(f.reversed_points_change), 0) AS share, f.reverses,
            abs(f.reversed_points_change) AS size
        FROM moved f WHERE coalesce((f.reason_context ->> 'counts_for_tier')::boolean, true)),
    -- A purchase of which all was taken back is none any more; that is counted once too, under a name of its own.
    facts AS (
        SELECT f.transaction_id, f.account, f.day, f.wallet, f.points_change,
            CASE WHEN NOT f.is_purchase THEN 0 WHEN f.kind = 'reverse' THEN -round(f.amount * f.share, 4)
                ELSE round(f.amount, 4) END AS spend,
            (f.is_purchase AND f.kind = 'earn')::integer AS purchases
        FROM flow f
        UNION ALL
        SELECT md5(f.reverses || ' returned')::uuid, f.account, f.day, 'main', 0, 0, -1
        FROM flow f WHERE f.kind = 'reverse' AND f.is_purchase
        GROUP BY f.reverses, f.account, f.day, f.size HAVING sum(abs(f.points_change)) >= f.size),
    fresh AS (
        INSERT INTO tiers_counted (transaction_public_id, account_public_id, business_date)
            SELECT f.transaction_id, f.account, f.day FROM facts f ON CONFLICT DO NOTHING RETURNING transaction_public_id),
    figures AS (
        SELECT f.account, f.day, f.spend, f.purchases,
            CASE WHEN (p_terms -> 'status_wallets') ? f.wallet OR (p_terms -> 'partner_wallets') ? f.wallet THEN 0
                ELSE f.points_change END AS points,
            CASE WHEN (p_terms -> 'status_wallets') ? f.wallet THEN f.points_change ELSE 0 END AS points_status
        FROM facts f JOIN fresh ON fresh.transaction_public_id = f.transaction_id),
    added AS (
        INSERT INTO tiers_qualifying_day AS d
                (account_public_id, business_date, program_public_id, points, points_status, spend, purchases)
            SELECT g.account, g.day, p_program, sum(g.points), sum(g.points_status), sum(g.spend), sum(g.purchases)
            FROM figures g GROUP BY g.account, g.day ORDER BY g.account, g.day
            ON CONFLICT (account_public_id, business_date) DO UPDATE SET points = d.points + EXCLUDED.points,
                points_status = d.points_status + EXCLUDED.points_status, spend = d.spend + EXCLUDED.spend,
                purchases = d.purchases + EXCLUDED.purchases)
    SELECT count(*) INTO v_counted FROM fresh;
    RETURN v_counted;
END $$;
