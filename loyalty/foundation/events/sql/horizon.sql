-- Gives the transaction id below which every transaction of this database has ended.
-- pg_snapshot_xmin would be simpler, but it waits for the transactions of every database of the server, also for a
-- warehouse that loads for minutes. Ids below the snapshot's xmax were given out before this scan began, so one that is
-- still running shows in pg_stat_activity; ids above are left for the next round.
CREATE OR REPLACE FUNCTION events_horizon() RETURNS xid8 LANGUAGE plpgsql AS $$
DECLARE
    v_next bigint := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
    v_low bigint;
    -- Transaction ids of running backends have 32 bits; the distance back from v_next gives the full number.
    c_wrap CONSTANT bigint := 4294967296;
BEGIN
    PERFORM pg_stat_clear_snapshot();
    SELECT min(v_next - d.distance) INTO v_low FROM (
        SELECT (v_next % c_wrap - a.backend_xid::text::bigint + c_wrap) % c_wrap AS distance
        FROM pg_stat_activity a
        WHERE a.datname = current_database() AND a.backend_xid IS NOT NULL AND a.pid <> pg_backend_pid()) d
    WHERE d.distance < c_wrap / 2;
    RETURN least(v_next, coalesce(v_low, v_next))::text::xid8;
END $$;
