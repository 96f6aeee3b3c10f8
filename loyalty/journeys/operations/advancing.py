"""Moving people on: the nodes where somebody's time has come, one transaction for so many people of one of them."""

import logging
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from loyalty.foundation.events import api as events
from loyalty.foundation.orm import sql
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.journeys.contracts import NodeKind
from loyalty.journeys.operations import acting, deciding, holding, waiting
from loyalty.journeys.operations.groups import Group
from loyalty.journeys.operations.versions import load

log = logging.getLogger("loyalty.journeys")

# A length of time, a lot and a condition cost one statement for ten thousand; an action's transaction holds locks
# below, so its people come by the thousand.
LIMITS: Mapping[str, int] = {NodeKind.WAIT: 10_000, NodeKind.SPLIT: 10_000, NodeKind.CONDITION: 10_000}
LIMIT = 1_000
# Who may have written so many facts at once also stores them, so that no backlog stands before somebody else's fact.
STORED_FROM = 5_000

DUE = """
    SELECT n.id AS node_pk, n.code, n.kind, n.version_id, j.id AS journey_pk, j.public_id AS journey_id, d.due_at
    FROM journeys_journey j
    JOIN journeys_version v ON v.journey_id = j.id AND v.is_open
    JOIN journeys_node n ON n.version_id = v.id AND n.kind NOT IN ('start', 'end')
    CROSS JOIN LATERAL (
        SELECT x.due_at FROM journeys_execution x WHERE x.node_id = n.id AND x.due_at <= %(now)s
        ORDER BY x.due_at LIMIT 1) d
    WHERE j.status = 'ACTIVE' AND (%(journey)s::bigint IS NULL OR j.id = %(journey)s)
        AND (%(places)s::bigint[] IS NULL OR n.id = ANY (%(places)s))
    ORDER BY d.due_at
"""

STEPS: Mapping[str, Callable[[Group], int]] = {
    NodeKind.ACTION: acting.act,
    NodeKind.CONDITION: deciding.decide,
    NodeKind.WAIT: waiting.wait,
    NodeKind.SPLIT: deciding.split,
}


@dataclass(frozen=True, slots=True)
class Due:
    """A node where somebody's time has come."""

    node_pk: int
    code: str
    kind: str
    version_id: int
    journey_pk: int
    journey_id: uuid.UUID
    due_at: datetime


def advance(
    *,
    now: datetime,
    journey_pk: int | None = None,
    moves_max: int | None = None,
    places: Collection[int] | None = None,
    has_time: Callable[[], bool] = lambda: True,
) -> int:
    """Move everybody on whose time has come, until nobody's has; give how many steps were taken.

    The nodes take turns, one transaction each, so that a million people at one of them hold up nobody at another.

    :param journey_pk: of one journey only.
    :param moves_max: stop after about so many steps, so that others get their turn.
    :param places: at these nodes only, by row.
    :param has_time: asked after each transaction; False stops.
    """
    moved = 0
    while True:
        in_round = 0
        for due in list_due(now=now, journey_pk=journey_pk, places=places):
            taken = step(due, now=now)
            in_round += taken
            if taken >= STORED_FROM:
                events.store_facts()
            if not has_time() or (moves_max is not None and moved + in_round >= moves_max):
                return moved + in_round
        moved += in_round
        if not in_round:
            return moved


def list_due(*, now: datetime, journey_pk: int | None = None, places: Collection[int] | None = None) -> list[Due]:
    """Give the nodes where somebody's time has come, the longest waiting first."""
    params = {"now": now, "journey": journey_pk, "places": None if places is None else sorted(places)}
    return [Due(**row) for row in sql.fetch_all(DUE, params)]


def step(due: Due, *, now: datetime) -> int:
    """Have some people take the step of one node, in one transaction; give how many were looked at."""
    with transaction.atomic():
        # A publication, a pause or an archiving waits for those who are just moved, and nobody is moved meanwhile.
        if not holding.share_if_active(due.journey_pk):
            return 0
        maybe_fail("journeys.woken")
        loaded = load(due.version_id, due.journey_id)
        limit = LIMITS.get(due.kind, LIMIT)
        taken = STEPS[due.kind](Group(loaded, due.node_pk, due.code, now, limit))
        maybe_fail("journeys.released")
    maybe_fail("journeys.committed")
    return taken
