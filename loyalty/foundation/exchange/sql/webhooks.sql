-- Makes the deliveries of newer facts for every endpoint that is told of them, and moves the endpoints' positions with them; gives how many.
-- The body is the fact as a CloudEvent; it is made once, so that every try sends and signs the same.
DROP FUNCTION IF EXISTS exchange_fan_out(bigint, bigint, text, timestamptz);
CREATE OR REPLACE FUNCTION exchange_fan_out(p_until bigint, p_limit bigint, p_source text, p_types text[], p_now timestamptz)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_made bigint;
BEGIN
    WITH told AS MATERIALIZED (
        SELECT e.id, e.types, e.position, least(p_until, e.position + p_limit) AS until FROM exchange_webhookendpoint e
        WHERE e.state <> 'DISABLED' AND e.position < p_until ORDER BY e.id FOR UPDATE
    ), moved AS (
        UPDATE exchange_webhookendpoint e SET position = t.until FROM told t WHERE t.id = e.id
    )
    INSERT INTO exchange_webhookdelivery (public_id, endpoint_id, event_id, type, key, body, created_at, due_at)
        SELECT gen_random_uuid(), t.id, s.event_id, s.type, s.key, events_cloud_event(s, p_source, p_types)::text, p_now, p_now
        FROM told t JOIN events_stored s ON s.position > t.position AND s.position <= t.until
        WHERE exchange_is_told(t.types, s.type)
        ORDER BY s.position, t.id
        ON CONFLICT (endpoint_id, event_id) DO NOTHING;
    GET DIAGNOSTICS v_made = ROW_COUNT;
    RETURN v_made;
END $$;

-- Tells whether a list of types (names, or beginnings with a star; none means all) has a type in it.
CREATE OR REPLACE FUNCTION exchange_is_told(p_types text[], p_type text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT cardinality(p_types) = 0 OR EXISTS (
        SELECT 1 FROM unnest(p_types) t WHERE t = p_type OR (right(t, 1) = '*' AND starts_with(p_type, left(t, -1))))
$$;

-- Puts facts in line again for one endpoint: those recorded from an instant on, of one key if one is given. What was never made for it
-- is made, what was delivered or has failed begins anew with the same id, by which the receiver knows it.
DROP FUNCTION IF EXISTS exchange_replay(bigint, timestamptz, text, text, timestamptz);
CREATE OR REPLACE FUNCTION exchange_replay(
    p_endpoint bigint, p_since timestamptz, p_key text, p_source text, p_types text[], p_now timestamptz)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_made bigint;
BEGIN
    INSERT INTO exchange_webhookdelivery AS d (public_id, endpoint_id, event_id, type, key, body, created_at, due_at)
        SELECT gen_random_uuid(), e.id, s.event_id, s.type, s.key, events_cloud_event(s, p_source, p_types)::text, p_now, p_now
        FROM exchange_webhookendpoint e JOIN events_stored s ON s.position <= e.position
        WHERE e.id = p_endpoint AND s.recorded_at >= p_since AND (p_key = '' OR s.key = p_key) AND exchange_is_told(e.types, s.type)
        ORDER BY s.position
        ON CONFLICT (endpoint_id, event_id) DO UPDATE SET state = 'PENDING', attempts = 0, due_at = p_now, delivered_at = NULL
        WHERE d.state <> 'PENDING';
    GET DIAGNOSTICS v_made = ROW_COUNT;
    RETURN v_made;
END $$;
