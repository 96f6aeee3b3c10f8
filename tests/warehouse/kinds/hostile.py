"""Queries that try to do more than read: against the reading, against the server, and against the role."""

from collections.abc import Iterator

# What somebody would like to run behind the platform's back; each is tried in every disguise below.
ACTS = (
    "DROP TABLE people",
    "DELETE FROM people",
    "UPDATE people SET visits = 0",
    "INSERT INTO people (visits, is_new) VALUES (1, true)",
    "TRUNCATE people",
    "CREATE TABLE planted (n int)",
    "ALTER TABLE people ADD COLUMN planted int",
    "GRANT ALL ON people TO PUBLIC",
    "COPY people TO PROGRAM 'touch {canary}'",
    "COPY (SELECT 1) TO '{canary}'",
    "COPY people FROM PROGRAM 'touch {canary}'",
    "DO 'BEGIN DELETE FROM people; END'",
    "SET ROLE postgres",
    "RESET ROLE",
    "SET SESSION AUTHORIZATION DEFAULT",
    "SET transaction_read_only = off",
    "CALL planted()",
    "LOCK TABLE people",
    "VACUUM people",
    "COMMIT",
    "ATTACH '{canary}' AS planted",
    "INSTALL httpfs",
)
DISGUISES = (
    "{act}",
    "SELECT customer_id FROM people; {act}",
    "SELECT customer_id FROM people;{act};--",
    "SELECT customer_id FROM people) AS a; {act}; SELECT * FROM (SELECT customer_id FROM people",
    "SELECT customer_id FROM people -- harmless\n; {act}",
    "SELECT customer_id FROM people /* ; */ ; {act}",
    "/* */ {act}",
    "SELECT customer_id FROM people UNION ALL SELECT customer_id FROM ({act} RETURNING *) AS a",
    "WITH done AS ({act} RETURNING *) SELECT customer_id FROM people, done",
)
# Calls and readings of their own.
OTHERS = (
    "SELECT customer_id, pg_read_file('/etc/passwd') AS x FROM people",
    "SELECT customer_id, pg_read_binary_file('/etc/passwd') AS x FROM people",
    "SELECT customer_id, pg_ls_dir('/') AS x FROM people",
    "SELECT customer_id, lo_import('/etc/passwd') AS x FROM people",
    "SELECT customer_id, lo_from_bytea(0, 'x') AS x FROM people",
    "SELECT customer_id, lo_export(1, '{canary}') AS x FROM people",
    "SELECT customer_id, pg_sleep(60) AS x FROM people",
    'SELECT customer_id, "pg_sleep"(60) AS x FROM people',
    'SELECT customer_id, "pg_sleep" (60) AS x FROM people',
    "SELECT customer_id, pg_catalog.pg_sleep(60) AS x FROM people",
    "SELECT customer_id, set_config('statement_timeout', '0', false) AS x FROM people",
    "SELECT customer_id, set_config('transaction_read_only', 'off', true) AS x FROM people",
    "SELECT customer_id, pg_advisory_lock(1) AS x FROM people",
    "SELECT customer_id, pg_terminate_backend(1) AS x FROM people",
    "SELECT customer_id, nextval('planted') AS x FROM people",
    "SELECT customer_id, dblink('host=127.0.0.1', 'DROP TABLE people') AS x FROM people",
    "SELECT customer_id, query_to_xml('DELETE FROM people', true, true, '') AS x FROM people",
    "SELECT customer_id, random() AS x FROM people",
    "SELECT customer_id FROM people FOR UPDATE",
    "SELECT customer_id INTO planted FROM people",
    "SELECT customer_id FROM read_text('/etc/passwd')",
    "SELECT customer_id, content FROM people, read_text('/etc/passwd')",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT customer_id FROM people, glob('/etc/*')",
    "SELECT customer_id FROM people, '/etc/passwd'",
    "SELECT customer_id, write_log('x') AS x FROM people",
    "SELECT customer_id FROM people WHERE city = E'\\'; DROP TABLE people; --'",
    "SELECT customer_id FROM people WHERE city = U&'\\0027'; DROP TABLE people; --'",
    "SELECT customer_id, $$; DROP TABLE people; --$$ AS x FROM people",
    "SELECT customer_id, $a$'; DROP TABLE people; --$a$ AS x FROM people",
    "SELECT customer_id FROM people WHERE city = '\\'; DROP TABLE people; --'",
    "SELECT customer_id FROM people WHERE city = :password",
    "SELECT customer_id FROM people /* /* */ ; DROP TABLE people; -- */",
    "SELECT customer_id FROM people WHERE city = 'unclosed",
    'SELECT customer_id FROM people AS "unclosed',
    "SELECT customer_id FROM people /* unclosed",
    "SELECT customer_id FROM people)",
    "(SELECT customer_id FROM people",
    "SELECT customer_id FROM people\0; DROP TABLE people",
    "SELECT customer_id FROM people \u2028; DROP TABLE people",
    "",
    ";",
    "VALUES (1)",
    "TABLE people",
    "EXPLAIN ANALYZE DELETE FROM people",
    "SHOW ALL",
    "PRAGMA database_list",
    "SELECT customer_id FROM people WHERE city = q'[x]'",
    "SELECT customer_id FROM people // ; DROP TABLE people",
    "SELECT `customer_id` FROM people",
    "SELECT customer_id, @@version AS x FROM people",
    "SELECT customer_id FROM people LIMIT ?",
    "SELECT customer_id FROM people WHERE " + "(" * 300 + "true" + ")" * 299,
    "SELECT customer_id FROM people WHERE city = '" + "x" * 30_000 + "'",
)


def queries(canary: str) -> Iterator[str]:
    """Give every hostile query; ``canary`` is a file that none of them may make."""
    for act in ACTS:
        for disguise in DISGUISES:
            yield disguise.replace("{act}", act).replace("{canary}", canary)
    for other in OTHERS:
        yield other.replace("{canary}", canary)
