-- Moving people in sets. Whoever calls these holds the journey's row (FOR SHARE), so that nobody moves while a version is
-- published, a journey is paused or everybody is let go.

-- The bucket of a customer from 0: the first 8 hexadecimal digits of MD5 over salt, colon and public id, modulo the count.
-- `rules.bucket_of` says the same for one.
CREATE OR REPLACE FUNCTION journeys_bucket(p_salt text, p_customer uuid, p_count integer) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (('x' || left(md5(p_salt || ':' || p_customer::text), 8))::bit(32)::bigint % p_count)::integer
$$;

-- How far facts have been read for journeys.
CREATE OR REPLACE FUNCTION journeys_heard() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT c.position FROM journeys_factcursor c WHERE c.name = 'events'), 0)
$$;

-- Takes the people of one node whose time has come, up to p_limit, oldest first; rows that another worker holds are passed by.
CREATE OR REPLACE FUNCTION journeys_claim(p_node bigint, p_now timestamptz, p_limit integer) RETURNS uuid[]
LANGUAGE sql AS $$
    SELECT coalesce(array_agg(d.id), '{}') FROM (
        SELECT x.id FROM journeys_execution x WHERE x.node_id = p_node AND x.due_at <= p_now
        ORDER BY x.due_at LIMIT p_limit FOR UPDATE SKIP LOCKED) d
$$;

-- Whether a person who is at a node has left it a hundred times before: a circle has to end some time.
CREATE OR REPLACE FUNCTION journeys_is_circling(p_execution uuid, p_node bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT count(*) >= 100 FROM journeys_step s WHERE s.execution_id = p_execution AND s.node_id = p_node
$$;

-- Publishes `journey.completed` for people who came to an end of a version, in one statement. The id of a fact is made of the
-- execution's, which ends once: a random one costs a call to the operating system for each.
CREATE OR REPLACE FUNCTION journeys_tell_completed(
    p_node bigint, p_ids uuid[], p_customers bigint[], p_reached boolean[], p_now timestamptz) RETURNS void LANGUAGE sql AS $$
    INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, data)
    SELECT md5('journey.completed ' || u.id)::uuid, 'journey.completed', d.public_id::text, 'customer', d.public_id::text, p_now,
        jsonb_build_object('customer_id', d.public_id, 'journey_id', j.public_id, 'journey_name', j.name,
            'execution_id', u.id, 'journey_version', v.number, 'outcome', n.outcome, 'is_goal', u.is_reached)
    FROM journeys_node n JOIN journeys_version v ON v.id = n.version_id JOIN journeys_journey j ON j.id = v.journey_id
    CROSS JOIN unnest(p_ids, p_customers, p_reached) u (id, customer_id, is_reached)
    -- One look-up for each: a planner that does not know how few they are would read all customers.
    CROSS JOIN LATERAL (
        SELECT c.public_id FROM customers_directory c WHERE c.customer_id = u.customer_id LIMIT 1) d
    WHERE n.id = p_node AND n.kind = 'end'
$$;

-- Has people, who are all at one node and held by the caller, leave it by a branch each, and arrive where that leads: one statement
-- writes where they are, when they are due next, and the log of the step. At an end they are through; where a wait is only a
-- length of time they wait from now on; where a branch leads nowhere they have failed, with p_reasons. Gives how many moved.
--
-- Since when they were there (p_entered) a caller who has read their rows hands in. Else it is looked up for each of them as they
-- were before this statement, which is all that it sees of them; RETURNING gives it by itself only from PostgreSQL 18 on.
CREATE OR REPLACE FUNCTION journeys_leave(
    p_node bigint, p_ids uuid[], p_branches text[], p_results jsonb[], p_reasons text[], p_now timestamptz,
    p_entered timestamptz[] DEFAULT NULL) RETURNS bigint
LANGUAGE sql AS $$
    WITH ways AS MATERIALIZED (
        SELECT b.branch, t.id AS target_id, t.kind, t.wait_seconds, t.outcome, t.is_goal,
            CASE WHEN t.id IS NULL THEN 'FAILED' WHEN t.kind = 'end' THEN 'COMPLETED'
                WHEN t.wait_seconds IS NOT NULL THEN 'WAITING' ELSE 'IN_PROGRESS' END AS state,
            CASE WHEN t.id IS NULL OR t.kind = 'end' THEN NULL
                ELSE p_now + make_interval(secs => coalesce(t.wait_seconds, 0)) END AS due_at,
            CASE WHEN t.event_type <> '' THEN journeys_heard() END AS heard_until
        FROM (SELECT DISTINCT u FROM unnest(p_branches || ''::text) u) b (branch)
        LEFT JOIN journeys_edge e ON e.source_id = p_node AND e.branch = b.branch
        LEFT JOIN journeys_node t ON t.id = e.target_id
    ), moved AS (
        UPDATE journeys_execution x SET
            node_id = coalesce(w.target_id, x.node_id),
            visit = x.visit + CASE w.kind WHEN 'end' THEN 2 ELSE 1 END,
            attempts = 0,
            timer = '',
            state = w.state,
            entered_at = p_now,
            due_at = w.due_at,
            heard_until = w.heard_until,
            ended_at = CASE WHEN w.due_at IS NULL THEN p_now END,
            outcome = CASE WHEN w.kind = 'end' THEN w.outcome ELSE x.outcome END,
            goal_at = CASE WHEN w.is_goal THEN coalesce(x.goal_at, p_now) ELSE x.goal_at END,
            reason = CASE WHEN w.target_id IS NOT NULL THEN x.reason
                WHEN w.branch = '' THEN 'journeys.loop_bound'
                ELSE left(coalesce(g.reason, g.branch), 300) END
        FROM unnest(p_ids, p_branches, p_results, p_reasons, p_entered) g (id, branch, result, reason, entered_at), ways w
        WHERE x.id = g.id AND w.branch = CASE WHEN x.visit > 100 AND journeys_is_circling(x.id, p_node) THEN '' ELSE g.branch END
            AND x.node_id = p_node AND x.state IN ('NOT_STARTED', 'IN_PROGRESS', 'WAITING') AND NOT x.is_held_out
        RETURNING x.id, x.customer_id, x.goal_at IS NOT NULL AS is_reached,
            x.visit - CASE w.kind WHEN 'end' THEN 2 ELSE 1 END AS visit, g.branch, g.result, g.entered_at, w.kind,
            w.target_id
    ), logged AS (
        INSERT INTO journeys_step (execution_id, visit, node_id, branch, entered_at, left_at, result)
        SELECT m.id, m.visit, p_node, m.branch,
            coalesce(m.entered_at, (SELECT p.entered_at FROM journeys_execution p WHERE p.id = m.id)), p_now, m.result
        FROM moved m
        UNION ALL
        SELECT m.id, m.visit + 1, m.target_id, '', p_now, p_now, NULL FROM moved m WHERE m.kind = 'end'
    ), ended AS MATERIALIZED (
        SELECT m.target_id, array_agg(m.id) AS ids, array_agg(m.customer_id) AS customers, array_agg(m.is_reached) AS reached
        FROM moved m WHERE m.kind = 'end' GROUP BY m.target_id
    ), published AS MATERIALIZED (
        SELECT e.target_id, journeys_tell_completed(e.target_id, e.ids, e.customers, e.reached, p_now) FROM ended e
    )
    SELECT count(*) FROM moved WHERE (SELECT count(*) FROM published) >= 0
$$;

-- Has those whose time has come at a node leave it, all by one branch; the way of timers, by the thousand. Gives how many.
CREATE OR REPLACE FUNCTION journeys_fire(p_node bigint, p_branch text, p_now timestamptz, p_limit integer) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_ids uuid[];
    v_entered timestamptz[];
BEGIN
    -- As journeys_claim, with what the log needs of the rows that are read here anyway.
    SELECT array_agg(d.id), array_agg(d.entered_at) INTO v_ids, v_entered FROM (
        SELECT x.id, x.entered_at FROM journeys_execution x WHERE x.node_id = p_node AND x.due_at <= p_now
        ORDER BY x.due_at LIMIT p_limit FOR UPDATE SKIP LOCKED) d;
    IF v_ids IS NULL THEN
        RETURN 0;
    END IF;
    RETURN journeys_leave(p_node, v_ids, array_fill(p_branch, ARRAY[cardinality(v_ids)]), NULL, NULL, p_now, v_entered);
END $$;

-- Has people at a split, held by the caller, leave it by the branch that their bucket falls into: the same customer and salt, the
-- same branch. Branch i holds the buckets below p_ceilings[i] that no earlier one holds; the last ceiling is the number of buckets.
CREATE OR REPLACE FUNCTION journeys_split(
    p_node bigint, p_ids uuid[], p_salt text, p_codes text[], p_ceilings integer[], p_now timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_ids uuid[];
    v_branches text[];
    v_entered timestamptz[];
BEGIN
    SELECT array_agg(x.id), array_agg(x.entered_at), array_agg(p_codes[1 + width_bucket(
            journeys_bucket(p_salt, coalesce(d.public_id, x.id), p_ceilings[cardinality(p_ceilings)]), p_ceilings)])
    INTO v_ids, v_entered, v_branches
    FROM journeys_execution x LEFT JOIN customers_directory d ON d.customer_id = x.customer_id WHERE x.id = ANY (p_ids);
    IF v_ids IS NULL THEN
        RETURN 0;
    END IF;
    RETURN journeys_leave(p_node, v_ids, v_branches, NULL, NULL, p_now, v_entered);
END $$;

-- Has people end, wherever they are: out of the journey, cancelled, past their time. Gives how many were inside.
CREATE OR REPLACE FUNCTION journeys_end(p_ids uuid[], p_state text, p_branch text, p_reason text, p_now timestamptz)
RETURNS bigint LANGUAGE sql AS $$
    WITH gone AS (
        UPDATE journeys_execution x SET state = p_state, due_at = NULL, ended_at = p_now, visit = x.visit + 1,
            reason = left(p_reason, 300)
        WHERE x.id = ANY (p_ids) AND x.state IN ('NOT_STARTED', 'IN_PROGRESS', 'WAITING') AND NOT x.is_held_out
        RETURNING x.id, x.visit - 1 AS visit, x.node_id, x.entered_at
    ), logged AS (
        INSERT INTO journeys_step (execution_id, visit, node_id, branch, entered_at, left_at, result)
        SELECT g.id, g.visit, g.node_id, p_branch, g.entered_at, p_now, jsonb_build_object('reason', p_reason) FROM gone g
    )
    SELECT count(*) FROM gone
$$;
