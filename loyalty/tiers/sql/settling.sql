-- Write down what looks found: the tier, its history, its events, its benefits and the state, in one go. The caller holds
-- the members (programs_lock_members), so that what was seen is still so.
CREATE OR REPLACE FUNCTION tiers_write(
    p_program uuid, p_seen tiers_seen[], p_terms jsonb, p_note text, p_actor text, p_causation uuid, p_now timestamptz)
RETURNS TABLE (upgraded bigint, downgraded bigint, levelled bigint)
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tiers_member_state AS s (account_public_id, program_public_id, track_tier_id, effective_tier_id, kept_until,
            warned_until, look_on, manual_mode, manual_tier_id, manual_until, is_manual_below, manual_reason)
        SELECT e.account, p_program, e.track_id, e.effective_id, e.kept_until, e.warned_until, e.look_on,
            e.manual_mode, e.manual_tier_id, e.manual_until, e.is_manual_below, ''
        FROM unnest(p_seen) e WHERE e.is_changed
        ON CONFLICT (account_public_id) DO UPDATE SET track_tier_id = EXCLUDED.track_tier_id,
            effective_tier_id = EXCLUDED.effective_tier_id, kept_until = EXCLUDED.kept_until,
            warned_until = EXCLUDED.warned_until, look_on = EXCLUDED.look_on, manual_mode = EXCLUDED.manual_mode,
            manual_tier_id = EXCLUDED.manual_tier_id, manual_until = EXCLUDED.manual_until,
            is_manual_below = EXCLUDED.is_manual_below,
            manual_reason = CASE WHEN EXCLUDED.manual_mode IS NULL THEN '' ELSE s.manual_reason END;
    RETURN QUERY
    WITH chosen AS (
        SELECT e.*, CASE WHEN e.mode <> '' THEN e.manual_until END AS mode_until
        FROM unnest(p_seen) e WHERE e.effective_id IS DISTINCT FROM e.has_id OR e.mode <> e.has_mode OR e.mode <> ''),
    assigned AS (
        SELECT a.* FROM (SELECT c.mode, c.mode_until, array_agg(c.account ORDER BY c.account) AS accounts,
                array_agg(c.effective_id ORDER BY c.account) AS tiers FROM chosen c GROUP BY c.mode, c.mode_until) h
        CROSS JOIN LATERAL programs_assign_tiers(h.accounts, h.tiers, h.mode, h.mode_until, p_now) a),
    moved AS MATERIALIZED (
        SELECT a.*, c.reason, c.effective_at, c.period_start, t.name AS to_name,
            coalesce(l.lifetime_points_earned, 0) AS points_lifetime,
            CASE WHEN coalesce(a.to_min_points, -1) > coalesce(a.from_min_points, -1) THEN 'UP'
                 WHEN coalesce(a.to_min_points, -1) < coalesce(a.from_min_points, -1) THEN 'DOWN'
                 ELSE 'LEVEL' END AS direction
        FROM assigned a
        JOIN chosen c ON c.account = a.account_public_id
        LEFT JOIN ledger_account_summary l ON l.public_id = a.account_public_id
        LEFT JOIN programs_tiers t ON t.program_public_id = a.program_public_id AND t.code = a.to_code),
    history AS (
        INSERT INTO tiers_tierchange (customer_public_id, account_public_id, program_public_id, from_code, to_code,
            direction, reason, note, points_lifetime, actor_ref, causation_id, effective_at, recorded_at)
        SELECT m.customer_public_id, m.account_public_id, m.program_public_id, m.from_code, m.to_code,
            m.direction, m.reason, p_note, m.points_lifetime, p_actor, p_causation, m.effective_at, p_now
        FROM moved m),
    told AS (
        INSERT INTO events_outbox
            (event_id, type, key, subject_kind, subject_ref, occurred_at, causation_id, data)
        SELECT gen_random_uuid(), e.type, m.customer_public_id::text, 'customer', m.customer_public_id::text, p_now,
            p_causation,
            jsonb_build_object('customer_id', m.customer_public_id, 'account_id', m.account_public_id,
                'program_id', m.program_public_id, 'from_tier', m.from_code, 'to_tier', m.to_code,
                'to_tier_name', m.to_name, 'points_lifetime', m.points_lifetime, 'reason', m.reason,
                'effective_at', m.effective_at)
        FROM moved m
        JOIN (VALUES ('UP', 'tier.upgraded'), ('UP', 'customer.tier_upgrade'), ('DOWN', 'tier.downgraded'),
                     ('DOWN', 'customer.tier_downgrade'))
            AS e (direction, type) ON e.direction = m.direction
        ORDER BY m.customer_public_id, e.type DESC),
    benefited AS (
        SELECT tiers_turn_benefits(p_program, array_agg(m.account_public_id), array_agg(m.customer_public_id),
            array_agg(m.to_code), array_agg(m.direction = 'UP'), array_agg(m.period_start), p_terms, p_causation, p_now)
        FROM moved m HAVING count(*) > 0 AND (jsonb_array_length(p_terms -> 'benefits') > 0
            OR EXISTS (SELECT FROM tiers_benefit_grant g WHERE g.program_public_id = p_program)))
    SELECT count(*) FILTER (WHERE m.direction = 'UP'), count(*) FILTER (WHERE m.direction = 'DOWN'),
           count(*) FILTER (WHERE m.direction = 'LEVEL')
    FROM moved m LEFT JOIN benefited b ON true;
END $$;

-- Take back the features of tiers that members have left, and grant what their tiers bring: once per period. Points are
-- granted for rising only, and are never taken back; their rows wait until points.earn_batch has paid them.
CREATE OR REPLACE FUNCTION tiers_turn_benefits(
    p_program uuid, p_accounts uuid[], p_customers uuid[], p_tiers text[], p_is_up boolean[], p_periods date[],
    p_terms jsonb, p_causation uuid, p_now timestamptz)
RETURNS void LANGUAGE sql AS $$
    WITH moved AS (
        SELECT * FROM unnest(p_accounts, p_customers, p_tiers, p_is_up, p_periods)
            AS m (account, customer, tier, is_up, period)),
    withdrawn AS (
        UPDATE tiers_benefit_grant g SET withdrawn_at = p_now, state = 'WITHDRAWN'
        FROM moved m WHERE g.account_public_id = m.account AND g.kind = 'feature' AND g.state = 'GRANTED'
            AND g.tier_code IS DISTINCT FROM m.tier
        RETURNING 'tier.benefit_withdrawn' AS type, m.customer, g.*),
    granted AS (
        INSERT INTO tiers_benefit_grant AS g (account_public_id, customer_public_id, program_public_id, tier_code,
            benefit_code, kind, points_amount, period_start, state, granted_at, due_at, refusal_code)
        SELECT m.account, m.customer, p_program, m.tier, b.code, b.kind, b.points, m.period,
            CASE b.kind WHEN 'points' THEN 'PENDING' ELSE 'GRANTED' END, p_now, p_now, ''
        FROM moved m
        JOIN jsonb_to_recordset(p_terms -> 'benefits') AS b (tier text, code text, kind text, points bigint)
            ON b.tier = m.tier
        WHERE b.kind = 'feature' OR m.is_up
        ON CONFLICT (account_public_id, tier_code, benefit_code, period_start) DO UPDATE
            SET state = 'GRANTED', withdrawn_at = NULL, granted_at = p_now
            WHERE g.kind = 'feature' AND g.state = 'WITHDRAWN'
        RETURNING 'tier.benefit_granted' AS type, g.customer_public_id AS customer, g.*)
    INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, causation_id, data)
    SELECT gen_random_uuid(), e.type, e.customer::text, 'customer', e.customer::text, p_now, p_causation,
        jsonb_build_object('customer_id', e.customer, 'account_id', e.account_public_id, 'program_id', e.program_public_id,
            'tier', e.tier_code, 'benefit', e.benefit_code, 'kind', e.kind, 'points_amount', e.points_amount,
            'period_start', e.period_start, 'transaction_id', e.transaction_public_id)
    FROM (SELECT * FROM withdrawn UNION ALL SELECT * FROM granted) e WHERE e.kind = 'feature'
$$;

-- Tell members that they are about to fall, once per period.
CREATE OR REPLACE FUNCTION tiers_warn(p_program uuid, p_seen tiers_seen[], p_now timestamptz)
RETURNS bigint LANGUAGE sql AS $$
    WITH told AS (
        INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, data)
        SELECT gen_random_uuid(), 'tier.will_downgrade', e.customer::text, 'customer', e.customer::text, p_now,
            jsonb_build_object('customer_id', e.customer, 'account_id', e.account, 'program_id', p_program,
                'from_tier', f.code, 'to_tier', t.code, 'falls_on', e.falls_on, 'qualifying_value', e.value,
                'value_to_stay', greatest(0, e.track_min - e.value))
        FROM unnest(p_seen) e
        JOIN programs_tiers f ON f.tier_id = e.track_id
        LEFT JOIN programs_tiers t ON t.tier_id = e.step_down_id
        WHERE e.is_to_warn
        RETURNING 1)
    SELECT count(*) FROM told
$$;

-- Look at members and write down what changes. p_is_held: the caller holds them; else first those who would change are
-- found, then held and looked at again, so that two lookers at once agree and nobody else is locked.
CREATE OR REPLACE FUNCTION tiers_settle(
    p_program uuid, p_accounts uuid[], p_values numeric[], p_terms jsonb, p_day date, p_mode text, p_reason text,
    p_effective_at timestamptz, p_is_held boolean, p_note text, p_actor text, p_causation uuid, p_now timestamptz)
RETURNS TABLE (upgraded bigint, downgraded bigint, levelled bigint, warned bigint)
LANGUAGE plpgsql AS $$
DECLARE
    v_accounts uuid[] := p_accounts;
    v_values numeric[] := p_values;
    v_seen tiers_seen[];
BEGIN
    IF NOT p_is_held THEN
        SELECT array_agg(e.account), array_agg(e.value) INTO v_accounts, v_values
            FROM tiers_look(p_program, p_accounts, p_values, p_terms, p_day, p_mode, p_reason, p_effective_at, p_now) e
            WHERE e.is_changed;
        IF v_accounts IS NULL THEN
            RETURN QUERY SELECT 0::bigint, 0::bigint, 0::bigint, 0::bigint;
            RETURN;
        END IF;
        PERFORM programs_lock_members(v_accounts);
    END IF;
    SELECT coalesce(array_agg(e), '{}') INTO v_seen
        FROM tiers_look(p_program, v_accounts, v_values, p_terms, p_day, p_mode, p_reason, p_effective_at, p_now) e;
    SELECT w.upgraded, w.downgraded, w.levelled INTO upgraded, downgraded, levelled
        FROM tiers_write(p_program, v_seen, p_terms, p_note, p_actor, p_causation, p_now) w;
    warned := tiers_warn(p_program, v_seen, p_now);
    RETURN NEXT;
END $$;

-- Lay a manual tier over a member's, or take it off (p_mode null); the caller holds the member and looks afterwards.
CREATE OR REPLACE FUNCTION tiers_lay(
    p_account uuid, p_mode text, p_tier bigint, p_until timestamptz, p_reason text, p_is_below boolean)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO tiers_member_state AS s (account_public_id, program_public_id, track_tier_id, effective_tier_id,
            manual_mode, manual_tier_id, manual_until, is_manual_below, manual_reason)
        SELECT p_account, m.program_public_id, CASE WHEN m.tier_mode = '' THEN m.tier_id END, m.tier_id,
            p_mode, p_tier, p_until, p_is_below, p_reason
        FROM programs_membership m WHERE m.account_public_id = p_account
        ON CONFLICT (account_public_id) DO UPDATE SET
            track_tier_id = CASE WHEN s.effective_tier_id IS DISTINCT FROM EXCLUDED.effective_tier_id
                THEN EXCLUDED.track_tier_id ELSE s.track_tier_id END,
            kept_until = CASE WHEN s.effective_tier_id IS NOT DISTINCT FROM EXCLUDED.effective_tier_id
                THEN s.kept_until END,
            effective_tier_id = EXCLUDED.effective_tier_id, manual_mode = EXCLUDED.manual_mode,
            manual_tier_id = EXCLUDED.manual_tier_id, manual_until = EXCLUDED.manual_until,
            is_manual_below = EXCLUDED.is_manual_below, manual_reason = EXCLUDED.manual_reason
$$;

-- The next members that are due on a day, in chunks: who is looked at gets a later day, so the queue drains itself and a
-- run that was killed goes on where it stopped. p_takes_unknown also takes members whom nobody has looked at yet.
CREATE OR REPLACE FUNCTION tiers_list_due(
    p_program uuid, p_day date, p_takes_unknown boolean, p_now timestamptz, p_limit integer)
RETURNS SETOF uuid LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY SELECT s.account_public_id FROM tiers_member_state s
        JOIN programs_membership m ON m.account_public_id = s.account_public_id AND m.left_at IS NULL
        WHERE s.program_public_id = p_program AND s.look_on <= p_day LIMIT p_limit;
    IF FOUND THEN RETURN; END IF;
    RETURN QUERY SELECT s.account_public_id FROM tiers_member_state s
        JOIN programs_membership m ON m.account_public_id = s.account_public_id AND m.left_at IS NULL
        WHERE s.program_public_id = p_program AND s.manual_until <= p_now LIMIT p_limit;
    IF FOUND OR NOT p_takes_unknown THEN RETURN; END IF;
    RETURN QUERY SELECT m.account_public_id FROM programs_membership m
        LEFT JOIN tiers_member_state s ON s.account_public_id = m.account_public_id
        WHERE m.program_public_id = p_program AND m.left_at IS NULL AND s.account_public_id IS NULL LIMIT p_limit;
END $$;

-- Raise the tier by qualification of a member whom nobody may touch meanwhile (a late purchase would have given it).
CREATE OR REPLACE FUNCTION tiers_raise_track(p_account uuid, p_tier uuid, p_kept_until date)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO tiers_member_state AS s (account_public_id, program_public_id, track_tier_id, effective_tier_id, kept_until)
        SELECT p_account, m.program_public_id, t.tier_id, m.tier_id, p_kept_until
        FROM programs_membership m JOIN programs_tiers t ON t.tier_public_id = p_tier
        WHERE m.account_public_id = p_account AND t.min_points > coalesce((
            SELECT x.min_points FROM tiers_member_state y JOIN programs_tiers x ON x.tier_id = y.track_tier_id
            WHERE y.account_public_id = p_account), -1)
        ON CONFLICT (account_public_id) DO UPDATE SET track_tier_id = EXCLUDED.track_tier_id,
            effective_tier_id = EXCLUDED.effective_tier_id, kept_until = EXCLUDED.kept_until, look_on = NULL
$$;
