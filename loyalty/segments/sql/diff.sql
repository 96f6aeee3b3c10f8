-- Brings the membership of one segment to what stands in the temporary table segments_found, as one difference:
-- who stays is not touched, so nothing that hangs on a membership is lost by a recalculation.
-- One full join finds both sides; the memory keeps its hash of a few million ids off the disk.
CREATE OR REPLACE FUNCTION segments_apply_diff(p_segment bigint, p_now timestamptz)
RETURNS TABLE (added bigint, removed bigint) LANGUAGE plpgsql SET work_mem = '128MB' AS $$
BEGIN
    RETURN QUERY
    WITH difference AS MATERIALIZED (
        SELECT f.customer_ref AS fresh, m.customer_ref AS stale
        FROM segments_found f
        FULL JOIN (SELECT x.customer_ref FROM segments_segmentmember x WHERE x.segment_id = p_segment) m
            ON m.customer_ref = f.customer_ref
        WHERE f.customer_ref IS NULL OR m.customer_ref IS NULL),
    gone AS (
        DELETE FROM segments_segmentmember m USING difference d
        WHERE m.segment_id = p_segment AND m.customer_ref = d.stale RETURNING 1),
    come AS (
        INSERT INTO segments_segmentmember (segment_id, customer_ref, added_at)
        SELECT p_segment, d.fresh, p_now FROM difference d WHERE d.fresh IS NOT NULL
        ON CONFLICT DO NOTHING RETURNING 1)
    SELECT (SELECT count(*) FROM come), (SELECT count(*) FROM gone);
END $$;
