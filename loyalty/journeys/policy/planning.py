"""How a graph is written down when it is published: the rows by which the engine moves people without reading it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from loyalty.journeys.contracts import NEXT, SKIP, SUCCESS, TIMEOUT, Graph, Node, NodeKind, WaitMode
from loyalty.journeys.policy.graph import Wiring, branches_of
from loyalty.journeys.policy.waiting import span_of

# What is meant by a branch that the graph leaves out.
MEANT = {SKIP: SUCCESS, TIMEOUT: NEXT}


@dataclass(frozen=True, slots=True)
class PlannedNode:
    """A node as the engine keeps it; ``wait_seconds`` where coming here is no more than waiting so long."""

    code: str
    kind: str
    name: str
    config: Mapping[str, Any]
    wait_seconds: int | None = None
    event_type: str = ""
    outcome: str = ""
    is_goal: bool = False


@dataclass(frozen=True, slots=True)
class PlannedEdge:
    """Where a branch of a node leads, by the ids of the graph."""

    source: str
    branch: str
    target: str


def plan_nodes(graph: Graph) -> list[PlannedNode]:
    """Give the nodes of a graph as rows."""
    return [_plan_node(one) for one in graph.nodes]


def plan_edges(graph: Graph) -> list[PlannedEdge]:
    """Give the edges of a graph as rows, with those that it leaves out but means."""
    return list(_edges(graph))


def _plan_node(node: Node) -> PlannedNode:
    wait = span_of(node.config) if node.kind == NodeKind.WAIT and mode_of(node) == WaitMode.DURATION else None
    is_end = node.kind == NodeKind.END
    return PlannedNode(
        code=node.id,
        kind=node.kind.value,
        name=node.name,
        config=node.config,
        wait_seconds=int(wait.total_seconds()) if wait is not None else None,
        event_type=str(node.config.get("event_type") or "")
        if node.kind == NodeKind.WAIT and mode_of(node) == WaitMode.EVENT
        else "",
        outcome=str(node.config.get("outcome") or "") if is_end else "",
        is_goal=is_end and bool(node.config.get("is_goal")),
    )


def mode_of(node: Node) -> str:
    """Give what ends a wait."""
    return str(node.config.get("mode") or WaitMode.DURATION)


def _edges(graph: Graph) -> Iterator[PlannedEdge]:
    wiring = Wiring(graph)
    for node in graph.nodes:
        for branch in (one.code for one in branches_of(node)):
            target = wiring.follow(node, branch)
            if target is None and branch in MEANT:
                target = wiring.follow(node, MEANT[branch])
            if target is not None:
                yield PlannedEdge(node.id, branch, target)


def key_of(settings_key_path: str | None, context: Mapping[str, Any]) -> str:
    """Give the correlation key of somebody who comes in: the value at the path, as text; empty when there is none."""
    if not settings_key_path:
        return ""
    value: Any = context
    for step in settings_key_path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return "" if value is None else str(value)[:200]
