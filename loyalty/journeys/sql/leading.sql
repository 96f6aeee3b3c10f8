-- Leading people elsewhere in sets, when a version is published, rolled back to or everybody is let go. The caller holds the
-- journey alone, so nobody moves meanwhile.

-- How somebody stood, as a publication keeps it in the step by which it leads the person away: journeys_return reads it.
CREATE OR REPLACE FUNCTION journeys_standing(p_execution journeys_execution, p_keeps boolean) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('state', p_execution.state, 'due_at', p_execution.due_at, 'timer', p_execution.timer,
        'heard_until', p_execution.heard_until, 'is_kept', p_keeps)
$$;

-- Has everybody who is inside at some nodes end there. Gives how many. With p_told, of a publication, it is kept how they stood.
CREATE OR REPLACE FUNCTION journeys_end_at(
    p_nodes bigint[], p_state text, p_branch text, p_reason text, p_now timestamptz, p_told jsonb DEFAULT NULL)
RETURNS bigint LANGUAGE sql AS $$
    WITH gone AS (
        UPDATE journeys_execution x SET state = p_state, due_at = NULL, ended_at = p_now, visit = x.visit + 1,
            reason = left(p_reason, 300)
        WHERE x.node_id = ANY (p_nodes) AND x.state IN ('NOT_STARTED', 'IN_PROGRESS', 'WAITING') AND NOT x.is_held_out
        RETURNING x.id, x.visit - 1 AS visit, x.node_id, x.entered_at
    ), logged AS (
        INSERT INTO journeys_step (execution_id, visit, node_id, branch, entered_at, left_at, result)
        SELECT g.id, g.visit, g.node_id, p_branch, g.entered_at, p_now, jsonb_build_object('reason', p_reason)
            || CASE WHEN p_told IS NULL THEN '{}' ELSE p_told || jsonb_build_object('back', (
                SELECT journeys_standing(p, false) FROM journeys_execution p WHERE p.id = g.id)) END
        FROM gone g
    )
    SELECT count(*) FROM gone
$$;

-- Leads everybody who is inside at a node, or those of p_ids who are there, to another node of the same journey. Where the two
-- are waits of one kind the timer runs on as it is (p_keeps); anywhere else they arrive there now. Gives how many. With p_told,
-- of a publication, it is kept how they stood.
CREATE OR REPLACE FUNCTION journeys_move(
    p_node bigint, p_target bigint, p_ids uuid[], p_keeps boolean, p_branch text, p_reason text, p_now timestamptz,
    p_told jsonb DEFAULT NULL)
RETURNS bigint LANGUAGE sql AS $$
    WITH moved AS (
        UPDATE journeys_execution x SET
            version_id = t.version_id,
            node_id = t.id,
            visit = x.visit + CASE t.kind WHEN 'end' THEN 2 ELSE 1 END,
            attempts = 0,
            state = CASE WHEN p_keeps THEN x.state WHEN t.kind = 'end' THEN 'COMPLETED'
                WHEN t.wait_seconds IS NOT NULL THEN 'WAITING' ELSE 'IN_PROGRESS' END,
            entered_at = CASE WHEN p_keeps THEN x.entered_at ELSE p_now END,
            due_at = CASE WHEN p_keeps THEN x.due_at WHEN t.kind = 'end' THEN NULL
                ELSE p_now + make_interval(secs => coalesce(t.wait_seconds, 0)) END,
            timer = CASE WHEN p_keeps THEN x.timer ELSE '' END,
            heard_until = CASE WHEN p_keeps THEN x.heard_until WHEN t.event_type <> '' THEN journeys_heard() END,
            ended_at = CASE WHEN NOT p_keeps AND t.kind = 'end' THEN p_now END,
            outcome = CASE WHEN t.kind = 'end' THEN t.outcome ELSE x.outcome END,
            goal_at = CASE WHEN t.is_goal THEN coalesce(x.goal_at, p_now) ELSE x.goal_at END
        FROM journeys_node t
        WHERE t.id = p_target AND x.node_id = p_node AND (p_ids IS NULL OR x.id = ANY (p_ids))
            AND x.state IN ('NOT_STARTED', 'IN_PROGRESS', 'WAITING') AND NOT x.is_held_out
        RETURNING x.id, x.customer_id, x.goal_at IS NOT NULL AS is_reached,
            x.visit - CASE t.kind WHEN 'end' THEN 2 ELSE 1 END AS visit, t.kind
    ), logged AS (
        INSERT INTO journeys_step (execution_id, visit, node_id, branch, entered_at, left_at, result)
        SELECT m.id, m.visit, p_node, p_branch, p.entered_at, p_now, jsonb_build_object('reason', p_reason)
            || CASE WHEN p_told IS NULL THEN '{}' ELSE p_told || jsonb_build_object('back', journeys_standing(p, p_keeps)) END
        FROM moved m JOIN journeys_execution p ON p.id = m.id
        UNION ALL
        SELECT m.id, m.visit + 1, p_target, '', p_now, p_now, NULL FROM moved m WHERE m.kind = 'end'
    ), published AS MATERIALIZED (
        SELECT journeys_tell_completed(p_target, array_agg(m.id), array_agg(m.customer_id), array_agg(m.is_reached), p_now)
        FROM moved m WHERE m.kind = 'end' HAVING count(*) > 0
    )
    SELECT count(*) FROM moved WHERE (SELECT count(*) FROM published) >= 0
$$;

-- Moves all timers of a journey by how long it stood still.
CREATE OR REPLACE FUNCTION journeys_thaw(p_journey bigint, p_by interval) RETURNS bigint LANGUAGE sql AS $$
    WITH moved AS (
        UPDATE journeys_execution x SET due_at = x.due_at + p_by, expires_at = x.expires_at + p_by
        WHERE x.journey_id = p_journey AND x.state IN ('NOT_STARTED', 'IN_PROGRESS', 'WAITING') AND NOT x.is_held_out
            AND (x.due_at IS NOT NULL OR x.expires_at IS NOT NULL)
        RETURNING 1
    )
    SELECT count(*) FROM moved
$$;
