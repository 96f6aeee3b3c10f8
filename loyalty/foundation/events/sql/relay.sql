-- Makes the inbox rows of up to p_limit stored facts, not past p_until, and moves the cursor with them, in one statement's transaction.
-- Gives how many facts were read and how many inbox rows were made. A second relay waits on the cursor row and then finds nothing.
CREATE OR REPLACE FUNCTION events_relay(p_name text, p_handlers text[], p_types text[], p_ranks integer[],
    p_limit integer, p_until bigint, p_now timestamptz)
RETURNS TABLE (read_count bigint, made_count bigint) LANGUAGE plpgsql AS $$
DECLARE
    v_from bigint;
    v_until bigint;
BEGIN
    INSERT INTO events_relaycursor (name, position) VALUES (p_name, 0) ON CONFLICT DO NOTHING;
    SELECT c.position INTO v_from FROM events_relaycursor c WHERE c.name = p_name FOR UPDATE;
    v_until := greatest(v_from, least(v_from + p_limit, p_until));
    read_count := v_until - v_from;
    made_count := 0;
    IF read_count > 0 THEN
        INSERT INTO events_inboxentry (handler, event_id, type, key, rank, state, due_at, envelope)
            SELECT s.handler, b.event_id, b.type, b.key, s.rank, 'PENDING', p_now, jsonb_build_object(
                'id', b.event_id, 'type', b.type, 'version', b.version, 'key', b.key, 'subject_kind', b.subject_kind,
                'subject_ref', b.subject_ref, 'occurred_at', b.occurred_at, 'recorded_at', b.recorded_at,
                'correlation_id', b.correlation_id, 'causation_id', b.causation_id, 'data', b.data)
            FROM events_stored b JOIN unnest(p_handlers, p_types, p_ranks) AS s (handler, type, rank) ON s.type = b.type
            WHERE b.position > v_from AND b.position <= v_until
            ORDER BY b.position, s.rank, s.handler
            ON CONFLICT (handler, event_id) DO NOTHING;
        GET DIAGNOSTICS made_count = ROW_COUNT;
        UPDATE events_relaycursor SET position = v_until WHERE name = p_name;
    END IF;
    RETURN NEXT;
END $$;
-- The readiness page calls a function, not a bare SELECT: a server whose libraries were swapped still answers the latter.
CREATE OR REPLACE FUNCTION events_ready() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RETURN EXISTS (SELECT 1 FROM events_relaycursor) OR true;
END $$;
