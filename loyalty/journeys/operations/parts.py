"""The nodes and edges of a draft one by one, for who knows journeys by their published names; each saves the draft."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.journeys.errors import EdgeNotFound, GraphInvalid, NodeNotFound
from loyalty.journeys.models import Journey
from loyalty.journeys.operations import drafting
from loyalty.journeys.policy.graph import parse, serialise

NODES, EDGES = "nodes", "edges"
_MISSING: Mapping[str, type[NodeNotFound | EdgeNotFound]] = {NODES: NodeNotFound, EDGES: EdgeNotFound}


def list_parts(journey: Journey, kind: str) -> Sequence[Mapping[str, Any]]:
    """Give the nodes or the edges of a draft, as they are drawn."""
    told: Sequence[Mapping[str, Any]] = serialise(parse(journey.draft))[kind]
    return told


def get_part(journey: Journey, kind: str, part_id: str) -> Mapping[str, Any]:
    """Give a node or an edge of a draft.

    :raises NodeNotFound, EdgeNotFound: there is none.
    """
    found = next((one for one in list_parts(journey, kind) if one["id"] == part_id), None)
    if found is None:
        raise _MISSING[kind](f"The draft has no {part_id[:64]!r}.")
    return found


@transaction.atomic
def add_part(
    *, journey_id: uuid.UUID, kind: str, part: Mapping[str, Any], revision: int | None, actor: Actor, now: datetime
) -> Journey:
    """Add a node or an edge to a draft.

    :raises GraphInvalid: it has another shape, or its id is taken.
    :raises DraftChanged: another revision stands than the one that was read.
    """
    journey = drafting.lock(journey_id)
    graph = serialise(parse(journey.draft))
    if any(one["id"] == part.get("id") for one in graph[kind]):
        message = f"{part['id']} is taken already."
        raise GraphInvalid(message, problems=[FieldProblem("id", "journeys.id_taken", message)])
    graph[kind] = [*graph[kind], dict(part)]
    return _save(journey, graph, revision, actor, now)


@transaction.atomic
def change_part(
    *,
    journey_id: uuid.UUID,
    kind: str,
    part_id: str,
    changes: Mapping[str, Any],
    revision: int | None,
    actor: Actor,
    now: datetime,
) -> Journey:
    """Change a node or an edge of a draft; its id stays.

    :raises NodeNotFound, EdgeNotFound, GraphInvalid, DraftChanged: as above.
    """
    journey = drafting.lock(journey_id)
    get_part(journey, kind, part_id)
    graph = serialise(parse(journey.draft))
    graph[kind] = [{**one, **changes, "id": part_id} if one["id"] == part_id else one for one in graph[kind]]
    return _save(journey, graph, revision, actor, now)


@transaction.atomic
def remove_part(
    *, journey_id: uuid.UUID, kind: str, part_id: str, revision: int | None, actor: Actor, now: datetime
) -> Journey:
    """Remove a node with the edges at it, or an edge, from a draft.

    :raises NodeNotFound, EdgeNotFound, DraftChanged: as above.
    """
    journey = drafting.lock(journey_id)
    get_part(journey, kind, part_id)
    graph = serialise(parse(journey.draft))
    graph[kind] = [one for one in graph[kind] if one["id"] != part_id]
    if kind == NODES:
        graph[EDGES] = [one for one in graph[EDGES] if part_id not in (one["source"], one["target"])]
    return _save(journey, graph, revision, actor, now)


def _save(journey: Journey, graph: Any, revision: int | None, actor: Actor, now: datetime) -> Journey:
    """Save the draft that the caller holds; without a revision the one that stands is meant."""
    return drafting.save_draft(
        journey_id=journey.public_id, graph=graph, actor=actor, now=now,
        revision=journey.revision if revision is None else revision,
    )  # fmt: skip
