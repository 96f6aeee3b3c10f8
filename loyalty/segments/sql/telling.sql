-- Publish one fact for each customer who came or went.
CREATE OR REPLACE FUNCTION segments_tell_members(
    p_type text, p_customers bigint[], p_segment uuid, p_name text, p_cause text, p_now timestamptz
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    told bigint;
BEGIN
    INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, data)
    SELECT events_new_id(p_now, u), p_type, c.public_id::text, 'customer', c.public_id::text, p_now,
        jsonb_build_object('customer_id', c.public_id::text, 'segment_id', p_segment::text, 'segment_name', p_name,
            'cause', p_cause)
    FROM unnest(p_customers) u JOIN customers_directory c ON c.customer_id = u
    ORDER BY u;
    GET DIAGNOSTICS told = ROW_COUNT;
    RETURN told;
END $$;
