-- Contract view: the members of a segment as bits, 256 bytes for each 2,048 neighbouring customers (bit n of byte b is the
-- customer (chunk << 11) + (b << 3) + n). For who keeps who was in at an instant without taking the bits apart.
CREATE OR REPLACE VIEW segments_member_chunks AS
    SELECT c.segment_id, s.public_id AS segment_public_id, c.chunk, c.bits
    FROM segments_segmentchunk c JOIN segments_segment s ON s.id = c.segment_id;
