"""Many people at once, by an operator: everybody at a node is let go, or led to another one."""

import uuid
from datetime import datetime

from django.db import transaction

from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.foundation.work import api as work
from loyalty.journeys.contracts import ExecutionState, NodeKind
from loyalty.journeys.errors import NodeNotFound
from loyalty.journeys.models import Journey, Node, Version
from loyalty.journeys.operations import holding, versions
from loyalty.journeys.operations.drafting import record
from loyalty.journeys.operations.publishing import list_places
from loyalty.journeys.policy.fates import Place

MOVED, EXIT = "moved", "exit"


@transaction.atomic
def lead_many(
    *,
    journey_id: uuid.UUID,
    node_id: str,
    to: str | None = None,
    version: int | None = None,
    reason: str,
    is_dry_run: bool = False,
    actor: Actor,
    now: datetime,
) -> int:
    """Lead everybody at a node elsewhere in the same version, or out of the journey; give how many.

    All or nothing, one statement for each version, written to the audit log with the count.

    :param node_id: where they are, by its id in the graph; people of all versions, unless ``version`` names one.
    :param to: where they begin now; None lets them go.
    :param is_dry_run: only count.
    :raises JourneyNotFound, NodeNotFound: there is no such thing, or nobody can be led there.
    """
    journey = holding.alone(journey_id)
    named = Node.objects.filter(version__journey=journey, code=node_id)
    if not (named if version is None else named.filter(version__number=version)).exists():
        raise NodeNotFound(f"There is no node {node_id[:64]!r}.")
    places = [one for one in list_places(journey.pk) if one.node.id == node_id and version in (None, one.version)]
    targets = [None if to is None else _target(journey, one, to) for one in places]
    if is_dry_run:
        return sum(one.count for one in places)
    led = sum(_lead(one, target, reason, now) for one, target in zip(places, targets, strict=True))
    if led:
        after = {"act": "exit" if to is None else f"move to {to}", "people": led}
        record(journey, "journeys.operate", actor, now, before={"node": node_id}, after=after, reason=reason)
        work.ring("journeys.advance")
    return led


def _target(journey: Journey, place: Place, to: str) -> int:
    version = Version.objects.get(journey=journey, number=place.version)
    loaded = versions.load(version.pk, journey.public_id)
    node = loaded.wiring.nodes.get(to)
    if node is None or node.kind == NodeKind.START or to == place.node.id:
        raise NodeNotFound(f"Nobody of version {place.version} can be led to {to[:64]!r}.")
    return loaded.nodes[to]


def _lead(place: Place, target: int | None, reason: str, now: datetime) -> int:
    if target is None:
        row = sql.fetch_one(
            "SELECT journeys_end_at(%s, %s, %s, %s, %s) AS led",
            [[place.node_pk], ExecutionState.EXITED.value, EXIT, reason, now],
        )
    else:
        row = sql.fetch_one(
            "SELECT journeys_move(%s, %s, NULL, false, %s, %s, %s) AS led", [place.node_pk, target, MOVED, reason, now]
        )
    return int(row["led"]) if row else 0
