"""What a Snowflake role may do beyond reading: its grants and those of the roles it holds, judged."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from loyalty.warehouse.contracts import Finding, Rights, Severity

STRONG_ROLES = frozenset({"ACCOUNTADMIN", "ORGADMIN", "SECURITYADMIN", "SYSADMIN", "USERADMIN", "GLOBALORGADMIN"})
READING = frozenset({"USAGE", "SELECT", "REFERENCES", "MONITOR", "OPERATE", "IMPORTED PRIVILEGES", "READ"})
# Code that may do more than read when a query calls it.
CODE = frozenset({"PROCEDURE", "FUNCTION", "EXTERNAL_FUNCTION"})
ROLES_MAX = 50
WHO = "SELECT CURRENT_USER(), CURRENT_ROLE(), CURRENT_VERSION()"


@dataclass(frozen=True, slots=True)
class Grant:
    """One privilege of a role."""

    privilege: str
    granted_on: str
    name: str


def read(connection: Connection) -> Rights:
    """Read and judge what the session's role may do."""
    user, role, version = (str(value) for value in connection.execute(text(WHO)).one())
    roles, grants, unknown = [role], list[Grant](), list[str]()
    for one in roles:
        try:
            found = list(_grants_of(connection, one))
        except DBAPIError:
            unknown.append(one)
            continue
        grants += found
        held = [grant.name for grant in found if grant.granted_on == "ROLE" and grant.privilege == "USAGE"]
        roles += [name for name in held if name not in roles and len(roles) < ROLES_MAX]
    return Rights(
        user=f"{user} as {role}",
        server_version=f"Snowflake {version}",
        is_read_only=not any(grant.privilege not in READING for grant in grants),
        is_superuser=any(one.upper() in STRONG_ROLES for one in roles),
        findings=tuple(judge(role, roles, grants, unknown)),
    )


def _grants_of(connection: Connection, role: str) -> Iterator[Grant]:
    quoted = role.replace('"', '""')
    rows: Iterable[Any] = connection.execute(text(f'SHOW GRANTS TO ROLE "{quoted}"'.replace(":", "\\:"))).mappings()
    for row in rows:
        known = {str(name).lower(): value for name, value in row.items()}
        yield Grant(str(known["privilege"]).upper(), str(known["granted_on"]).upper(), str(known["name"]))


def judge(role: str, roles: list[str], grants: list[Grant], unknown: list[str]) -> Iterator[Finding]:
    """Give what makes a role no cage, then what would make it a better one."""
    for one in roles:
        if one.upper() in STRONG_ROLES:
            yield Finding(
                "role.superuser",
                Severity.REFUSED,
                f"The role {role} is or holds {one}, which administers the account.",
                f"Make a role with SELECT on the features table alone, and name it in DWH_SNOWFLAKE_URL: role={role}",
            )
    for one in unknown:
        yield Finding(
            "role.unknown",
            Severity.REFUSED,
            f"What the role {one} may do cannot be read.",
            f'GRANT the right to SHOW GRANTS, or use a role that holds no "{one}".',
        )
    for grant in [one for one in grants if one.privilege not in READING][:10]:
        yield Finding(
            "role.may_write",
            Severity.REFUSED,
            f"The role {role} has {grant.privilege} on {grant.granted_on.lower()} {grant.name}.",
            f"REVOKE {grant.privilege} ON {grant.granted_on} {grant.name} FROM ROLE {role}",
        )
    for grant in [one for one in grants if one.granted_on in CODE][:10]:
        yield Finding(
            "role.may_call_code",
            Severity.WARNING,
            f"The role {role} may call the {grant.granted_on.lower()} {grant.name}.",
            f"Read what it does, or REVOKE USAGE ON {grant.granted_on} {grant.name} FROM ROLE {role}",
        )
