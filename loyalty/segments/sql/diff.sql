-- Brings the membership of one segment to what stands in the temporary table segments_found, as one difference:
-- who stays is not touched, so nothing that hangs on a membership is lost by a recalculation.
CREATE OR REPLACE FUNCTION segments_apply_diff(p_segment bigint, p_now timestamptz)
RETURNS TABLE (added bigint, removed bigint, members bigint) LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM segments_segmentmember m
        WHERE m.segment_id = p_segment
            AND NOT EXISTS (SELECT 1 FROM segments_found f WHERE f.customer_ref = m.customer_ref);
    GET DIAGNOSTICS removed = ROW_COUNT;
    INSERT INTO segments_segmentmember (segment_id, customer_ref, added_at)
        SELECT p_segment, f.customer_ref, p_now FROM segments_found f
        WHERE NOT EXISTS (
            SELECT 1 FROM segments_segmentmember m WHERE m.segment_id = p_segment AND m.customer_ref = f.customer_ref);
    GET DIAGNOSTICS added = ROW_COUNT;
    SELECT count(*) INTO members FROM segments_found;
    RETURN NEXT;
END $$;
