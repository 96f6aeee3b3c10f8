-- Gives the id of the fact of p_number among those that a statement makes at p_at: a UUID of version 7 (RFC 9562, 5.7 and 6.2, method 1), so
-- that facts made one after another have neighbouring ids, those of one statement too. An index that is filled with ids that lie anywhere
-- is searched anew for each fact; one that is filled at its end is not, and fewer of its pages go into the log whole after a checkpoint.
DROP FUNCTION IF EXISTS events_new_id(timestamptz);
CREATE OR REPLACE FUNCTION events_new_id(p_at timestamptz, p_number bigint) RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    -- Twelve digits of milliseconds; 7, the version, and three of the number; 8, the variant, and three more of it; twelve of chance.
    SELECT (lpad(to_hex(floor(date_part('epoch', p_at) * 1000)::bigint), 12, '0')
        || to_hex(x'70008000'::bigint + ((p_number >> 12 & 4095) << 16) + (p_number & 4095))
        || right(gen_random_uuid()::text, 12))::uuid
$$;
