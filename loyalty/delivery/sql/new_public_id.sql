-- A UUID version 7 (RFC 9562): the first 48 bits are the millisecond of an instant, so that rows made together lie
-- together in the index. PostgreSQL has its own uuidv7() only from version 18 on.
CREATE OR REPLACE FUNCTION delivery_new_public_id(p_now timestamptz) RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT encode(
        set_bit(set_bit(
            overlay(uuid_send(gen_random_uuid())
                PLACING substring(int8send((extract(epoch FROM p_now) * 1000)::bigint) FROM 3)
                FROM 1 FOR 6),
            52, 1), 53, 1),
        'hex')::uuid
$$;
