-- Gives the transaction id below which every transaction of this database has ended.
-- pg_snapshot_xmin would be simpler, but it waits for the transactions of every database of the server, also for a
-- warehouse that loads for minutes. Ids below the snapshot's xmax were given out before this scan began, so one that is
-- still running shows in pg_stat_activity; ids above are left for the next round.
CREATE OR REPLACE FUNCTION events_horizon() RETURNS xid8 LANGUAGE plpgsql AS $$
DECLARE
    v_next bigint := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
    v_low bigint;
    -- Transaction ids of running backends have 32 bits; the distance back from v_next gives the full number.
    c_wrap CONSTANT bigint := 4294967296;
BEGIN
    PERFORM pg_stat_clear_snapshot();
    SELECT min(v_next - d.distance) INTO v_low FROM (
        SELECT (v_next % c_wrap - a.backend_xid::text::bigint + c_wrap) % c_wrap AS distance
        FROM pg_stat_activity a
        WHERE a.datname = current_database() AND a.backend_xid IS NOT NULL AND a.pid <> pg_backend_pid()) d
    WHERE d.distance < c_wrap / 2;
    RETURN least(v_next, coalesce(v_low, v_next))::text::xid8;
END $$;
-- Moves up to p_limit facts from the outbox to the inbox of each handler, and the cursor with them, in one statement's transaction.
-- Gives how many facts were read and how many inbox rows were made. A second relay waits on the cursor row and then finds nothing.
CREATE OR REPLACE FUNCTION events_relay(p_name text, p_handlers text[], p_types text[], p_ranks integer[],
    p_limit integer, p_horizon text, p_now timestamptz)
RETURNS TABLE (read_count bigint, made_count bigint) LANGUAGE plpgsql AS $$
DECLARE
    v_xid xid8;
    v_id bigint;
    v_last_xid xid8;
    v_last_id bigint;
    -- Taken by the caller before the rows are read here: what ended by then is visible to this statement.
    v_horizon CONSTANT xid8 := p_horizon::xid8;
BEGIN
    INSERT INTO events_relaycursor (name, xid, position) VALUES (p_name, '0', 0) ON CONFLICT DO NOTHING;
    SELECT c.xid::xid8, c.position INTO v_xid, v_id FROM events_relaycursor c WHERE c.name = p_name FOR UPDATE;
    CREATE TEMP TABLE IF NOT EXISTS relay_batch (LIKE events_outbox) ON COMMIT DELETE ROWS;
    DELETE FROM relay_batch;
    INSERT INTO relay_batch
        SELECT o.* FROM events_outbox o
        WHERE (o.xid, o.id) > (v_xid, v_id) AND (o.xid < v_horizon OR o.xid = pg_current_xact_id_if_assigned())
        ORDER BY o.xid, o.id LIMIT p_limit;
    GET DIAGNOSTICS read_count = ROW_COUNT;
    IF read_count = 0 THEN
        made_count := 0;
        RETURN NEXT;
        RETURN;
    END IF;
    INSERT INTO events_inboxentry (handler, event_id, type, key, rank, state, due_at, envelope)
        SELECT s.handler, b.event_id, b.type, b.key, s.rank, 'PENDING', p_now, jsonb_build_object(
            'id', b.event_id, 'type', b.type, 'version', b.version, 'key', b.key, 'subject_kind', b.subject_kind,
            'subject_ref', b.subject_ref, 'occurred_at', b.occurred_at, 'recorded_at', b.recorded_at,
            'correlation_id', b.correlation_id, 'causation_id', b.causation_id, 'data', b.data)
        FROM relay_batch b JOIN unnest(p_handlers, p_types, p_ranks) AS s (handler, type, rank) ON s.type = b.type
        ORDER BY b.xid, b.id, s.rank, s.handler
        ON CONFLICT (handler, event_id) DO NOTHING;
    GET DIAGNOSTICS made_count = ROW_COUNT;
    SELECT b.xid, b.id INTO v_last_xid, v_last_id FROM relay_batch b ORDER BY b.xid DESC, b.id DESC LIMIT 1;
    UPDATE events_relaycursor SET xid = v_last_xid::text, position = v_last_id WHERE name = p_name;
    RETURN NEXT;
END $$;
-- The readiness page calls a function, not a bare SELECT: a server whose libraries were swapped still answers the latter.
CREATE OR REPLACE FUNCTION events_ready() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RETURN EXISTS (SELECT 1 FROM events_relaycursor) OR true;
END $$;
