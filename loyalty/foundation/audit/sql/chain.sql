-- The chain that tells whether anybody changed the log behind the platform's back. Rows are sealed into blocks after they
-- were committed, so that nobody who records a change waits for it.
-- `xid` with `id` is the order of sealing, as in the outbox: a sealer stops below the oldest transaction still running, so
-- that a row whose transaction commits late is never left out.
ALTER TABLE audit_auditentry ADD COLUMN IF NOT EXISTS xid xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX IF NOT EXISTS audit_sealing ON audit_auditentry (xid, id);

-- A block covers every row after the block before it up to (xid_to, id_to). `digest` is that of the rows' contents one after
-- another; `leaves` has the digest of each row, by which a row that was changed is found once the block is known to be wrong.
CREATE TABLE IF NOT EXISTS audit_block (
    number bigint PRIMARY KEY,
    xid_to xid8 NOT NULL,
    id_to bigint NOT NULL,
    row_count integer NOT NULL,
    ids bigint[] NOT NULL,
    leaves bytea NOT NULL,
    digest bytea NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    sealed_at timestamptz NOT NULL
);
ALTER TABLE audit_block ALTER COLUMN leaves SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX IF NOT EXISTS audit_block_end ON audit_block (xid_to, id_to);
CREATE OR REPLACE TRIGGER audit_block_append_only BEFORE UPDATE OR DELETE ON audit_block
    FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE OR REPLACE TRIGGER audit_block_keep BEFORE TRUNCATE ON audit_block
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();

-- Gives the content of a row in the database's own binary form: every column by name, so that a column added later changes no
-- digest of before. The id is not in it; blocks keep the ids beside, and rows that changed places are told from rows that changed.
CREATE OR REPLACE FUNCTION audit_content(e audit_auditentry) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT record_send(ROW(e.public_id, e.at, e.recorded_at, e.actor_kind, e.actor_ref, e.actor_name, e.act, e.subject_kind,
        e.subject_ref, e.before, e.after, e.reason, e.request_id, e.remote_address, e.user_agent, e.xid))
$$;

-- Gives the digest of a block over all that it says and the digest of the block before it.
CREATE OR REPLACE FUNCTION audit_hash(b audit_block) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT sha256(record_send(ROW(b.number, b.xid_to, b.id_to, b.row_count, b.ids, sha256(b.leaves), b.digest, b.previous_hash,
        b.sealed_at)))
$$;

-- Gives the transaction id below which every transaction of this database has ended. pg_snapshot_xmin would be simpler, but it waits for
-- the transactions of every database of the server, also for a warehouse that loads for minutes. Ids below the snapshot's xmax
-- were given out before this scan began, so one that is still running shows in pg_stat_activity; ids above are left for the next round.
CREATE OR REPLACE FUNCTION audit_horizon() RETURNS xid8 LANGUAGE plpgsql AS $$
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

-- Seals up to p_limit committed rows into the next block and gives its number, or NULL when nothing waits. The horizon is
-- taken by the caller before the rows are read here; what ended by then is visible to this statement.
CREATE OR REPLACE FUNCTION audit_seal(p_limit integer, p_horizon text, p_now timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_last audit_block;
    v_next audit_block;
    -- Any number of our own: one sealer at a time.
    c_lock CONSTANT bigint := 7021001;
BEGIN
    PERFORM pg_advisory_xact_lock(c_lock);
    SELECT * INTO v_last FROM audit_block ORDER BY number DESC LIMIT 1;
    SELECT coalesce(v_last.number, 0) + 1, (array_agg(s.xid))[count(*)::integer], (array_agg(s.id))[count(*)::integer], count(*),
        array_agg(s.id), string_agg(sha256(s.content), ''::bytea), sha256(string_agg(s.content, ''::bytea)),
        coalesce(v_last.hash, '\x'), NULL, p_now
    INTO v_next FROM (
        SELECT e.xid, e.id, audit_content(e) AS content FROM audit_auditentry e
        WHERE (e.xid, e.id) > (coalesce(v_last.xid_to, '0'::xid8), coalesce(v_last.id_to, 0))
            AND (e.xid < p_horizon::xid8 OR e.xid = pg_current_xact_id_if_assigned())
        ORDER BY e.xid, e.id LIMIT p_limit) s;
    IF v_next.row_count = 0 THEN
        RETURN NULL;
    END IF;
    v_next.hash := audit_hash(v_next);
    INSERT INTO audit_block SELECT v_next.*;
    RETURN v_next.number;
END $$;

-- Holds the blocks from p_from to p_to against themselves, the block before them and their rows; gives each with what is wrong.
CREATE OR REPLACE FUNCTION audit_examine(p_from bigint, p_to bigint)
RETURNS TABLE (number bigint, row_count integer, is_hash_right boolean, is_linked boolean, are_rows_right boolean)
LANGUAGE sql STABLE AS $$
    SELECT b.number, b.row_count, b.hash = audit_hash(b),
        b.previous_hash = coalesce(p.hash, '\x') AND b.number = coalesce(p.number, 0) + 1,
        coalesce(r.ids = b.ids AND r.digest = b.digest AND r.row_count = b.row_count, false)
    FROM audit_block b
    LEFT JOIN LATERAL (SELECT q.* FROM audit_block q WHERE q.number < b.number ORDER BY q.number DESC LIMIT 1) p ON true
    CROSS JOIN LATERAL (
        SELECT array_agg(s.id) AS ids, sha256(string_agg(s.content, ''::bytea)) AS digest, count(*) AS row_count FROM (
            SELECT e.id, audit_content(e) AS content FROM audit_auditentry e
            WHERE (e.xid, e.id) > (coalesce(p.xid_to, '0'::xid8), coalesce(p.id_to, 0)) AND (e.xid, e.id) <= (b.xid_to, b.id_to)
            ORDER BY e.xid, e.id) s) r
    WHERE b.number BETWEEN p_from AND p_to
    ORDER BY b.number
$$;

-- Gives, row by row, what a block says of its rows and what stands there now; a side that has nothing is NULL.
CREATE OR REPLACE FUNCTION audit_compare(p_number bigint)
RETURNS TABLE (kept_id bigint, kept_place bigint, kept_leaf bytea, found_id bigint, found_place bigint, found_leaf bytea)
LANGUAGE sql STABLE AS $$
    WITH block AS (SELECT b.* FROM audit_block b WHERE b.number = p_number),
    before AS (SELECT q.xid_to, q.id_to FROM audit_block q WHERE q.number < p_number ORDER BY q.number DESC LIMIT 1),
    kept AS (
        SELECT k.id, k.place, substring(b.leaves FROM (k.place::int - 1) * 32 + 1 FOR 32) AS leaf
        FROM block b, unnest(b.ids) WITH ORDINALITY AS k (id, place)),
    found AS (
        SELECT e.id, row_number() OVER (ORDER BY e.xid, e.id) AS place, sha256(audit_content(e)) AS leaf
        FROM block b, audit_auditentry e
        WHERE (e.xid, e.id) > (coalesce((SELECT f.xid_to FROM before f), '0'::xid8), coalesce((SELECT f.id_to FROM before f), 0))
            AND (e.xid, e.id) <= (b.xid_to, b.id_to))
    SELECT k.id, k.place, k.leaf, f.id, f.place, f.leaf FROM kept k FULL JOIN found f ON f.id = k.id
    ORDER BY coalesce(k.place, f.place), coalesce(k.id, f.id)
$$;

-- Gives the block that covers each row, or none when it waits to be sealed.
CREATE OR REPLACE FUNCTION audit_blocks_of(p_ids bigint[]) RETURNS TABLE (id bigint, number bigint) LANGUAGE sql STABLE AS $$
    SELECT e.id, (
        SELECT b.number FROM audit_block b WHERE (b.xid_to, b.id_to) >= (e.xid, e.id) ORDER BY b.xid_to, b.id_to LIMIT 1)
    FROM audit_auditentry e WHERE e.id = ANY (p_ids)
$$;

-- Not even the tables' owner changes or removes what was recorded, whatever becomes of the triggers.
REVOKE UPDATE, DELETE, TRUNCATE ON audit_auditentry, audit_block FROM PUBLIC, CURRENT_USER;
