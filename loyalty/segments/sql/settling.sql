-- Put the customers of newer facts in line to be looked at by the event-driven segments, in one statement for all of them.
-- A fact names its customer as its subject, or as customer_id among its data. The cursor begins at the present.
-- At most p_limit facts of the wanted types are taken; the others between them are passed over at once, because a recalculation
-- publishes more of them than there are purchases.
CREATE OR REPLACE FUNCTION segments_collect(p_types text[], p_limit integer, p_until bigint, p_now timestamptz)
RETURNS TABLE (read_count bigint, dirty_count bigint) LANGUAGE plpgsql AS $$
DECLARE
    v_from bigint;
    v_until bigint;
BEGIN
    INSERT INTO segments_eventcursor (name, position) VALUES ('events', p_until) ON CONFLICT DO NOTHING;
    SELECT c.position INTO v_from FROM segments_eventcursor c WHERE c.name = 'events' FOR UPDATE;
    SELECT max(w.position) INTO v_until FROM (
        SELECT o.position FROM events_log o
        WHERE o.position > v_from AND o.position <= p_until AND o.type = ANY(p_types)
        ORDER BY o.position LIMIT p_limit) w
    HAVING count(*) = p_limit;
    v_until := greatest(v_from, coalesce(v_until, p_until));
    read_count := v_until - v_from;
    dirty_count := 0;
    IF read_count > 0 THEN
        INSERT INTO segments_dirtycustomer AS d (customer_id, since, occurred_at, due_at)
        SELECT c.customer_id, p_now, min(b.occurred_at), p_now
        FROM (
            SELECT coalesce(CASE WHEN o.subject_kind = 'customer' THEN o.subject_ref END, o.data ->> 'customer_id') AS customer,
                o.occurred_at
            FROM events_log o WHERE o.position > v_from AND o.position <= v_until AND o.type = ANY(p_types)) b
        JOIN customers_directory c ON c.public_id = CASE
            WHEN b.customer ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' THEN b.customer::uuid END
        GROUP BY c.customer_id ORDER BY c.customer_id
        ON CONFLICT (customer_id) DO UPDATE SET since = p_now, due_at = least(d.due_at, p_now);
        GET DIAGNOSTICS dirty_count = ROW_COUNT;
        UPDATE segments_eventcursor e SET position = v_until WHERE e.name = 'events';
    END IF;
    RETURN NEXT;
END $$;
