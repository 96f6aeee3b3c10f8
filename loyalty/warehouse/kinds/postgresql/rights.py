"""What a PostgreSQL role may do beyond reading: facts from the catalogue, judged."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, text

from loyalty.warehouse.contracts import Finding, Rights, Severity

# Predefined roles whose members do more than read tables.
DANGEROUS_ROLES = (
    "pg_write_all_data", "pg_read_server_files", "pg_write_server_files", "pg_execute_server_program",
    "pg_signal_backend", "pg_checkpoint", "pg_maintain", "pg_create_subscription", "pg_database_owner",
)  # fmt: skip
# Functions that reach the server's files or other servers; PostgreSQL gives them to nobody but superusers.
DANGEROUS_FUNCTIONS = (
    "pg_read_file", "pg_read_binary_file", "pg_ls_dir", "pg_stat_file", "lo_import", "lo_export", "pg_file_write",
    "pg_logdir_ls", "pg_reload_conf", "pg_promote", "dblink", "dblink_exec", "dblink_connect", "dblink_connect_u",
)  # fmt: skip
NAMES_SHOWN = 5

FACTS = """
WITH me AS (SELECT * FROM pg_roles WHERE rolname = current_user),
mine AS (SELECT r.* FROM pg_roles r, me WHERE r.oid <> me.oid AND pg_has_role(me.oid, r.oid, 'MEMBER')),
relation AS (
    SELECT c.oid, c.oid::regclass::text AS name, c.relowner
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
        AND n.nspname !~ '^pg_(toast|temp)')
SELECT current_user AS "user", version() AS version,
    current_setting('transaction_read_only') = 'on' AS is_read_only,
    current_setting('statement_timeout') AS statement_timeout,
    me.rolsuper, me.rolcreatedb, me.rolcreaterole, me.rolreplication, me.rolbypassrls,
    (SELECT coalesce(array_agg(rolname::text ORDER BY 1), '{}') FROM mine WHERE rolsuper) AS super_roles,
    (SELECT coalesce(array_agg(rolname::text ORDER BY 1), '{}') FROM mine
        WHERE rolname = ANY(:roles) OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls) AS strong_roles,
    (SELECT coalesce(array_agg(name ORDER BY 1), '{}') FROM (SELECT name FROM relation
        WHERE has_table_privilege(oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
            OR has_any_column_privilege(oid, 'INSERT, UPDATE, REFERENCES') ORDER BY 1 LIMIT :shown) w) AS writable,
    (SELECT coalesce(array_agg(name ORDER BY 1), '{}') FROM (SELECT name FROM relation
        WHERE pg_has_role(relowner, 'USAGE') ORDER BY 1 LIMIT :shown) o) AS owned,
    (SELECT coalesce(array_agg(nspname::text ORDER BY 1), '{}') FROM pg_namespace
        WHERE nspname !~ '^pg_(toast|temp)' AND has_schema_privilege(oid, 'CREATE')) AS schemas,
    has_database_privilege(current_database(), 'CREATE') AS may_create_schema,
    has_database_privilege(current_database(), 'TEMPORARY') AS may_create_temporary,
    (SELECT coalesce(array_agg(DISTINCT p.oid::regproc::text), '{}') FROM pg_proc p
        WHERE p.proname = ANY(:functions) AND has_function_privilege(p.oid, 'EXECUTE')) AS file_functions,
    (SELECT coalesce(array_agg(name ORDER BY 1), '{}') FROM (SELECT DISTINCT p.oid::regproc::text AS name FROM pg_proc p
        WHERE p.prosecdef AND p.pronamespace <> 'pg_catalog'::regnamespace AND has_function_privilege(p.oid, 'EXECUTE')
            AND NOT pg_has_role(p.proowner, 'USAGE') ORDER BY 1 LIMIT :shown) f) AS definer_functions,
    (SELECT coalesce(array_agg(lanname::text ORDER BY 1), '{}') FROM pg_language
        WHERE NOT lanpltrusted AND lanname NOT IN ('internal', 'c')
            AND has_language_privilege(oid, 'USAGE')) AS languages,
    (SELECT coalesce(array_agg(srvname::text ORDER BY 1), '{}') FROM pg_foreign_server
        WHERE has_server_privilege(oid, 'USAGE')) AS servers,
    (SELECT coalesce(array_agg(setting), '{}') FROM pg_db_role_setting s, unnest(s.setconfig) AS setting
        WHERE s.setrole = me.oid) AS role_settings,
    (SELECT count(*) FROM relation WHERE has_table_privilege(oid, 'SELECT')) AS readable
FROM me
"""


def read(connection: Connection) -> Rights:
    """Read and judge what the connection's role may do."""
    facts = (
        connection.execute(
            text(FACTS),
            {"roles": list(DANGEROUS_ROLES), "functions": list(DANGEROUS_FUNCTIONS), "shown": NAMES_SHOWN},
        )
        .mappings()
        .one()
    )
    return Rights(
        user=str(facts["user"]),
        server_version=str(facts["version"]).split(" on ")[0],
        is_read_only=bool(facts["is_read_only"]),
        is_superuser=bool(facts["rolsuper"]),
        findings=tuple(judge(dict(facts))),
    )


def judge(facts: Mapping[str, Any]) -> Iterator[Finding]:
    """Give what is wrong with a role: first what makes it no cage, then what would make it a better one."""
    user = f'"{facts["user"]}"'
    yield from _attributes(facts, user)
    yield from _privileges(facts, user)
    yield from _advice(facts, user)


def _refused(code: str, detail: str, repair: str) -> Finding:
    return Finding(code, Severity.REFUSED, detail, repair)


def _attributes(facts: Mapping[str, Any], user: str) -> Iterator[Finding]:
    attributes = (
        ("rolsuper", "superuser", "The role is a superuser: it may do everything, even in a read-only transaction."),
        ("rolcreatedb", "createdb", "The role may create databases."),
        ("rolcreaterole", "createrole", "The role may create and change roles."),
        ("rolreplication", "replication", "The role may copy the whole server."),
        ("rolbypassrls", "bypassrls", "The role passes by row security."),
    )
    for fact, word, detail in attributes:
        if facts[fact]:
            yield _refused(f"role.{word}", detail, f"ALTER ROLE {user} NO{word.upper()}")
    for name in facts["super_roles"]:
        yield _refused(
            "role.member_of_superuser",
            f"The role is a member of the superuser {name} and may become it by SET ROLE.",
            f'REVOKE "{name}" FROM {user}',
        )
    for name in facts["strong_roles"]:
        if name not in facts["super_roles"]:
            yield _refused(
                "role.member_of_strong_role",
                f"The role is a member of {name}, which may do more than read.",
                f'REVOKE "{name}" FROM {user}',
            )


def _privileges(facts: Mapping[str, Any], user: str) -> Iterator[Finding]:
    if facts["owned"] and not facts["rolsuper"]:
        names = ", ".join(facts["owned"])
        yield _refused(
            "role.owns_tables", f"The role owns {names} and may change or drop them.", "Let another role own them."
        )
    if facts["writable"] and not facts["rolsuper"]:
        names = ", ".join(facts["writable"])
        yield _refused(
            "role.may_write",
            f"The role may write to {names}.",
            f"REVOKE INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON {names} FROM {user} (or from PUBLIC)",
        )
    if facts["rolsuper"]:
        return
    for name in facts["schemas"]:
        yield _refused(
            "role.may_create",
            f"The role may create tables and functions in the schema {name}.",
            f'REVOKE CREATE ON SCHEMA "{name}" FROM {user}, PUBLIC',
        )
    if facts["may_create_schema"]:
        yield _refused(
            "role.may_create_schema",
            "The role may create schemas in this database.",
            f"REVOKE CREATE ON DATABASE … FROM {user}, PUBLIC",
        )
    for name in facts["file_functions"]:
        yield _refused(
            "role.may_reach_files",
            f"The role may call {name}, which reaches files or other servers.",
            f"REVOKE EXECUTE ON FUNCTION {name} FROM {user}, PUBLIC",
        )
    for name in facts["languages"]:
        yield _refused(
            "role.untrusted_language",
            f"The role may write functions in {name}, which runs outside the database's rules.",
            f"REVOKE USAGE ON LANGUAGE {name} FROM {user}, PUBLIC",
        )


def _advice(facts: Mapping[str, Any], user: str) -> Iterator[Finding]:
    settings = {str(one).partition("=")[0]: str(one).partition("=")[2] for one in facts["role_settings"]}
    if settings.get("default_transaction_read_only") != "on":
        yield Finding(
            "role.not_read_only_by_itself",
            Severity.WARNING,
            "The role's transactions are read only because we ask for it, not by the role itself.",
            f"ALTER ROLE {user} SET default_transaction_read_only = on",
        )
    if settings.get("statement_timeout", "0") == "0":
        yield Finding(
            "role.no_statement_timeout",
            Severity.WARNING,
            f"The role has no statement timeout of its own; ours is {facts['statement_timeout']}.",
            f"ALTER ROLE {user} SET statement_timeout = '5min'",
        )
    if facts["may_create_temporary"] and not facts["rolsuper"]:
        yield Finding(
            "role.may_create_temporary",
            Severity.WARNING,
            "The role may create temporary tables, outside read-only transactions.",
            f"REVOKE TEMPORARY ON DATABASE … FROM {user}, PUBLIC",
        )
    if facts["definer_functions"] and not facts["rolsuper"]:
        yield Finding(
            "role.definer_functions",
            Severity.WARNING,
            f"The role may call {', '.join(facts['definer_functions'])}, which run with their owner's rights.",
            f"Read what they do, or REVOKE EXECUTE ON FUNCTION … FROM {user}, PUBLIC",
        )
    if facts["servers"] and not facts["rolsuper"]:
        yield Finding(
            "role.foreign_servers",
            Severity.WARNING,
            f"The role may use the foreign servers {', '.join(facts['servers'])}.",
            f"REVOKE USAGE ON FOREIGN SERVER … FROM {user}, PUBLIC",
        )
    if not facts["readable"]:
        yield Finding(
            "role.reads_nothing",
            Severity.WARNING,
            "The role may read no table.",
            f"GRANT SELECT ON the features table TO {user}",
        )
