-- Where every member stands: the tier it has and the tier its lifetime points qualify for, boundary inclusive.
CREATE OR REPLACE VIEW tiers_standing AS
SELECT m.program_public_id, m.customer_public_id, m.account_public_id, m.tier_id, m.tier_code, m.tier_min_points,
       m.is_tier_by_hand AND NOT m.is_tier_retired AS is_floor, s.lifetime_points_earned AS points_lifetime,
       t.tier_id AS target_id, t.code AS target_code, t.min_points AS target_min_points
FROM programs_membership m
JOIN ledger_account_summary s ON s.account_id = m.account_id
LEFT JOIN LATERAL (
    SELECT x.tier_id, x.code, x.min_points FROM programs_tiers x
    WHERE x.program_id = m.program_id AND x.min_points <= s.lifetime_points_earned
    ORDER BY x.min_points DESC LIMIT 1) t ON true;

-- Give members tiers in sets: the tier, its history and its events in one statement. The caller holds the members.
CREATE OR REPLACE FUNCTION tiers_apply(
    p_accounts uuid[], p_tiers bigint[], p_is_by_hand boolean, p_reason text, p_note text, p_actor text,
    p_causation uuid, p_now timestamptz)
RETURNS TABLE (upgraded bigint, downgraded bigint, levelled bigint)
LANGUAGE sql AS $$
    WITH moved AS (
        SELECT a.*, t.name AS to_name, s.lifetime_points_earned AS points_lifetime,
            CASE WHEN coalesce(a.to_min_points, -1) > coalesce(a.from_min_points, -1) THEN 'UP'
                 WHEN coalesce(a.to_min_points, -1) < coalesce(a.from_min_points, -1) THEN 'DOWN'
                 ELSE 'LEVEL' END AS direction
        FROM programs_assign_tiers(p_accounts, p_tiers, p_is_by_hand, p_now) a
        JOIN ledger_account_summary s ON s.public_id = a.account_public_id
        LEFT JOIN programs_tiers t ON t.program_public_id = a.program_public_id AND t.code = a.to_code),
    history AS (
        INSERT INTO tiers_tierchange (customer_public_id, account_public_id, program_public_id, from_code, to_code,
            direction, reason, note, points_lifetime, actor_ref, causation_id, changed_at)
        SELECT m.customer_public_id, m.account_public_id, m.program_public_id, m.from_code, m.to_code,
            m.direction, p_reason, p_note, m.points_lifetime, p_actor, p_causation, p_now
        FROM moved m),
    told AS (
        INSERT INTO events_outbox
            (event_id, type, key, subject_kind, subject_ref, occurred_at, causation_id, data)
        SELECT gen_random_uuid(), e.type, m.customer_public_id::text, 'customer', m.customer_public_id::text, p_now,
            p_causation,
            jsonb_build_object('customer_id', m.customer_public_id, 'account_id', m.account_public_id,
                'program_id', m.program_public_id, 'from_tier', m.from_code, 'to_tier', m.to_code,
                'to_tier_name', m.to_name, 'points_lifetime', m.points_lifetime, 'reason', p_reason)
        FROM moved m
        JOIN (VALUES ('UP', 'tier.upgraded'), ('UP', 'customer.tier_upgrade'), ('DOWN', 'tier.downgraded'))
            AS e (direction, type) ON e.direction = m.direction
        ORDER BY m.customer_public_id, e.type DESC)
    SELECT count(*) FILTER (WHERE direction = 'UP'), count(*) FILTER (WHERE direction = 'DOWN'),
           count(*) FILTER (WHERE direction = 'LEVEL')
    FROM moved
$$;

-- Look at members (all of a program when p_accounts is null) and give them the tier they qualify for. Without
-- p_may_demote nobody falls; a tier given by hand is a floor. First who would move, then hold those and look again,
-- so that two lookers at once agree and nobody else is locked.
CREATE OR REPLACE FUNCTION tiers_settle(
    p_program uuid, p_accounts uuid[], p_may_demote boolean, p_reason text, p_actor text, p_causation uuid,
    p_now timestamptz)
RETURNS TABLE (upgraded bigint, downgraded bigint, levelled bigint)
LANGUAGE plpgsql AS $$
DECLARE
    v_accounts uuid[];
    v_tiers bigint[];
BEGIN
    SELECT array_agg(s.account_public_id) INTO v_accounts FROM tiers_standing s
        WHERE s.program_public_id = p_program AND (p_accounts IS NULL OR s.account_public_id = ANY (p_accounts))
        AND s.target_id IS DISTINCT FROM s.tier_id
        AND (coalesce(s.target_min_points, -1) > coalesce(s.tier_min_points, -1) OR (p_may_demote AND NOT s.is_floor));
    IF v_accounts IS NULL THEN
        RETURN QUERY SELECT 0::bigint, 0::bigint, 0::bigint;
        RETURN;
    END IF;
    PERFORM programs_lock_members(v_accounts);
    SELECT array_agg(s.account_public_id ORDER BY s.account_public_id), array_agg(s.target_id ORDER BY s.account_public_id)
        INTO v_accounts, v_tiers FROM tiers_standing s
        WHERE s.account_public_id = ANY (v_accounts) AND s.target_id IS DISTINCT FROM s.tier_id
        AND (coalesce(s.target_min_points, -1) > coalesce(s.tier_min_points, -1) OR (p_may_demote AND NOT s.is_floor));
    RETURN QUERY SELECT * FROM tiers_apply(
        coalesce(v_accounts, '{}'), coalesce(v_tiers, '{}'), false, p_reason, '', p_actor, p_causation, p_now);
END $$;
