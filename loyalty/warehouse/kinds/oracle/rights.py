"""What an Oracle user may do beyond reading: session privileges, roles, grants on objects, own tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from loyalty.warehouse.contracts import Finding, Rights, Severity

STRONG_ROLES = frozenset(
    {"DBA", "SYSDBA", "IMP_FULL_DATABASE", "EXP_FULL_DATABASE", "DATAPUMP_IMP_FULL_DATABASE", "EXECUTE_CATALOG_ROLE"}
)
# What a session may have; everything else changes something or reads what is not granted.
READING = frozenset({"CREATE SESSION", "SET CONTAINER", "SELECT ANY TABLE", "READ ANY TABLE", "SELECT ANY DICTIONARY"})
GRANTS_READING = frozenset({"SELECT", "READ", "REFERENCES", "QUERY REWRITE", "ON COMMIT REFRESH"})
# Packages that reach files, other hosts or the clock of the database.
PACKAGES = (
    "UTL_FILE",
    "UTL_HTTP",
    "UTL_TCP",
    "UTL_SMTP",
    "DBMS_SCHEDULER",
    "DBMS_LOCK",
    "DBMS_SQL",
    "DBMS_XSLPROCESSOR",
)
WHO = """
    SELECT SYS_CONTEXT('USERENV', 'SESSION_USER'), SYS_CONTEXT('USERENV', 'ISDBA'),
        (SELECT MAX(version_full) FROM product_component_version) FROM dual
"""
PRIVILEGES = "SELECT privilege FROM session_privs ORDER BY privilege"
ROLES = "SELECT role FROM session_roles ORDER BY role"
GRANTS = """
    SELECT privilege, owner || '.' || table_name FROM user_tab_privs
    WHERE grantee = SYS_CONTEXT('USERENV', 'SESSION_USER') ORDER BY 2, 1
"""
OWNED = "SELECT table_name FROM user_tables ORDER BY table_name FETCH FIRST 5 ROWS ONLY"
CALLABLE = """
    SELECT table_name FROM all_tab_privs
    WHERE privilege = 'EXECUTE' AND grantee = SYS_CONTEXT('USERENV', 'SESSION_USER')
    ORDER BY table_name
"""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the catalogue says of a session."""

    user: str
    is_dba: bool
    privileges: Sequence[str] = ()
    roles: Sequence[str] = ()
    grants: Sequence[tuple[str, str]] = ()
    owned: Sequence[str] = ()
    callable: Sequence[str] = ()


def read(connection: Connection) -> Rights:
    """Read and judge what the session may do."""

    def column(statement: str) -> list[str]:
        return [str(row[0]) for row in connection.execute(text(statement))]

    user, is_dba, version = connection.execute(text(WHO)).one()
    facts = Facts(
        user=str(user),
        is_dba=str(is_dba) == "TRUE",
        privileges=column(PRIVILEGES),
        roles=column(ROLES),
        grants=[(str(row[0]), str(row[1])) for row in connection.execute(text(GRANTS))],
        owned=column(OWNED),
        callable=column(CALLABLE),
    )
    findings = tuple(judge(facts))
    return Rights(
        user=facts.user,
        server_version=f"Oracle {version}",
        is_read_only=not any(one.code in ("role.may_write", "role.may_change") for one in findings),
        is_superuser=facts.is_dba or bool(STRONG_ROLES.intersection(facts.roles)),
        findings=findings,
    )


def judge(facts: Facts) -> Iterator[Finding]:
    """Give what makes a user no cage, then what would make it a better one."""
    if facts.is_dba:
        yield Finding("role.superuser", Severity.REFUSED, "The user is connected as SYSDBA.", "Use another user.")
    for role in sorted(STRONG_ROLES.intersection(facts.roles)):
        yield Finding(
            "role.superuser", Severity.REFUSED, f"The user has the role {role}.", f"REVOKE {role} FROM {facts.user}"
        )
    for privilege in [one for one in facts.privileges if one not in READING][:10]:
        yield Finding(
            "role.may_change",
            Severity.REFUSED,
            f"The user has the privilege {privilege}.",
            f"REVOKE {privilege} FROM {facts.user}",
        )
    for privilege, name in [one for one in facts.grants if one[0] not in (*GRANTS_READING, "EXECUTE")][:10]:
        yield Finding(
            "role.may_write",
            Severity.REFUSED,
            f"The user has {privilege} on {name}.",
            f"REVOKE {privilege} ON {name} FROM {facts.user}",
        )
    if facts.owned:
        names = ", ".join(facts.owned)
        yield Finding(
            "role.owns_tables",
            Severity.REFUSED,
            f"The user owns {names} and may change or drop them.",
            "Let another user own them, and grant SELECT.",
        )
    for name in facts.callable:
        severity = Severity.REFUSED if name in PACKAGES else Severity.WARNING
        yield Finding(
            "role.may_call_code",
            severity,
            f"The user may execute {name}.",
            f"REVOKE EXECUTE ON {name} FROM {facts.user}",
        )
