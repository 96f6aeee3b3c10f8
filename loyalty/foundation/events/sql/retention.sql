-- Retention of the event store: whole months are dropped, never rows. From `since` on every fact is still there.
CREATE TABLE IF NOT EXISTS events_kept (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    since timestamptz NOT NULL DEFAULT '-infinity'
);

-- Contract function: from when on all facts are kept; '-infinity' as long as nothing was ever dropped.
CREATE OR REPLACE FUNCTION events_kept_since() RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT k.since FROM events_kept k), '-infinity'::timestamptz)
$$;

-- Drops the oldest month that ended by p_before, if each of its facts was read by everybody (p_read_until is the position of the
-- slowest reader); gives its table's name, or NULL when there is none to drop. A dropped partition locks the whole store for an
-- instant: who waits for a long reader gives up after two seconds, so that nobody queues behind it for longer.
CREATE OR REPLACE FUNCTION events_drop_month(p_before timestamptz, p_read_until bigint) RETURNS text
LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
DECLARE
    v_name text;
    v_ends timestamptz;
    v_last bigint;
BEGIN
    SELECT c.relname, (to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC' INTO v_name, v_ends
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'events_stored'::regclass AND c.relname ~ '^events_stored_\d{4}_\d{2}$'
    ORDER BY c.relname LIMIT 1;
    IF v_name IS NULL OR v_ends > p_before THEN
        RETURN NULL;
    END IF;
    EXECUTE format('SELECT max(position) FROM %I', v_name) INTO v_last;
    IF v_last > p_read_until THEN
        RETURN NULL;
    END IF;
    EXECUTE format('DROP TABLE %I', v_name);
    INSERT INTO events_kept AS k (since) VALUES (v_ends)
    ON CONFLICT (is_only) DO UPDATE SET since = greatest(k.since, excluded.since);
    RETURN v_name;
END $$;
