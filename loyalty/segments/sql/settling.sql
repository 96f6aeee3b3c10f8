-- Put the customers of newer facts in line to be looked at by the event-driven segments, in one statement for all of them.
-- A fact names its customer as its subject, or as customer_id among its data. The cursor begins at the present.
CREATE OR REPLACE FUNCTION segments_collect(p_types text[], p_limit integer, p_horizon text, p_now timestamptz)
RETURNS TABLE (read_count bigint, dirty_count bigint) LANGUAGE plpgsql AS $$
DECLARE
    v_xid xid8;
    v_id bigint;
BEGIN
    INSERT INTO segments_eventcursor (name, xid, position) VALUES ('events', p_horizon, 0) ON CONFLICT DO NOTHING;
    SELECT c.xid::xid8, c.position INTO v_xid, v_id FROM segments_eventcursor c WHERE c.name = 'events' FOR UPDATE;
    CREATE TEMP TABLE IF NOT EXISTS segments_batch (
        xid xid8, id bigint, is_wanted boolean, customer text, occurred_at timestamptz) ON COMMIT DELETE ROWS;
    DELETE FROM segments_batch;
    INSERT INTO segments_batch
        SELECT o.xid, o.id, o.type = ANY(p_types),
            coalesce(CASE WHEN o.subject_kind = 'customer' THEN o.subject_ref END, o.data ->> 'customer_id'), o.occurred_at
        FROM events_outbox o
        WHERE (o.xid, o.id) > (v_xid, v_id) AND (o.xid < p_horizon::xid8 OR o.xid = pg_current_xact_id_if_assigned())
        ORDER BY o.xid, o.id LIMIT p_limit;
    GET DIAGNOSTICS read_count = ROW_COUNT;
    dirty_count := 0;
    IF read_count > 0 THEN
        INSERT INTO segments_dirtycustomer AS d (customer_id, since, occurred_at, due_at)
        SELECT c.customer_id, p_now, min(b.occurred_at), p_now
        FROM segments_batch b JOIN customers_directory c ON c.public_id = CASE
            WHEN b.customer ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' THEN b.customer::uuid END
        WHERE b.is_wanted GROUP BY c.customer_id ORDER BY c.customer_id
        ON CONFLICT (customer_id) DO UPDATE SET since = p_now, due_at = least(d.due_at, p_now);
        GET DIAGNOSTICS dirty_count = ROW_COUNT;
        UPDATE segments_eventcursor e SET xid = b.xid::text, position = b.id
        FROM (SELECT xid, id FROM segments_batch ORDER BY xid DESC, id DESC LIMIT 1) b WHERE e.name = 'events';
    END IF;
    RETURN NEXT;
END $$;
