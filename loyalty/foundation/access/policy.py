"""Decisions of access as pure functions: patterns, roles that ship, and the registry of permissions."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from loyalty.foundation.access.contracts import PermissionView

# code → (name, description, patterns); the words of the product documents.
SHIPPED_ROLES: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "admin": ("Admin", "May do everything", ("*",)),
    "manager": (
        "Manager",
        "Runs programs, segments and campaigns",
        (
            "programs.*",
            "segments.*",
            "campaigns.*",
            "customers.*",
            "ledger.*",
            "points.*",
            "pools.*",
            "tiers.*",
            "features.*",
            "delivery.*",
            "events.*",
            "work.*",
            "dashboard.*",
            "journeys.*",
            "rewards.*",
            "promotions.*",
        ),
    ),
    "operator": (
        "Operator",
        "Serves customers and runs what others designed",
        (
            "*.view",
            "points.earn",
            "points.burn",
            "points.reverse",
            "points.transfer",
            "points.hold",
            "campaigns.trigger",
            "segments.recalculate",
            "customers.change",
        ),
    ),
    "analyst": ("Analyst", "Reads everything but secrets", ("*.view",)),
    "approver": ("Approver", "Reads, and decides on requests of others", ("*.view", "approvals.decide")),
    "partner": ("Partner", "Sends events and earns for its own customers", ("points.earn", "events.receive")),
    "auditor": ("Auditor", "Reads everything and the audit log", ("*.view", "audit.view", "audit.export")),
}


class _Registry:
    permissions: dict[str, PermissionView] = {}  # noqa: RUF012 - one registry for the process, filled at start


def register(domain: str, acts: Mapping[str, str]) -> None:
    """Take a domain's permissions into the catalogue; an act with a dot is a whole code, of another subject."""
    for act, description in acts.items():
        code = act if "." in act else f"{domain}.{act}"
        subject = code.split(".", 1)[0]
        _Registry.permissions[code] = PermissionView(code=code, domain=subject, description=description)


def catalogue() -> list[PermissionView]:
    """Give all permissions, in order of their code."""
    return [_Registry.permissions[code] for code in sorted(_Registry.permissions)]


def expand(patterns: Iterable[str]) -> tuple[str, ...]:
    """Give the permissions that the patterns cover."""
    wanted = tuple(patterns)
    return tuple(view.code for view in catalogue() if any(fnmatchcase(view.code, pattern) for pattern in wanted))


def is_known(pattern: str) -> bool:
    """Tell whether a pattern covers at least one registered permission."""
    return any(fnmatchcase(view.code, pattern) for view in catalogue())


def covers(held: Iterable[str], pattern: str) -> bool:
    """Tell whether the held patterns cover all that the pattern would grant."""
    own = set(expand(held))
    return set(expand([pattern])) <= own and ("*" not in pattern or pattern in held or "*" in set(held))
