-- The event store: every fact once, in the order of `position`, which has no gaps and is given by one writer at a time. So a reader needs
-- no more than the number of the last fact that it took in.
CREATE TABLE IF NOT EXISTS events_stored (
    position bigint NOT NULL,
    event_id uuid NOT NULL,
    type text NOT NULL,
    version smallint NOT NULL,
    key text NOT NULL,
    subject_kind text NOT NULL,
    subject_ref text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    correlation_id uuid,
    causation_id uuid,
    data jsonb NOT NULL
) PARTITION BY RANGE (recorded_at);
CREATE INDEX IF NOT EXISTS events_stored_position ON events_stored (position);
CREATE INDEX IF NOT EXISTS events_stored_event ON events_stored (event_id);
-- What happened to one customer: a hash of key and type, because two numbers cost a third of two texts.
CREATE INDEX IF NOT EXISTS events_stored_history ON events_stored (hashtextextended(key || ' ' || type, 0), occurred_at);
-- Facts are stored about in the order in which they happened, so a few kilobytes tell where a window of time lies.
-- Without autosummarize whatever came since the last vacuum would be read whole.
CREATE INDEX IF NOT EXISTS events_stored_window ON events_stored USING brin (occurred_at) WITH (autosummarize = on);
-- For an instant that no month was made for; nothing should ever lie here.
CREATE TABLE IF NOT EXISTS events_stored_other PARTITION OF events_stored DEFAULT;

-- Makes the partition of the month of an instant and of the two months after it.
CREATE OR REPLACE FUNCTION events_make_months(p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_first date := date_trunc('month', p_at AT TIME ZONE 'UTC')::date;
    v_from date;
    v_until date;
    v_name text;
BEGIN
    FOR ahead IN 0..2 LOOP
        v_from := (v_first + make_interval(months => ahead))::date;
        v_until := (v_first + make_interval(months => ahead + 1))::date;
        v_name := 'events_stored_' || to_char(v_from, 'YYYY_MM');
        -- Rows that went to the partition for all else would refuse a partition of their own, and would be found there as well.
        IF to_regclass(v_name) IS NULL AND NOT EXISTS (
            SELECT 1 FROM events_stored_other o
            WHERE o.recorded_at >= v_from::timestamp AT TIME ZONE 'UTC' AND o.recorded_at < v_until::timestamp AT TIME ZONE 'UTC') THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF events_stored FOR VALUES FROM (%L) TO (%L)', v_name,
                v_from::timestamp AT TIME ZONE 'UTC', v_until::timestamp AT TIME ZONE 'UTC');
        END IF;
    END LOOP;
END $$;

-- Which facts are stored, told as PostgreSQL tells a snapshot: all of the transactions below `seen_below` but those that were `running`.
-- `position` is the last one given; the outbox is empty below `trimmed_below`.
CREATE TABLE IF NOT EXISTS events_storecursor (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    seen_below xid8 NOT NULL DEFAULT '0',
    running xid8[] NOT NULL DEFAULT '{}',
    position bigint NOT NULL DEFAULT 0,
    trimmed_below xid8 NOT NULL DEFAULT '0'
);
INSERT INTO events_storecursor DEFAULT VALUES ON CONFLICT DO NOTHING;

-- The facts that are not stored yet, found by the outbox's key. The bounds say to the planner that they are few.
CREATE OR REPLACE VIEW events_tail AS
    SELECT o.* FROM events_outbox o
    WHERE o.xid BETWEEN coalesce((SELECT c.seen_below FROM events_storecursor c), '0'::xid8) AND '18446744073709551615'::xid8
    UNION ALL
    SELECT o.* FROM events_outbox o
    WHERE o.xid = ANY ((SELECT c.running FROM events_storecursor c)::xid8[])
        AND o.xid BETWEEN (SELECT c.trimmed_below FROM events_storecursor c) AND (SELECT c.seen_below FROM events_storecursor c);

-- Stores what was committed since the last call; gives the position of the last fact stored. A second caller waits and finds the rest.
-- The facts that a statement sees and the snapshot that it keeps as cursor are one: a transaction that commits late is in `running`, or
-- not below `seen_below`, and its facts come with the next call. Facts of one key are written under one lock, so the one that
-- was first written was first committed: by `recorded_at` they have their order within a call, and calls follow each other.
-- More than p_limit facts are taken in several calls, cut between transactions by their ids; only then may two facts of one key
-- change places, if both were waiting.
CREATE OR REPLACE FUNCTION events_store_facts(p_limit integer) RETURNS bigint LANGUAGE plpgsql
-- Only what orders the facts is sorted, and each is then fetched from its place: sorting them whole took a fifth of the time, most of it
-- for memory. What orders as many facts as one call takes is sorted without files.
SET work_mem = '128MB' AS $$
DECLARE
    v_from xid8;
    v_running xid8[];
    v_position bigint;
    v_cut xid8;
    v_own xid8;
    v_at timestamptz;
    v_count bigint;
BEGIN
    INSERT INTO events_storecursor DEFAULT VALUES ON CONFLICT DO NOTHING;
    SELECT c.seen_below, c.running, c.position INTO v_from, v_running, v_position FROM events_storecursor c FOR UPDATE;
    v_own := pg_current_xact_id();
    -- The newest fact tells which month it is; the ones of the months ahead are there before they are needed.
    SELECT o.recorded_at INTO v_at FROM events_outbox o WHERE o.xid >= v_from ORDER BY o.xid DESC, o.id DESC LIMIT 1;
    IF v_at IS NOT NULL AND to_regclass('events_stored_' || to_char((v_at + interval '1 month') AT TIME ZONE 'UTC', 'YYYY_MM')) IS NULL THEN
        PERFORM events_make_months(v_at);
    END IF;
    SELECT coalesce((SELECT o.xid FROM events_outbox o WHERE o.xid >= v_from ORDER BY o.xid, o.id OFFSET p_limit LIMIT 1),
        '18446744073709551615'::xid8) INTO v_cut;
    IF v_cut = (SELECT o.xid FROM events_outbox o WHERE o.xid >= v_from ORDER BY o.xid, o.id LIMIT 1) THEN
        -- One transaction of more than p_limit facts: it is taken whole.
        v_cut := (v_cut::text::numeric + 1)::text::xid8;
    END IF;
    WITH seen AS MATERIALIZED (
        SELECT least(pg_snapshot_xmax(pg_current_snapshot()), v_cut) AS below,
            -- What this transaction itself writes is stored by it and taken out of the outbox, so it counts as running.
            ARRAY(SELECT x FROM (SELECT pg_snapshot_xip(pg_current_snapshot()) UNION SELECT v_own) r (x)
                WHERE x < least(pg_snapshot_xmax(pg_current_snapshot()), v_cut)) AS running
    ), marked AS (
        UPDATE events_storecursor c SET seen_below = s.below, running = s.running FROM seen s
    ), batch AS (
        SELECT o.ctid AS place, o.recorded_at, o.id FROM events_outbox o WHERE o.xid >= v_from AND o.xid < v_cut
        UNION ALL
        SELECT o.ctid, o.recorded_at, o.id FROM events_outbox o WHERE o.xid = ANY (v_running)
    )
    INSERT INTO events_stored
        SELECT v_position + n.number, o.event_id, o.type, o.version, o.key, o.subject_kind, o.subject_ref, o.occurred_at, o.recorded_at,
            -- A fact that nothing caused begins a chain under its own id; one that was caused belongs to the chain of its cause. That
            -- is asked of the last months, because each further one would cost a look; what lies longer back is named by its own id.
            coalesce(o.correlation_id, CASE WHEN o.causation_id IS NULL THEN o.event_id ELSE coalesce(
                (SELECT c.correlation_id FROM events_stored c WHERE c.event_id = o.causation_id
                    AND c.recorded_at > o.recorded_at - interval '62 days' LIMIT 1), o.causation_id) END),
            o.causation_id, o.data
        FROM unnest(ARRAY(SELECT b.place FROM batch b ORDER BY b.recorded_at, b.id)) WITH ORDINALITY n (place, number)
        JOIN events_outbox o ON o.ctid = n.place;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    IF v_count > 0 THEN
        DELETE FROM events_outbox o WHERE o.xid = v_own;
        UPDATE events_storecursor c SET position = c.position + v_count;
    END IF;
    RETURN v_position + v_count;
END $$;

-- Takes what is stored out of the outbox, up to about p_limit facts; gives how many. It begins below the oldest transaction that was
-- running when facts were last stored, of whatever database; those are left alone.
CREATE OR REPLACE FUNCTION events_trim_outbox(p_limit integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_from xid8;
    v_until xid8;
    v_running xid8[];
    v_cut xid8;
    v_count bigint;
BEGIN
    SELECT c.trimmed_below, c.seen_below, c.running INTO v_from, v_until, v_running FROM events_storecursor c FOR UPDATE;
    SELECT o.xid INTO v_cut FROM events_outbox o WHERE o.xid >= v_from AND o.xid < v_until AND NOT o.xid = ANY (v_running)
    ORDER BY o.xid, o.id OFFSET p_limit LIMIT 1;
    IF v_cut IS NOT NULL THEN
        -- One transaction of more than p_limit facts goes whole.
        v_until := CASE WHEN v_cut = (
            SELECT o.xid FROM events_outbox o WHERE o.xid >= v_from AND NOT o.xid = ANY (v_running) ORDER BY o.xid, o.id LIMIT 1)
            THEN (v_cut::text::numeric + 1)::text::xid8 ELSE v_cut END;
    END IF;
    DELETE FROM events_outbox o WHERE o.xid >= v_from AND o.xid < v_until AND NOT o.xid = ANY (v_running);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    UPDATE events_storecursor c SET trimmed_below = least(v_until, (SELECT min(x) FROM unnest(v_running) x));
    RETURN v_count;
END $$;
