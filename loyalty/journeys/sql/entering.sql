-- Lets people in, in sets. p_people is a temporary set named by the caller; here come its arrays, one entry for each person.
-- p_settings holds: journey, version, start (node), re_entry, cool_down_days, holdout_percent, salt, max_duration_days.
-- Who may not come in (re-entry), who is inside already (one per key), and who came by this occurrence before is passed by.
-- `journeys_entry_outcomes` tells why, for whoever asks before or after.
-- A part of the people, always the same, is held out: written down to compare with, never stepped. `journey.started` is published
-- for everybody else. Each person is looked up alone (OFFSET 0), by the customer: statistics that know nothing yet of a new journey
-- would have all of its people read for each of those who come, or all customers for each set. Planned for each call, because a plan
-- for any number of people is one for ten.
-- Whom a fact leads in waits for what stands behind it in the event store (p_positions), whoever else for what is read from now on.
DROP FUNCTION IF EXISTS journeys_enter(jsonb, bigint[], text[], uuid[], jsonb[], timestamptz);
CREATE OR REPLACE FUNCTION journeys_enter(
    p_settings jsonb, p_customers bigint[], p_keys text[], p_occurrences uuid[], p_contexts jsonb[], p_now timestamptz,
    p_positions bigint[] DEFAULT NULL)
RETURNS TABLE (entered bigint, held_out bigint) LANGUAGE plpgsql SET jit = off SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
    v_journey bigint := (p_settings ->> 'journey')::bigint;
    v_version bigint := (p_settings ->> 'version')::bigint;
    v_start bigint := (p_settings ->> 'start')::bigint;
    v_re_entry text := p_settings ->> 're_entry';
    v_since timestamptz := p_now - make_interval(days => coalesce((p_settings ->> 'cool_down_days')::integer, 0));
    v_salt text := p_settings ->> 'salt';
    v_holdout integer := round(coalesce((p_settings ->> 'holdout_percent')::numeric, 0) * 100)::integer;
    v_expires timestamptz := p_now + make_interval(days => (p_settings ->> 'max_duration_days')::integer);
    v_prefix text := lpad(to_hex((extract(epoch FROM p_now) * 1000)::bigint), 12, '0') || '7'
        || lpad(to_hex((random() * 4095)::integer), 3, '0') || '8';
    v_seed text := gen_random_uuid()::text;
    v_target journeys_node%ROWTYPE;
    v_told jsonb;
BEGIN
    SELECT jsonb_build_object('journey_id', j.public_id, 'journey_name', j.name, 'journey_version', v.number) INTO STRICT v_told
    FROM journeys_version v JOIN journeys_journey j ON j.id = v.journey_id WHERE v.id = v_version;
    SELECT t.* INTO STRICT v_target FROM journeys_edge e JOIN journeys_node t ON t.id = e.target_id
    WHERE e.source_id = v_start AND e.branch = 'next';
    RETURN QUERY
    WITH wanted AS MATERIALIZED (
        SELECT DISTINCT ON (u.customer_id, u.key) u.customer_id, u.key, u.occurrence, u.context, u.position, d.public_id,
            v_holdout > 0 AND journeys_bucket(v_salt, d.public_id, 10000) < v_holdout AS is_held_out,
            (v_prefix || left(md5(v_seed || u.n), 15))::uuid AS id
        FROM unnest(p_customers, p_keys, p_occurrences, p_contexts, p_positions) WITH ORDINALITY
            u (customer_id, key, occurrence, context, position, n)
        CROSS JOIN LATERAL (
            SELECT c.public_id FROM customers_directory c WHERE c.customer_id = u.customer_id OFFSET 0) d
        WHERE NOT EXISTS (
            SELECT 1 FROM (SELECT * FROM journeys_execution e WHERE e.customer_id = u.customer_id OFFSET 0) x
            WHERE x.journey_id = v_journey AND CASE
                -- Who is held out once stays so, and is counted once.
                WHEN x.is_held_out THEN v_holdout > 0
                WHEN x.occurrence = u.occurrence THEN true
                WHEN x.ended_at IS NULL AND x.key = u.key THEN true
                WHEN v_re_entry = 'never' THEN x.key = u.key
                WHEN v_re_entry = 'cool_down' THEN x.key = u.key AND x.started_at > v_since
                ELSE false END)
        ORDER BY u.customer_id, u.key, u.n
    ), placed AS (
        INSERT INTO journeys_execution (id, journey_id, version_id, node_id, customer_id, key, occurrence, state, visit, attempts,
            is_held_out, started_at, entered_at, due_at, expires_at, goal_at, heard_until,
            ended_at, outcome, reason)
        SELECT w.id, v_journey, v_version, CASE WHEN w.is_held_out THEN v_start ELSE v_target.id END, w.customer_id, w.key,
            w.occurrence,
            CASE WHEN w.is_held_out THEN 'NOT_STARTED' WHEN v_target.kind = 'end' THEN 'COMPLETED'
                WHEN v_target.wait_seconds IS NOT NULL THEN 'WAITING' ELSE 'IN_PROGRESS' END,
            CASE WHEN w.is_held_out THEN 1 WHEN v_target.kind = 'end' THEN 3 ELSE 2 END, 0,
            w.is_held_out, p_now, p_now,
            CASE WHEN NOT w.is_held_out AND v_target.kind <> 'end'
                THEN p_now + make_interval(secs => coalesce(v_target.wait_seconds, 0)) END,
            CASE WHEN NOT w.is_held_out THEN v_expires END,
            CASE WHEN NOT w.is_held_out AND v_target.is_goal THEN p_now END,
            CASE WHEN NOT w.is_held_out AND v_target.event_type <> '' THEN coalesce(w.position, journeys_heard()) END,
            CASE WHEN NOT w.is_held_out AND v_target.kind = 'end' THEN p_now END,
            CASE WHEN NOT w.is_held_out THEN v_target.outcome ELSE '' END,
            CASE WHEN w.is_held_out THEN 'held out' ELSE '' END
        FROM wanted w
        ON CONFLICT DO NOTHING
        RETURNING id, customer_id, key, is_held_out
    ), logged AS (
        INSERT INTO journeys_step (execution_id, visit, node_id, branch, entered_at, left_at, result)
        SELECT p.id, 1, v_start, 'next', p_now, p_now, NULL::jsonb FROM placed p WHERE NOT p.is_held_out
        UNION ALL
        SELECT p.id, 2, v_target.id, '', p_now, p_now, NULL::jsonb FROM placed p WHERE NOT p.is_held_out AND v_target.kind = 'end'
    ), told AS (
        INSERT INTO journeys_context (execution_id, data)
        SELECT p.id, w.context FROM placed p JOIN wanted w ON w.id = p.id
        WHERE w.context IS NOT NULL AND NOT p.is_held_out
    ), published AS (
        -- One fact for each who came in, and another where the start leads straight to an end. Its id is made of the execution's: a
        -- random one costs a call to the operating system for each.
        INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, data)
        SELECT md5('journey.started ' || w.id)::uuid, 'journey.started', w.public_id::text, 'customer', w.public_id::text, p_now,
            v_told || jsonb_build_object('customer_id', w.public_id, 'execution_id', w.id)
        FROM wanted w JOIN placed p ON p.id = w.id WHERE NOT p.is_held_out
        UNION ALL
        SELECT md5('journey.completed ' || w.id)::uuid, 'journey.completed', w.public_id::text, 'customer', w.public_id::text, p_now,
            v_told || jsonb_build_object('customer_id', w.public_id, 'execution_id', w.id, 'outcome', v_target.outcome,
                'is_goal', v_target.is_goal)
        FROM wanted w JOIN placed p ON p.id = w.id WHERE NOT p.is_held_out AND v_target.kind = 'end'
    )
    SELECT count(*) FILTER (WHERE NOT p.is_held_out), count(*) FILTER (WHERE p.is_held_out) FROM placed p;
END $$;
