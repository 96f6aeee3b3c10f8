-- Look at members on a business day and find what becomes of each; nothing is written. policy/standing.py says the same
-- for one member, and a test compares the two over random histories.
--
-- p_mode: `earned` only raises; `daily` raises, and lets fall who is due; `changed` goes by a changed ladder at once;
-- `assigned` is a look after a manual tier was written. p_values holds what a rule gave, beside p_accounts.
CREATE OR REPLACE FUNCTION tiers_look(
    p_program uuid, p_accounts uuid[], p_values numeric[], p_terms jsonb, p_day date, p_mode text, p_reason text,
    p_effective_at timestamptz, p_now timestamptz)
RETURNS SETOF tiers_seen LANGUAGE plpgsql STABLE
-- Planned once for each session: planning it anew costs more than looking at a member does. The plan is an index probe for
-- each member whether they are one or thousands, so no table may be scanned because it was small when the plan was made.
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
    v_zone text := p_terms ->> 'zone';
    v_window text := p_terms ->> 'window';
    v_months integer := (p_terms ->> 'months')::integer;
    v_anchor date := (p_terms ->> 'anchor')::date;
    v_column text := p_terms ->> 'column';
    v_is_next boolean := (p_terms ->> 'is_next')::boolean;
    v_is_long boolean := (p_terms ->> 'is_long')::boolean;
    v_downgrade text := p_terms ->> 'downgrade';
    v_grace integer := (p_terms ->> 'grace_days')::integer;
    v_warn integer := (p_terms ->> 'warn_days')::integer;
    v_is_summed boolean := v_column IN ('points', 'points_status', 'spend', 'purchases');
    v_is_daily boolean := v_window = 'rolling' OR v_column IN ('tenure', 'rule');
    v_ids bigint[];
    v_mins numeric[];
    v_bottom numeric;
BEGIN
    SELECT coalesce(array_agg(t.tier_id ORDER BY t.min_points), '{}'),
           coalesce(array_agg(t.min_points::numeric ORDER BY t.min_points), '{}')
        INTO v_ids, v_mins FROM programs_tiers t
        WHERE t.program_public_id = p_program AND NOT (p_terms -> 'invited') ? t.code;
    -- Nobody falls below a lowest tier that begins at zero.
    v_bottom := CASE WHEN v_mins[1] <= 0 THEN v_mins[1] ELSE -1 END;
    -- Two steps are materialized: flattened into one, each expression would be copied into every later one that reads it, and
    -- a look at one member took fifty times as long (45 ms, 0.9 s to plan).
    RETURN QUERY
    WITH known AS (
        SELECT m.account_public_id AS account, m.customer_public_id AS customer, m.tier_id AS has_id, a.given,
            m.tier_min_points AS has_min, (m.enrolled_at AT TIME ZONE v_zone)::date AS joined,
            s.account_public_id IS NOT NULL AND s.effective_tier_id IS NOT DISTINCT FROM m.tier_id AS is_known,
            CASE WHEN NOT m.is_tier_retired THEN nullif(m.tier_mode, '') END AS given_mode, m.tier_mode AS has_mode,
            m.tier_until_at AS given_until, s.account_public_id IS NOT NULL AS has_state, s.look_on AS old_look_on,
            s.track_tier_id, s.kept_until, s.warned_until, s.manual_mode::text AS manual_mode, s.manual_tier_id, s.manual_until,
            s.is_manual_below
        FROM unnest(p_accounts, p_values) AS a (account, given)
        JOIN programs_membership m ON m.account_public_id = a.account AND m.program_public_id = p_program
            AND m.left_at IS NULL
        LEFT JOIN tiers_member_state s ON s.account_public_id = a.account),
    -- A tier that somebody else put into the membership is where the member stands from now on.
    stood AS (
        SELECT k.account, k.customer, k.has_id, k.has_mode, k.given, k.has_min, k.joined, k.is_known, k.has_state,
            k.old_look_on,
            CASE WHEN k.is_known THEN k.track_tier_id ELSE k.has_id END AS track_id,
            -- What was kept for ever, while all time counted, is kept to the end of the period when periods begin to count.
            CASE WHEN k.is_known AND (v_window = 'lifetime' OR k.kept_until < '9999-12-31') THEN k.kept_until
                END AS kept_until,
            CASE WHEN k.is_known THEN k.warned_until END AS warned_until,
            CASE WHEN k.is_known THEN k.manual_mode ELSE k.given_mode END AS mode,
            CASE WHEN k.is_known THEN k.manual_tier_id WHEN k.given_mode IS NOT NULL THEN k.has_id END AS manual_id,
            CASE WHEN k.is_known THEN k.manual_until ELSE k.given_until END AS manual_until,
            k.is_known AND k.is_manual_below AS is_below
        FROM known k),
    counted AS MATERIALIZED (
        SELECT s.*, w.kept_until AS until, w.step_until, w.period_start, w.period_end,
            coalesce(t.min_points, CASE WHEN s.track_id = s.has_id THEN s.has_min END, -1) AS track_min,
            s.track_id IS NOT NULL AND t.tier_id IS NULL AS is_retired, h.min_points AS manual_min,
            CASE v_column
                WHEN 'rule' THEN coalesce(s.given, 0)
                WHEN 'tenure' THEN greatest(0, tiers_period_number(s.joined, 1, w.counts_until - 1))
                ELSE coalesce(q.total, 0) END AS value,
            later.total AS later_value
        FROM stood s
        LEFT JOIN programs_tiers t ON t.tier_id = s.track_id
        LEFT JOIN programs_tiers h ON h.tier_id = s.manual_id
        CROSS JOIN LATERAL tiers_window(
            v_window, v_months, coalesce(v_anchor, s.joined), v_is_next, v_is_long, p_day) w
        LEFT JOIN LATERAL (
            SELECT sum(CASE v_column WHEN 'points' THEN d.points WHEN 'points_status' THEN d.points_status
                WHEN 'purchases' THEN d.purchases ELSE d.spend END) AS total
            FROM tiers_qualifying_day d WHERE v_is_summed AND d.account_public_id = s.account
            AND d.business_date >= w.counts_from AND d.business_date < w.counts_until) q ON true
        -- What will still count when the warning's days are over, or in the period that decides about the next one.
        LEFT JOIN LATERAL (
            SELECT sum(CASE v_column WHEN 'points' THEN d.points WHEN 'points_status' THEN d.points_status
                WHEN 'purchases' THEN d.purchases ELSE d.spend END) AS total
            FROM tiers_qualifying_day d WHERE v_is_summed AND p_mode = 'daily' AND d.account_public_id = s.account
            AND (v_window = 'rolling' OR v_is_next)
            AND d.business_date >= CASE v_window
                WHEN 'rolling' THEN (p_day + v_warn - make_interval(months => v_months))::date + 1 ELSE w.period_start END
            AND d.business_date <= p_day) later ON true),
    earned AS (
        SELECT c.*, v_ids[width_bucket(c.value, v_mins)] AS earned_id,
            coalesce(v_mins[width_bucket(c.value, v_mins)], -1)::bigint AS earned_min,
            -- A retired tier leads to the one that begins where it began, or below.
            width_bucket(c.track_min::numeric - (NOT c.is_retired)::integer, v_mins) AS below
        FROM counted c),
    -- The verdict: up, level, kept, or down.
    judged AS (
        SELECT e.*, CASE
            WHEN p_mode = 'changed' AND v_window = 'lifetime' THEN 'earned'
            WHEN e.earned_min >= e.track_min THEN CASE WHEN e.earned_min > e.track_min THEN 'earned' ELSE 'level' END
            WHEN p_mode = 'changed' AND e.is_retired THEN 'replaced'
            WHEN p_mode <> 'daily' OR v_downgrade = 'never' THEN 'kept'
            WHEN e.kept_until IS NULL OR p_day < e.kept_until + v_grace THEN 'kept'
            WHEN v_downgrade = 'one_step' AND coalesce(v_mins[e.below], -1) > e.earned_min THEN 'step'
            ELSE 'earned' END AS verdict
        FROM earned e),
    turned AS MATERIALIZED (
        SELECT j.*, CASE WHEN j.verdict IN ('earned', 'level') THEN j.earned_id
                WHEN j.verdict IN ('step', 'replaced') THEN v_ids[j.below] ELSE j.track_id END AS new_track_id,
            CASE WHEN j.verdict IN ('earned', 'level') THEN j.earned_min
                WHEN j.verdict IN ('step', 'replaced') THEN coalesce(v_mins[j.below], -1)::bigint
                ELSE j.track_min END AS new_track_min,
            CASE WHEN j.verdict = 'earned' THEN j.until WHEN j.verdict = 'level' THEN greatest(j.kept_until, j.until)
                WHEN j.verdict = 'step' THEN j.step_until ELSE coalesce(j.kept_until, j.until) END AS new_kept
        FROM judged j),
    laid AS (
        SELECT t.*, t.new_kept + v_grace AS falls_on,
            t.mode IS NOT NULL AND t.manual_min IS NOT NULL AND (t.manual_until IS NULL OR t.manual_until > p_now)
                AND NOT (t.mode = 'one_off' AND (p_mode = 'changed' OR t.is_below AND p_mode = 'earned')) AS is_manual,
            v_downgrade <> 'never' AND t.new_track_min > v_bottom AND t.new_kept < '9999-12-31' AS can_fall
        FROM turned t),
    overlaid AS (
        SELECT l.*, l.is_manual AND (l.mode = 'pin' OR l.is_below OR l.manual_min > l.new_track_min) AS is_decided_by_hand
        FROM laid l),
    decided AS (
        SELECT o.*, CASE WHEN o.is_decided_by_hand THEN o.manual_id ELSE o.new_track_id END AS effective_id,
            p_mode = 'daily' AND o.can_fall AND NOT o.is_decided_by_hand AND o.new_track_id IS NOT DISTINCT FROM o.track_id
                AND o.falls_on - v_warn <= p_day AND o.falls_on > p_day
                AND (o.warned_until IS NULL OR o.warned_until <= p_day)
                AND (NOT v_is_summed OR NOT (v_window = 'rolling' OR v_is_next)
                    OR coalesce(v_mins[width_bucket(coalesce(o.later_value, 0), v_mins)], -1) < o.new_track_min)
                AND (v_is_summed OR o.earned_min < o.new_track_min) AS is_to_warn,
            CASE WHEN v_is_daily AND (NOT v_is_summed OR o.can_fall OR v_is_next) THEN p_day + 1
                ELSE least(CASE WHEN v_is_next THEN o.period_end END, CASE WHEN o.can_fall THEN
                    greatest(p_day + 1, CASE WHEN p_day < o.falls_on - v_warn THEN o.falls_on - v_warn
                        ELSE o.falls_on END) END) END AS next_look_on
        FROM overlaid o),
    dated AS (
        SELECT d.*, CASE WHEN d.is_to_warn AND v_window = 'rolling' THEN (p_day + make_interval(months => v_months))::date
                WHEN d.is_to_warn THEN d.falls_on
                WHEN d.new_track_id IS NOT DISTINCT FROM d.track_id THEN d.warned_until END AS new_warned,
            -- What the daily run has still to look at stays due.
            CASE WHEN p_mode <> 'daily' AND d.is_known AND d.old_look_on <= p_day THEN d.old_look_on
                ELSE d.next_look_on END AS new_look_on
        FROM decided d)
    SELECT d.account, d.customer, d.has_id, d.effective_id, d.has_mode::text,
        CASE WHEN d.is_decided_by_hand THEN d.mode ELSE '' END, d.value, d.earned_id, d.earned_min,
        d.track_id, d.new_track_id, d.new_track_min, d.new_kept,
        CASE WHEN v_window = 'rolling' AND d.earned_min >= d.new_track_min THEN greatest(d.falls_on, p_day + v_warn)
            ELSE least(d.falls_on, '9999-12-31') END,
        CASE WHEN v_downgrade = 'one_step' THEN v_ids[width_bucket(d.new_track_min::numeric - 1, v_mins)]
            ELSE v_ids[least(width_bucket(d.new_track_min::numeric - 1, v_mins),
                width_bucket(CASE WHEN v_window = 'rolling' OR v_is_next THEN coalesce(d.later_value, 0)
                    WHEN d.falls_on >= d.period_end AND v_is_summed THEN 0 ELSE d.value END, v_mins))] END,
        d.new_warned, d.new_look_on,
        CASE WHEN d.is_manual THEN d.mode END, CASE WHEN d.is_manual THEN d.manual_id END,
        CASE WHEN d.is_manual THEN d.manual_until END, d.is_manual AND d.is_below, d.period_start, d.is_to_warn,
        -- Where nothing is due, nobody needs a state; the daily run writes one, so that it does not look again.
        CASE WHEN d.has_state THEN NOT d.is_known ELSE p_mode = 'daily' OR d.new_look_on IS NOT NULL
                OR d.mode IS NOT NULL END
            OR d.effective_id IS DISTINCT FROM d.has_id OR d.new_track_id IS DISTINCT FROM d.track_id
            OR d.has_state AND d.new_kept IS DISTINCT FROM d.kept_until OR d.new_look_on IS DISTINCT FROM d.old_look_on
            OR d.new_warned IS DISTINCT FROM d.warned_until OR d.mode IS NOT NULL AND NOT d.is_manual,
        CASE WHEN p_reason <> '' THEN p_reason
            WHEN d.mode IS NOT NULL AND d.manual_until <= p_now THEN 'manual_ended'
            WHEN d.new_track_min > d.track_min THEN 'qualified' ELSE 'not_kept' END,
        CASE WHEN p_reason = '' AND d.mode IS NOT NULL AND d.manual_until <= p_now THEN d.manual_until
            ELSE p_effective_at END
    FROM dated d;
END $$;
