"""Versions: written once from a graph, and held ready to work by."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from loyalty.journeys.contracts import Graph
from loyalty.journeys.models import Edge, Journey, Node, Version
from loyalty.journeys.policy import planning
from loyalty.journeys.policy.graph import Wiring, parse, serialise

# Versions never change, so a process may keep as many as it meets; each is a few dozen kilobytes.
KEPT = 512


@dataclass(frozen=True)
class Loaded:
    """A version ready to work by: its graph, and the rows of its nodes by their id in the graph."""

    pk: int
    number: int
    journey_pk: int
    journey_id: uuid.UUID
    graph: Graph
    wiring: Wiring
    nodes: dict[str, int]

    @property
    def start_pk(self) -> int:
        """The row of the node where everybody begins."""
        start = self.wiring.start
        if start is None:
            raise LookupError("A version without a start was published.")
        return self.nodes[start.id]


def write(*, journey: Journey, graph: Graph, comment: str, author: str, now: datetime) -> Version:
    """Write a graph down as the next version of a journey; the caller holds the journey and has checked the graph."""
    last = Version.objects.filter(journey=journey).order_by("-number").values_list("number", flat=True).first() or 0
    version = Version.objects.create(
        journey=journey,
        number=last + 1,
        graph=serialise(graph),
        comment=comment,
        published_at=now,
        published_by=author,
    )
    nodes = Node.objects.bulk_create(
        Node(
            version=version,
            code=one.code,
            kind=one.kind,
            name=one.name,
            config=dict(one.config),
            wait_seconds=one.wait_seconds,
            event_type=one.event_type,
            outcome=one.outcome,
            is_goal=one.is_goal,
        )
        for one in planning.plan_nodes(graph)
    )
    pks = {one.code: one.pk for one in nodes}
    Edge.objects.bulk_create(
        Edge(source_id=pks[one.source], branch=one.branch, target_id=pks[one.target])
        for one in planning.plan_edges(graph)
    )
    return version


@lru_cache(maxsize=KEPT)
def load(version_pk: int, journey_id: uuid.UUID) -> Loaded:
    """Give a version by its internal id; the journey's public id beside it tells databases apart."""
    version = Version.objects.get(pk=version_pk, journey__public_id=journey_id)
    graph = parse(version.graph)
    nodes = dict(Node.objects.filter(version=version).values_list("code", "pk"))
    return Loaded(
        pk=version.pk,
        number=version.number,
        journey_pk=version.journey_id,
        journey_id=journey_id,
        graph=graph,
        wiring=Wiring(graph),
        nodes=nodes,
    )
