-- Gives the id of a fact made at p_at: a UUID of version 7 (RFC 9562, 5.7), so that facts made one after another have neighbouring ids.
-- An index over millions of ids that lie anywhere touches another page for each fact, and logs the page whole after each checkpoint.
CREATE OR REPLACE FUNCTION events_new_id(p_at timestamptz) RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    -- Of 48 bits of milliseconds and a random id; its version 4 becomes 7 by two bits.
    SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
        PLACING substring(int8send((extract(epoch FROM p_at) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid
$$;
