-- Contract functions for whoever takes a segment in pieces: pieces of whole chunks that hold about so many members each and lie side
-- by side without a gap, and the members of one piece, for which no other chunk is unpacked.
CREATE OR REPLACE FUNCTION segments_stretches(p_segment uuid, p_rows integer)
RETURNS TABLE (after_id bigint, until_id bigint, member_count bigint) LANGUAGE sql STABLE AS $$
    WITH counted AS (
        SELECT c.chunk, bit_count(c.bits) AS members, sum(bit_count(c.bits)) OVER (ORDER BY c.chunk) AS so_far
        FROM segments_segmentchunk c JOIN segments_segment s ON s.id = c.segment_id WHERE s.public_id = p_segment
    ), pieces AS (
        SELECT min(n.chunk) AS first, sum(n.members)::bigint AS members
        FROM counted n GROUP BY (n.so_far - n.members)::bigint / p_rows
    )
    SELECT (p.first::bigint << 11) - 1, coalesce((lead(p.first) OVER (ORDER BY p.first)::bigint << 11) - 1, 9223372036854775807), p.members
    FROM pieces p ORDER BY p.first
$$;

CREATE OR REPLACE FUNCTION segments_members_between(p_segment uuid, p_after bigint, p_until bigint) RETURNS SETOF bigint
LANGUAGE sql STABLE ROWS 100000 AS $$
    SELECT (c.chunk::bigint << 11) + (b << 3) + t.position
    FROM segments_segment s
    JOIN segments_segmentchunk c ON c.segment_id = s.id AND c.chunk BETWEEN (p_after + 1) >> 11 AND p_until >> 11
    CROSS JOIN LATERAL generate_series(0, 255) b
    JOIN segments_segmentbit t ON t.byte = get_byte(c.bits, b)
    WHERE s.public_id = p_segment
        AND (c.chunk::bigint << 11) + (b << 3) + t.position > p_after AND (c.chunk::bigint << 11) + (b << 3) + t.position <= p_until
$$;
