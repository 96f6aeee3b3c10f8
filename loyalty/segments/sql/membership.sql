-- Contract view: who is in which segment, among the customers that the platform knows.
CREATE OR REPLACE VIEW segments_membership AS
    SELECT m.segment_id, s.public_id AS segment_public_id, c.customer_id, m.customer_ref AS customer_public_id, m.added_at
    FROM segments_segmentmember m
    JOIN segments_segment s ON s.id = m.segment_id
    JOIN customers_directory c ON c.public_id = m.customer_ref;
-- Contract view: the segments themselves.
CREATE OR REPLACE VIEW segments_directory AS
    SELECT s.id AS segment_id, s.public_id, s.name, s.kind, s.member_count, s.last_calculated_at FROM segments_segment s;
