"""Reads of arms: whose is which, and how many each has."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from loyalty.foundation.orm import sql
from loyalty.journeys import contracts
from loyalty.journeys.contracts import NodeKind, SplitMode
from loyalty.journeys.models import Assignment, Node
from loyalty.journeys.policy.graph import split_weights

ARMS = """
    SELECT a.arm, count(*) AS customers, count(*) FILTER (WHERE a.is_mixed) AS mixed,
        bool_or(a.is_holdout) AS is_holdout, min(a.assigned_at) AS first_at
    FROM journeys_assignment a JOIN journeys_experiment e ON e.id = a.experiment_id
    WHERE e.name = %s GROUP BY a.arm ORDER BY a.arm
"""


@dataclass(frozen=True, slots=True)
class Arm:
    """An arm of an experiment: how many customers have it, and how many of them have been in another one, too."""

    code: str
    customers: int
    mixed: int
    is_holdout: bool
    first_at: datetime


def find_arm(kept_as: str, customer_pk: int) -> str | None:
    """Give the arm of a customer (internal id) that is kept under a name, or None."""
    found = Assignment.objects.filter(experiment__name=kept_as, customer_id=customer_pk)
    return found.values_list("arm", flat=True).first()


def list_arms(kept_as: str) -> list[Arm]:
    """Give the arms that customers have under a name: ``experiment <name>``, or ``journey <id> <salt or node>``."""
    return [
        Arm(row["arm"], int(row["customers"]), int(row["mixed"]), row["is_holdout"], row["first_at"])
        for row in sql.fetch_all(ARMS, [kept_as])
    ]


def list_experiments() -> dict[str, frozenset[str]]:
    """Give the branches of each experiment, by its name, by which journeys that are not over lead people now."""
    told: dict[str, set[str]] = {}
    live = Node.objects.filter(kind=NodeKind.SPLIT, config__mode=SplitMode.EXPERIMENT.value)
    live = live.filter(version__journey__live=F("version"), version__journey__status__in=("ACTIVE", "PAUSED"))
    for config in live.values_list("config", flat=True):
        split = contracts.Node("", NodeKind.SPLIT, config=config)
        told.setdefault(str(config.get("salt") or ""), set()).update(split_weights(split))
    return {name: frozenset(codes) for name, codes in told.items() if name}
