-- The positions of the set bits of every byte: with it a chunk becomes rows by one hash join. A constant, not a model.
CREATE TABLE IF NOT EXISTS segments_segmentbit (
    byte smallint NOT NULL, position smallint NOT NULL, PRIMARY KEY (byte, position));
INSERT INTO segments_segmentbit (byte, position)
    SELECT b, p FROM generate_series(0, 255) b, generate_series(0, 7) p WHERE (b >> p) & 1 = 1
ON CONFLICT DO NOTHING;
ANALYZE segments_segmentbit;
-- A chunk is 256 bytes that bits fill evenly; looking for something to compress in them costs more than it gives.
ALTER TABLE segments_segmentchunk ALTER COLUMN bits SET STORAGE PLAIN;

-- Contract view: who is in which segment, by the customer's internal id alone.
CREATE OR REPLACE VIEW segments_member_ids AS
    SELECT c.segment_id, (c.chunk << 11) + (b << 3) + t.position AS customer_id
    FROM segments_segmentchunk c
    CROSS JOIN LATERAL generate_series(0, 255) b
    JOIN segments_segmentbit t ON t.byte = get_byte(c.bits, b);

-- Contract view: who is in which segment, among the customers that the platform knows.
DROP VIEW IF EXISTS segments_membership;
CREATE VIEW segments_membership AS
    SELECT m.segment_id, s.public_id AS segment_public_id, m.customer_id, c.public_id AS customer_public_id
    FROM segments_member_ids m
    JOIN segments_segment s ON s.id = m.segment_id
    JOIN customers_directory c ON c.customer_id = m.customer_id;

-- Contract function: is this customer in this segment? One probe of one index.
CREATE OR REPLACE FUNCTION segments_contains(p_segment bigint, p_customer bigint) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce((
        SELECT get_bit(c.bits, p_customer & 2047) = 1 FROM segments_segmentchunk c
        WHERE c.segment_id = p_segment AND c.chunk = p_customer >> 11), false)
$$;

-- Turn single memberships; gives the customers whose membership really turned. The caller holds the segment's row.
CREATE OR REPLACE FUNCTION segments_turn(p_segment bigint, p_customers bigint[], p_is_member boolean, p_now timestamptz)
RETURNS SETOF bigint LANGUAGE plpgsql AS $$
DECLARE
    one bigint;
    wanted int := p_is_member::int;
BEGIN
    IF p_is_member THEN
        INSERT INTO segments_segmentchunk (segment_id, chunk, bits)
        SELECT DISTINCT p_segment, u >> 11, decode(repeat('00', 256), 'hex') FROM unnest(p_customers) u
        ON CONFLICT DO NOTHING;
    END IF;
    FOR one IN SELECT DISTINCT u FROM unnest(p_customers) u ORDER BY u LOOP
        UPDATE segments_segmentchunk c SET bits = set_bit(c.bits, one & 2047, wanted)
        WHERE c.segment_id = p_segment AND c.chunk = one >> 11 AND get_bit(c.bits, one & 2047) <> wanted;
        IF FOUND THEN
            INSERT INTO segments_segmentchange (segment_id, customer_id, is_member, changed_at)
            VALUES (p_segment, one, p_is_member, p_now);
            RETURN NEXT one;
        END IF;
    END LOOP;
END $$;

-- Write whole chunks: p_bits holds 256 bytes for each of p_chunks, one after another; an empty chunk loses its row.
CREATE OR REPLACE FUNCTION segments_write_chunks(p_segment bigint, p_chunks bigint[], p_bits bytea) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    written bigint;
BEGIN
    INSERT INTO segments_segmentchunk AS c (segment_id, chunk, bits)
    SELECT p_segment, u.chunk, substring(p_bits FROM (u.n::int - 1) * 256 + 1 FOR 256)
    FROM unnest(p_chunks) WITH ORDINALITY u (chunk, n)
    ON CONFLICT (segment_id, chunk) DO UPDATE SET bits = excluded.bits;
    GET DIAGNOSTICS written = ROW_COUNT;
    DELETE FROM segments_segmentchunk c
    WHERE c.segment_id = p_segment AND c.chunk = ANY(p_chunks) AND bit_count(c.bits) = 0;
    RETURN written;
END $$;
