"""What becomes of the people inside when another version counts: they stay, move node by node, or leave."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from loyalty.journeys.contracts import Fate, Graph, Node, NodeKind, Problem
from loyalty.journeys.policy.graph import Wiring


@dataclass(frozen=True, slots=True)
class Plan:
    """What is wanted: a policy, and where it moves, old nodes and new ones by id; None lets those people go.

    A node that the map leaves out is the node of the same id and kind.
    """

    policy: Fate = Fate.STAY
    node_map: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """A node of an open version with how many people are there."""

    version: int
    node_pk: int
    node: Node
    count: int


@dataclass(frozen=True, slots=True)
class PlacedFate:
    """What becomes of the people at one node; ``target`` is the new node's id, ``keeps`` says that timers run on."""

    place: Place
    fate: Fate
    target: str | None = None
    keeps: bool = False


def fates_of(places: Sequence[Place], graph: Graph, plan: Plan) -> list[PlacedFate]:
    """Give what becomes of everybody; a move that leads nowhere has no target."""
    nodes = Wiring(graph).nodes
    return [_fate_of(place, nodes, plan) for place in places]


def _fate_of(place: Place, nodes: Mapping[str, Node], plan: Plan) -> PlacedFate:
    if plan.policy != Fate.MOVE:
        return PlacedFate(place, plan.policy)
    code = place.node.id
    if code in plan.node_map:
        target = plan.node_map[code]
        if target is None:
            return PlacedFate(place, Fate.EXIT)
        found = nodes.get(target)
    else:
        found = nodes.get(code)
        if found is not None and found.kind != place.node.kind:
            found = None
    if found is None or found.kind == NodeKind.START:
        return PlacedFate(place, Fate.MOVE)
    return PlacedFate(place, Fate.MOVE, found.id, is_same_wait(place.node, found))


def is_same_wait(old: Node, new: Node) -> bool:
    """Whether a timer means the same at both nodes, so that nobody waits anew."""
    told = [(one.config.get("mode"), one.config.get("event_type")) for one in (old, new)]
    return old.kind == new.kind == NodeKind.WAIT and told[0] == told[1]


def problems_of(fates: Sequence[PlacedFate]) -> list[Problem]:
    """Give the nodes whose people have nowhere to go."""
    return [
        Problem(
            code="journeys.node_unmapped",
            message=f"{one.place.count:,} people at {one.place.node.name or one.place.node.id!r} have nowhere to go.",
            repair="Map the node to one of the new graph, or let those people go.",
            node_id=one.place.node.id,
            field="plan.node_map",
        )
        for one in fates
        if one.fate == Fate.MOVE and one.target is None and one.place.count
    ]
