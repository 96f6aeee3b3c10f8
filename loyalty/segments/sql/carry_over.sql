-- Members that stood as rows become bitmaps; a row of somebody whom the platform does not know is dropped. Run once, by
-- the migration that takes the rows' table away.
WITH members AS (
    SELECT m.segment_id, c.customer_id FROM segments_segmentmember m
    JOIN customers_directory c ON c.public_id = m.customer_ref
), bytes AS (
    SELECT segment_id, customer_id >> 11 AS chunk, (customer_id & 2047) >> 3 AS place, sum(1 << (customer_id & 7)::int) AS byte
    FROM members GROUP BY 1, 2, 3
), chunks AS (
    SELECT segment_id, chunk FROM bytes GROUP BY 1, 2
)
INSERT INTO segments_segmentchunk (segment_id, chunk, bits)
SELECT k.segment_id, k.chunk, decode(string_agg(lpad(to_hex(coalesce(b.byte, 0)::int), 2, '0'), '' ORDER BY place), 'hex')
FROM chunks k CROSS JOIN generate_series(0, 255) place
LEFT JOIN bytes b USING (segment_id, chunk, place)
GROUP BY k.segment_id, k.chunk;
UPDATE segments_segment s SET member_count = (
    SELECT coalesce(sum(bit_count(c.bits)), 0) FROM segments_segmentchunk c WHERE c.segment_id = s.id);
DROP FUNCTION IF EXISTS segments_apply_diff(bigint, timestamptz);
