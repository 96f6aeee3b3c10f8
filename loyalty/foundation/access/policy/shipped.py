"""The roles that ship: honest patterns, so that who reads a role knows what it may."""

from collections.abc import Mapping
from dataclasses import dataclass

from loyalty.foundation.kernel.grants import Scope


@dataclass(frozen=True, slots=True)
class ShippedPattern:
    """A pattern of a shipped role."""

    pattern: str
    scope: Scope = Scope.ALL
    points_max: int | None = None


def plain(*patterns: str) -> tuple[ShippedPattern, ...]:
    """Make patterns that count everywhere and without limit."""
    return tuple(ShippedPattern(pattern) for pattern in patterns)


# Reading the business, and none of users, the audit log, settings or what is personal of customers: those have verbs
# or subjects of their own, and so do exports.
VIEWS = plain(
    "analytics.view", "campaigns.view", "customers.view", "delivery.view", "eligibility.view", "events.view",
    "experiments.view", "features.view", "gamification.view", "journeys.view", "ledger.view", "ml.view",
    "partners.view", "points.view", "pools.view", "programs.view", "promotions.view", "rewards.view", "segments.view",
    "tiers.view", "warehouse.view", "work.view",
)  # fmt: skip
# A gift that nobody else has looked at: what a manager may give in one go. Above that an administrator, or approval.
MANAGER_POINTS_MAX = 100_000
# What serving a customer at a counter takes.
OPERATOR_POINTS_MAX = 20_000

# code -> (name, description, patterns); the words of the product documents.
SHIPPED_ROLES: Mapping[str, tuple[str, str, tuple[ShippedPattern, ...]]] = {
    "admin": ("Admin", "May do everything", plain("*")),
    "manager": (
        "Manager",
        "Runs programs, segments and campaigns, and moves points up to a limit",
        (
            *VIEWS,
            *plain(
                "programs.*", "segments.*", "campaigns.*", "tiers.*", "pools.*", "features.*", "delivery.*", "work.*",
                "dashboard.*", "journeys.*", "rewards.*", "promotions.*", "gamification.*", "experiments.*",
                "eligibility.*", "analytics.*", "customers.*", "events.*", "ledger.*", "approvals.view",
                "points.earn", "points.burn", "points.reverse", "points.transfer", "points.hold", "points.confirm",
                "points.expire", "points.reinstate", "points.import", "points.reconcile", "points.prove",
            ),
            ShippedPattern("points.earn_direct", points_max=MANAGER_POINTS_MAX),
            ShippedPattern("points.adjust", points_max=MANAGER_POINTS_MAX),
        ),
    ),
    "operator": (
        "Operator",
        "Serves customers and runs what others designed; sees personal data masked",
        (
            *VIEWS,
            *plain("campaigns.trigger", "segments.recalculate", "customers.change", "points.earn", "points.reverse"),
            ShippedPattern("points.burn", points_max=OPERATOR_POINTS_MAX),
            ShippedPattern("points.transfer", points_max=OPERATOR_POINTS_MAX),
            ShippedPattern("points.hold", points_max=OPERATOR_POINTS_MAX),
        ),
    ),
    "analyst": ("Analyst", "Reads and exports figures; sees personal data masked", (*VIEWS, *plain("analytics.*"))),
    "approver": (
        "Approver",
        "Reads, and decides on requests of others",
        (*VIEWS, *plain("approvals.view", "approvals.decide")),
    ),
    "partner": (
        "Partner",
        "Sends events and earns in its own name, in the programs and for the partner of the mapping",
        (
            ShippedPattern("points.earn", Scope.PARTNER),
            ShippedPattern("events.receive", Scope.PARTNER),
            ShippedPattern("programs.view", Scope.PROGRAM),
        ),
    ),
    "auditor": (
        "Auditor",
        "Reads everything, users and the audit log, exports it, and proves the book; changes nothing",
        (
            *VIEWS,
            *plain(
                "access.view", "approvals.view", "audit.view", "audit.export", "audit.verify", "configuration.view",
                "points.prove",
            ),
        ),
    ),
}  # fmt: skip
