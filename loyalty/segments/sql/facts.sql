-- Contract view: the segments that a customer is in, as platform facts of features: how many, and their names in order.
-- For one customer it costs one probe of the chunks' key for each segment. Who is in none has no row.
CREATE OR REPLACE VIEW segments_customer_facts AS
    SELECT c.public_id AS customer_id, m.segment_count, m.segment_names
    FROM customers_directory c
    CROSS JOIN LATERAL (
        SELECT count(*) AS segment_count, array_agg(s.name::text ORDER BY s.name) AS segment_names
        FROM segments_segment s
        JOIN segments_segmentchunk k ON k.segment_id = s.id AND k.chunk = c.customer_id >> 11
        WHERE get_bit(k.bits, (c.customer_id & 2047)::int) = 1) m
    WHERE m.segment_count > 0;
