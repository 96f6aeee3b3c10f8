-- Who was meant by an occurrence, kept as bits when it began: 2,048 neighbouring customers a row, so that ten million customers
-- are five thousand rows. Customer (chunk << 11) + n is the bit (n # 7) of the row, which is the order of the segments' bytes.
CREATE TABLE IF NOT EXISTS campaigns_audiencechunk (
    occurrence_id bigint NOT NULL REFERENCES campaigns_occurrence (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    chunk bigint NOT NULL,
    bits bit(2048) NOT NULL,
    PRIMARY KEY (occurrence_id, chunk));
ALTER TABLE campaigns_audiencechunk ALTER COLUMN bits SET STORAGE PLAIN;

-- The bits of one customer among its neighbours.
CREATE OR REPLACE FUNCTION campaigns_bit_of(p_customer bigint) RETURNS bit LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT set_bit(repeat('0', 2048)::bit(2048), ((p_customer & 2047)::integer # 7), 1)
$$;

-- Keeps the audience of an occurrence: whoever is in one of p_segments, without them a member of the program, without that
-- everyone; and in none of p_excluded. Gives how many they are.
CREATE OR REPLACE FUNCTION campaigns_freeze(p_occurrence bigint, p_segments uuid[], p_excluded uuid[], p_program uuid)
RETURNS bigint LANGUAGE plpgsql SET jit = off AS $$
DECLARE
    v_meant bigint;
BEGIN
    IF cardinality(p_segments) > 0 THEN
        INSERT INTO campaigns_audiencechunk (occurrence_id, chunk, bits)
        SELECT p_occurrence, m.chunk, bit_or(('x' || encode(m.bits, 'hex'))::bit(2048))
        FROM segments_member_chunks m WHERE m.segment_public_id = ANY(p_segments) GROUP BY m.chunk;
    ELSIF p_program IS NOT NULL THEN
        INSERT INTO campaigns_audiencechunk (occurrence_id, chunk, bits)
        SELECT p_occurrence, m.customer_id >> 11, bit_or(campaigns_bit_of(m.customer_id))
        FROM programs_membership m WHERE m.program_public_id = p_program AND m.left_at IS NULL GROUP BY m.customer_id >> 11;
    ELSE
        INSERT INTO campaigns_audiencechunk (occurrence_id, chunk, bits)
        SELECT p_occurrence, d.customer_id >> 11, bit_or(campaigns_bit_of(d.customer_id))
        FROM customers_directory d GROUP BY d.customer_id >> 11;
    END IF;
    IF cardinality(p_excluded) > 0 THEN
        UPDATE campaigns_audiencechunk a SET bits = a.bits & ~x.bits
        FROM (SELECT m.chunk, bit_or(('x' || encode(m.bits, 'hex'))::bit(2048)) AS bits
            FROM segments_member_chunks m WHERE m.segment_public_id = ANY(p_excluded) GROUP BY m.chunk) x
        WHERE a.occurrence_id = p_occurrence AND a.chunk = x.chunk;
        DELETE FROM campaigns_audiencechunk a WHERE a.occurrence_id = p_occurrence AND bit_count(a.bits) = 0;
    END IF;
    SELECT coalesce(sum(bit_count(a.bits)), 0) INTO v_meant FROM campaigns_audiencechunk a WHERE a.occurrence_id = p_occurrence;
    RETURN v_meant;
END $$;
