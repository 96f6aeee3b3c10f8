"""What is different between two graphs: field by field, and in words."""

from collections.abc import Iterator, Mapping
from typing import Any

from loyalty.journeys.contracts import Edge, Graph, Node
from loyalty.journeys.policy.graph import serialise_settings
from loyalty.journeys.policy.structure import named

# Two graphs that differ more are better looked at side by side.
WORDS_MAX = 200


def compare(before: Graph, after: Graph) -> dict[str, Any]:
    """Give what was added, removed and changed; where nodes stand on the canvas is no change.

    Edges are told by the branch that they leave, so that one that leads elsewhere is changed and not two things.
    """
    old, new = {one.id: one for one in before.nodes}, {one.id: one for one in after.nodes}
    ways, new_ways = _ways(before), _ways(after)
    told: dict[str, Any] = {
        "nodes": {
            "added": [_brief(one) for one in after.nodes if one.id not in old],
            "removed": [_brief(one) for one in before.nodes if one.id not in new],
            "changed": [
                {"id": one.id, "name": one.name or old[one.id].name, "fields": fields}
                for one in after.nodes
                if one.id in old and (fields := list(_changes(_plain(old[one.id]), _plain(one))))
            ],
        },
        "edges": {
            "added": [_edge(one) for place, one in new_ways.items() if place not in ways],
            "removed": [_edge(one) for place, one in ways.items() if place not in new_ways],
            "changed": [
                {**_edge(one), "target_before": ways[place].target}
                for place, one in new_ways.items()
                if place in ways and ways[place].target != one.target
            ],
        },
        "settings": list(_changes(serialise_settings(before.settings), serialise_settings(after.settings))),
    }
    told["words"] = list(_words(told, {**old, **new}))[:WORDS_MAX]
    return told


def _ways(graph: Graph) -> dict[tuple[str, str], Edge]:
    return {(one.source, one.branch): one for one in graph.edges}


def _brief(node: Node) -> dict[str, str]:
    return {"id": node.id, "name": node.name, "kind": node.kind.value}


def _edge(edge: Edge) -> dict[str, str]:
    return {"id": edge.id, "source": edge.source, "branch": edge.branch, "target": edge.target}


def _plain(node: Node) -> dict[str, Any]:
    return {"kind": node.kind.value, "name": node.name, "config": dict(node.config)}


def _changes(before: Any, after: Any, path: str = "") -> Iterator[dict[str, Any]]:
    """Give the places where two values differ, as dotted paths."""
    if isinstance(before, Mapping) and isinstance(after, Mapping) and not _is_rule(before) and not _is_rule(after):
        for name in dict.fromkeys((*before, *after)):
            inner = f"{path}.{name}" if path else str(name)
            yield from _changes(before.get(name), after.get(name), inner)
    elif before != after:
        yield {"path": path, "before": before, "after": after}


def _is_rule(value: Mapping[str, Any]) -> bool:
    """A rule is one thing: what changed inside of it is read best as a whole."""
    return len(value) == 1 and isinstance(next(iter(value.values())), list)


def _words(told: Mapping[str, Any], nodes: Mapping[str, Node]) -> Iterator[str]:
    def name(node_id: str) -> str:
        return named(nodes[node_id]) if node_id in nodes else node_id

    for one in told["nodes"]["added"]:
        yield f"{name(one['id'])} was added."
    for one in told["nodes"]["removed"]:
        yield f"{name(one['id'])} was removed."
    for one in told["nodes"]["changed"]:
        for field in one["fields"]:
            yield f"{name(one['id'])}: {_said(field)}"
    for one in told["edges"]["added"]:
        yield f"{name(one['source'])} leads to {name(one['target'])} at {one['branch']}."
    for one in told["edges"]["removed"]:
        yield f"{name(one['source'])} no longer leads to {name(one['target'])} at {one['branch']}."
    for one in told["edges"]["changed"]:
        yield (
            f"{name(one['source'])} leads to {name(one['target'])} at {one['branch']}, "
            f"instead of {name(one['target_before'])}."
        )
    for field in told["settings"]:
        yield f"Settings: {_said(field)}"


def _said(field: Mapping[str, Any]) -> str:
    path = str(field["path"]).removeprefix("config.").replace("_", " ")
    return f"{path} is {_short(field['after'])}, was {_short(field['before'])}."


def _short(value: Any) -> str:
    if value is None:
        return "nothing"
    text = str(value)
    return text if len(text) <= 80 else text[:79] + "…"
