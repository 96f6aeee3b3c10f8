-- Takes back what the publication of a version (p_number, p_version) did to people, when the one before counts again. The caller holds
-- the journey alone. Whom it led to another node, and who has taken no step since, stands again where it stood, in the version that it
-- was in, with the time that was left then; whom it led out comes in again there. Gives how many of each kind there are by the node
-- where they stood, and of those who wait for an event the executions, for the caller to look up what happened meanwhile:
--   back       stands again where it stood
--   again      was let out, and is inside again
--   moved_on   took a step since, or has ended: it stays as it is
--   happened   was let out, and since then something happened by which it would have left or is no newcomer any more: it stays out
--
-- p_frozen is for how many seconds timers stood still so far; p_types are facts by which people leave or have reached the goal, and
-- p_segment the segment that people are inside for as long as they are in the journey, or NULL.
CREATE OR REPLACE FUNCTION journeys_return(
    p_journey bigint, p_version bigint, p_number integer, p_frozen double precision, p_types text[], p_segment bigint,
    p_reason text, p_now timestamptz)
RETURNS TABLE (fate text, node_id bigint, people bigint, waiting uuid[]) LANGUAGE sql AS $$
    WITH led AS MATERIALIZED (
        SELECT DISTINCT ON (s.execution_id) s.execution_id AS id, s.visit, s.node_id, s.branch, s.entered_at, s.left_at,
            s.result -> 'back' AS back, (s.result ->> 'frozen')::double precision AS frozen
        FROM journeys_execution x JOIN journeys_step s ON s.execution_id = x.id
        WHERE x.journey_id = p_journey AND NOT x.is_held_out AND (x.version_id = p_version OR x.state = 'EXITED')
            AND (s.result ->> 'publication')::integer = p_number AND s.result ? 'back'
        ORDER BY s.execution_id, s.visit DESC
    ), seen AS MATERIALIZED (
        SELECT l.*, x.customer_id, x.key, CASE
            WHEN l.branch = 'exit' THEN CASE
                WHEN x.state <> 'EXITED' OR x.visit <> l.visit + 1 THEN 'moved_on'
                WHEN d.customer_id IS NULL OR d.status = 'CLOSED' THEN 'happened'
                WHEN p_segment IS NOT NULL AND NOT segments_contains(p_segment, x.customer_id) THEN 'happened'
                WHEN EXISTS (
                    SELECT FROM journeys_execution o WHERE o.customer_id = x.customer_id AND o.journey_id = x.journey_id
                        AND o.key = x.key AND o.state IN ('NOT_STARTED', 'IN_PROGRESS', 'WAITING') AND NOT o.is_held_out)
                    THEN 'happened'
                WHEN EXISTS (
                    SELECT FROM unnest(p_types) t JOIN events_log e ON hashtextextended(e.key || ' ' || e.type, 0)
                            = hashtextextended(d.public_id::text || ' ' || t, 0)
                        AND e.key = d.public_id::text AND e.type = t
                    WHERE e.recorded_at >= l.left_at OR e.occurred_at >= l.left_at) THEN 'happened'
                ELSE 'again' END
            WHEN x.version_id <> p_version OR x.state NOT IN ('NOT_STARTED', 'IN_PROGRESS', 'WAITING') THEN 'moved_on'
            WHEN EXISTS (
                SELECT FROM journeys_step t WHERE t.execution_id = l.id AND t.visit > l.visit
                    AND NOT coalesce(t.result ? 'publication', false)) THEN 'moved_on'
            ELSE 'back' END AS fate
        FROM led l JOIN journeys_execution x ON x.id = l.id
        LEFT JOIN customers_directory d ON d.customer_id = x.customer_id
    ), judged AS MATERIALIZED (
        -- Let out twice by the same version, published, taken back and published again: only the last time is taken back.
        SELECT e.id, e.node_id, e.entered_at, e.back, e.frozen, CASE
            WHEN e.fate = 'again' AND row_number() OVER (
                PARTITION BY e.customer_id, e.key, e.fate ORDER BY e.left_at DESC, e.id DESC) > 1 THEN 'happened'
            ELSE e.fate END AS fate
        FROM seen e
    ), returned AS (
        UPDATE journeys_execution x SET
            version_id = n.version_id,
            node_id = n.id,
            visit = x.visit + CASE j.fate WHEN 'back' THEN 1 ELSE 0 END,
            attempts = 0,
            -- Whoever waited for an event counts as coming until the caller has looked up what happened meanwhile.
            state = CASE WHEN (j.back ->> 'is_kept')::boolean THEN x.state
                WHEN n.event_type <> '' THEN 'IN_PROGRESS' ELSE j.back ->> 'state' END,
            entered_at = j.entered_at,
            due_at = CASE WHEN (j.back ->> 'is_kept')::boolean THEN x.due_at
                ELSE (j.back ->> 'due_at')::timestamptz + make_interval(secs => p_frozen - j.frozen) END,
            timer = CASE WHEN (j.back ->> 'is_kept')::boolean THEN x.timer ELSE j.back ->> 'timer' END,
            heard_until = CASE WHEN (j.back ->> 'is_kept')::boolean THEN x.heard_until
                ELSE (j.back ->> 'heard_until')::bigint END,
            expires_at = CASE j.fate WHEN 'again' THEN x.expires_at + make_interval(secs => p_frozen - j.frozen)
                ELSE x.expires_at END,
            ended_at = NULL,
            reason = CASE j.fate WHEN 'again' THEN '' ELSE x.reason END
        FROM judged j JOIN journeys_node n ON n.id = j.node_id
        WHERE x.id = j.id AND j.fate IN ('back', 'again')
        RETURNING x.id, x.visit, j.fate,
            n.event_type <> '' AND NOT (j.back ->> 'is_kept')::boolean AND j.back ->> 'state' = 'WAITING' AS is_waiting
    ), logged AS (
        INSERT INTO journeys_step (execution_id, visit, node_id, branch, entered_at, left_at, result)
        SELECT r.id, r.visit - 1, p.node_id, 'returned', p.entered_at, p_now,
            jsonb_build_object('reason', p_reason, 'publication', p_number)
        FROM returned r JOIN journeys_execution p ON p.id = r.id WHERE r.fate = 'back'
    )
    SELECT j.fate, j.node_id, count(*), array_agg(j.id) FILTER (WHERE r.is_waiting)
    FROM judged j LEFT JOIN returned r ON r.id = j.id GROUP BY j.fate, j.node_id ORDER BY j.node_id, j.fate
$$;
