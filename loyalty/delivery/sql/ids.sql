-- Draws so many ids of sends at once, so that the rows of a set lie side by side in every index that ends with the id. Two workers
-- that draw one for each row write to the same page of each index in turn, and wait for each other at every row. Gives the first, or NULL
-- where somebody else drew one in between; what was drawn then is not used.
CREATE OR REPLACE FUNCTION delivery_draw_ids(p_count bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_first bigint;
    v_last bigint;
BEGIN
    -- Of the session, because it is held for the draw and not for the placing.
    PERFORM pg_advisory_lock(20260604);
    BEGIN
        SELECT min(d.id), max(d.id) INTO v_first, v_last
        FROM (SELECT nextval('delivery_send_id_seq') AS id FROM generate_series(1, p_count)) d;
    EXCEPTION WHEN OTHERS OR query_canceled THEN
        PERFORM pg_advisory_unlock(20260604);
        RAISE;
    END;
    PERFORM pg_advisory_unlock(20260604);
    RETURN CASE WHEN v_last - v_first = p_count - 1 THEN v_first END;
END $$;
