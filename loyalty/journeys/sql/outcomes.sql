-- What becomes of each of a set of people who would come into a journey now, by one occurrence and under one key: the codes of
-- `EntryOutcome`. It asks what `journeys_enter` asks, and says which answer it was; who may come in is 'entered' or 'held_out'.
-- Each person is looked up alone (OFFSET 0), for the reason that is told there.
CREATE OR REPLACE FUNCTION journeys_entry_outcomes(
    p_settings jsonb, p_customers bigint[], p_key text, p_occurrence uuid, p_now timestamptz)
RETURNS TABLE (customer_id bigint, outcome text) LANGUAGE plpgsql STABLE
SET jit = off SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
    v_journey bigint := (p_settings ->> 'journey')::bigint;
    v_re_entry text := p_settings ->> 're_entry';
    v_since timestamptz := p_now - make_interval(days => coalesce((p_settings ->> 'cool_down_days')::integer, 0));
    v_salt text := p_settings ->> 'salt';
    v_holdout integer := round(coalesce((p_settings ->> 'holdout_percent')::numeric, 0) * 100)::integer;
BEGIN
    RETURN QUERY
    SELECT u.customer_id, CASE
        WHEN d.public_id IS NULL THEN 'customer_unknown'
        WHEN d.status = 'CLOSED' THEN 'customer_closed'
        WHEN came.was_held_out THEN 'held_out_before'
        WHEN came.is_inside OR came.is_the_same THEN 'already_inside'
        WHEN v_re_entry = 'never' AND came.was_here THEN 're_entry_refused'
        WHEN v_re_entry = 'cool_down' AND came.was_here_lately THEN 're_entry_too_soon'
        WHEN v_holdout > 0 AND journeys_bucket(v_salt, d.public_id, 10000) < v_holdout THEN 'held_out'
        ELSE 'entered' END
    FROM (SELECT DISTINCT m AS customer_id FROM unnest(p_customers) m) u
    LEFT JOIN LATERAL (
        SELECT c.public_id, c.status FROM customers_directory c WHERE c.customer_id = u.customer_id OFFSET 0) d ON true
    CROSS JOIN LATERAL (
        SELECT bool_or(x.is_held_out AND v_holdout > 0) AS was_held_out,
            bool_or(NOT x.is_held_out AND x.occurrence = p_occurrence) AS is_the_same,
            bool_or(NOT x.is_held_out AND x.key = p_key AND x.ended_at IS NULL) AS is_inside,
            bool_or(NOT x.is_held_out AND x.key = p_key) AS was_here,
            bool_or(NOT x.is_held_out AND x.key = p_key AND x.started_at > v_since) AS was_here_lately
        FROM (SELECT * FROM journeys_execution e WHERE e.customer_id = u.customer_id OFFSET 0) x
        WHERE x.journey_id = v_journey) came;
END $$;
