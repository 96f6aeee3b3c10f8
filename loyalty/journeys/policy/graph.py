"""The graph as JSON and as contracts, and its wiring: which node follows which branch."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.kernel.exact_json import dumps_exact
from loyalty.journeys.contracts import (
    FAILURE,
    NEXT,
    NO,
    SKIP,
    SUCCESS,
    TIMEOUT,
    UNKNOWN,
    YES,
    Branch,
    Concurrency,
    Edge,
    EventMatch,
    Goal,
    Graph,
    Node,
    NodeKind,
    Note,
    NoteColor,
    ReEntry,
    Settings,
    WaitMode,
)
from loyalty.journeys.errors import GraphInvalid

NODES_MAX = 500
EDGES_MAX = 2_000
ID_MAX = 64
NAME_MAX = 200
NOTES_MAX = 100
NOTE_MAX = 2_000
# A note smaller than this could not be taken hold of, one larger than that would be a wall.
NOTE_SIZE = (40, 4_000)
# A config is a rule, a message and little else; a rule alone may be 256 KiB, and a graph of 500 of those is no journey.
DOCUMENT_CHARS_MAX = 2_000_000
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z", re.ASCII)

_NODE_KEYS = frozenset({"id", "kind", "name", "config", "position"})
_EDGE_KEYS = frozenset({"id", "source", "target", "branch"})
_NOTE_KEYS = frozenset({"id", "text", "color", "position", "size"})
_SETTING_KEYS = frozenset(
    {
        "re_entry", "cool_down_days", "concurrency", "key_path", "exit_rule", "exit_events", "goal", "goal_exits",
        "max_duration_days", "holdout_percent", "leave_on_segment_exit",
    }
)  # fmt: skip


class _Reader:
    """Reads a document and gathers what has another shape."""

    def __init__(self) -> None:
        self.problems: list[FieldProblem] = []

    def refuse(self, place: str, code: str, message: str) -> None:
        """Note what is wrong at a place."""
        self.problems.append(FieldProblem(place, f"journeys.{code}", message))

    def mapping(self, raw: Any, place: str, keys: frozenset[str] | None = None) -> Mapping[str, Any]:
        """An object, without keys that nobody knows."""
        if not isinstance(raw, dict):
            self.refuse(place, "shape", "This is a JSON object.")
            return {}
        for key in raw:
            if not isinstance(key, str) or (keys is not None and key not in keys):
                self.refuse(f"{place}.{str(key)[:60]}", "unknown_field", "This field is not known here.")
        return raw

    def listing(self, raw: Any, place: str, most: int) -> Sequence[Any]:
        """A list of at most so many."""
        if not isinstance(raw, list):
            self.refuse(place, "shape", "This is a list.")
            return []
        if len(raw) > most:
            self.refuse(place, "too_large", f"There are at most {most:,} of them.")
            return []
        return raw

    def text(self, raw: Any, place: str, most: int) -> str:
        """A text of at most so many characters."""
        if not isinstance(raw, str) or len(raw) > most:
            self.refuse(place, "shape", f"This is a text of at most {most} characters.")
            return ""
        return raw

    def name(self, raw: Any, place: str) -> str:
        """An id."""
        if not isinstance(raw, str) or not _ID.match(raw):
            self.refuse(place, "id_invalid", f"An id has up to {ID_MAX} letters, digits, hyphens and underscores.")
            return ""
        return raw

    def number(self, raw: Any, place: str) -> float:
        """A finite number."""
        if isinstance(raw, bool) or not isinstance(raw, int | float | Decimal):
            self.refuse(place, "shape", "This is a number.")
            return 0.0
        value = float(raw)
        if not math.isfinite(value) or abs(value) > 1e9:
            self.refuse(place, "shape", "This number is out of bounds.")
            return 0.0
        return value

    def whole(self, raw: Any, place: str) -> int | None:
        """A whole number or nothing."""
        if raw is None:
            return None
        if isinstance(raw, bool) or not isinstance(raw, int) or abs(raw) > 1_000_000:
            self.refuse(place, "shape", "This is a whole number.")
            return None
        return raw

    def truth(self, raw: Any, place: str) -> bool:
        """True or false."""
        if not isinstance(raw, bool):
            self.refuse(place, "shape", "This is true or false.")
            return False
        return raw

    def choice(self, raw: Any, place: str, kinds: Any) -> Any:
        """One of the values of an enum."""
        try:
            return kinds(raw)
        except ValueError:
            known = ", ".join(one.value for one in kinds)
            self.refuse(place, "choice", f"This is one of {known}.")
            return None


def parse(document: Any) -> Graph:
    """Read a graph; only its shape and its size are looked at, so that unfinished work can be kept.

    :raises GraphInvalid: it is no graph; ``problems`` say where, as dotted paths.
    """
    reader = _Reader()
    raw = reader.mapping(document, "graph", frozenset({"nodes", "edges", "settings", "notes"}))
    if _too_long(raw):
        raise _refusal([FieldProblem("graph", "journeys.too_large", "A graph has at most 2,000,000 characters.")])
    nodes = [
        _node(reader, one, f"nodes.{place}")
        for place, one in enumerate(reader.listing(raw.get("nodes", []), "nodes", NODES_MAX))
    ]
    edges = [
        _edge(reader, one, f"edges.{place}")
        for place, one in enumerate(reader.listing(raw.get("edges", []), "edges", EDGES_MAX))
    ]
    notes = [
        _note(reader, one, f"notes.{place}")
        for place, one in enumerate(reader.listing(raw.get("notes", []), "notes", NOTES_MAX))
    ]
    # What stands on the canvas has one space of names, so that it can be chosen and carried together.
    taken: set[str] = set()
    for name, parts in (("nodes", nodes), ("notes", notes)):
        _refuse_twice(reader, name, [one.id for one in parts], taken)
    _refuse_twice(reader, "edges", [one.id for one in edges], set())
    settings = _settings(reader, raw.get("settings", {}))
    if reader.problems:
        raise _refusal(reader.problems)
    return Graph(tuple(nodes), tuple(edges), settings, tuple(notes))


def _refuse_twice(reader: _Reader, name: str, ids: Sequence[str], taken: set[str]) -> None:
    for place, one in enumerate(ids):
        if one and one in taken:
            reader.refuse(f"{name}.{place}.id", "id_taken", f"{one} is taken already.")
        taken.add(one)


def _refusal(problems: Sequence[FieldProblem]) -> GraphInvalid:
    return GraphInvalid(f"{problems[0].field}: {problems[0].message}", problems=problems[:100])


def _too_long(document: Mapping[str, Any]) -> bool:
    """Whether a document has too many characters; stops counting there, and needs no recursion."""
    total = 0
    open_values: list[Any] = [document]
    while open_values and total <= DOCUMENT_CHARS_MAX:
        value = open_values.pop()
        if isinstance(value, dict):
            total += sum(len(str(key)) + 4 for key in value)
            open_values.extend(value.values())
        elif isinstance(value, list | tuple):
            total += 2 * len(value)
            open_values.extend(value)
        else:
            total += len(value) if isinstance(value, str) else 8
    return total > DOCUMENT_CHARS_MAX


def _node(reader: _Reader, raw: Any, place: str) -> Node:
    given = reader.mapping(raw, place, _NODE_KEYS)
    x, y = _position(reader, given, place)
    return Node(
        id=reader.name(given.get("id"), f"{place}.id"),
        kind=reader.choice(given.get("kind"), f"{place}.kind", NodeKind) or NodeKind.END,
        name=reader.text(given.get("name", ""), f"{place}.name", NAME_MAX),
        config=reader.mapping(given.get("config") or {}, f"{place}.config"),
        x=x,
        y=y,
    )


def _position(reader: _Reader, given: Mapping[str, Any], place: str) -> tuple[float, float]:
    position = reader.mapping(given.get("position") or {"x": 0, "y": 0}, f"{place}.position", frozenset({"x", "y"}))
    return (
        reader.number(position.get("x", 0), f"{place}.position.x"),
        reader.number(position.get("y", 0), f"{place}.position.y"),
    )


def _note(reader: _Reader, raw: Any, place: str) -> Note:
    given = reader.mapping(raw, place, _NOTE_KEYS)
    x, y = _position(reader, given, place)
    size = reader.mapping(given.get("size"), f"{place}.size", frozenset({"width", "height"}))
    least, most = NOTE_SIZE
    width, height = (reader.number(size.get(one, least), f"{place}.size.{one}") for one in ("width", "height"))
    if not (least <= width <= most and least <= height <= most):
        reader.refuse(f"{place}.size", "shape", f"A note is {least} to {most:,} wide and high.")
    return Note(
        id=reader.name(given.get("id"), f"{place}.id"),
        text=reader.text(given.get("text", ""), f"{place}.text", NOTE_MAX),
        color=reader.choice(given.get("color", NoteColor.YELLOW.value), f"{place}.color", NoteColor)
        or NoteColor.YELLOW,
        x=x,
        y=y,
        width=width,
        height=height,
    )


def _edge(reader: _Reader, raw: Any, place: str) -> Edge:
    given = reader.mapping(raw, place, _EDGE_KEYS)
    return Edge(
        id=reader.name(given.get("id"), f"{place}.id"),
        source=reader.name(given.get("source"), f"{place}.source"),
        target=reader.name(given.get("target"), f"{place}.target"),
        branch=reader.text(given.get("branch", NEXT), f"{place}.branch", ID_MAX),
    )


def _settings(reader: _Reader, raw: Any) -> Settings:
    given = reader.mapping(raw or {}, "settings", _SETTING_KEYS)
    re_entry, concurrency = given.get("re_entry"), given.get("concurrency") or Concurrency.ONE.value
    key_path = given.get("key_path")
    events = reader.listing(given.get("exit_events") or [], "settings.exit_events", 20)
    return Settings(
        re_entry=reader.choice(re_entry, "settings.re_entry", ReEntry) if re_entry else None,
        cool_down_days=reader.whole(given.get("cool_down_days"), "settings.cool_down_days"),
        concurrency=reader.choice(concurrency, "settings.concurrency", Concurrency) or Concurrency.ONE,
        key_path=reader.text(key_path, "settings.key_path", NAME_MAX) if key_path else None,
        exit_rule=given.get("exit_rule") or None,
        exit_events=tuple(_event(reader, one, f"settings.exit_events.{n}") for n, one in enumerate(events)),
        goal=_goal(reader, given.get("goal")),
        goal_exits=reader.truth(given.get("goal_exits", False), "settings.goal_exits"),
        max_duration_days=reader.whole(given.get("max_duration_days"), "settings.max_duration_days"),
        holdout_percent=reader.number(given.get("holdout_percent") or 0, "settings.holdout_percent"),
        leave_on_segment_exit=reader.truth(given.get("leave_on_segment_exit", False), "settings.leave_on_segment_exit"),
    )


def _event(reader: _Reader, raw: Any, place: str) -> EventMatch:
    given = reader.mapping(raw, place, frozenset({"event_type", "filter"}))
    return EventMatch(
        reader.text(given.get("event_type", ""), f"{place}.event_type", NAME_MAX), given.get("filter") or None
    )


def _goal(reader: _Reader, raw: Any) -> Goal | None:
    if not raw:
        return None
    given = reader.mapping(raw, "settings.goal", frozenset({"event_type", "filter", "rule"}))
    if given.get("rule"):
        return Goal(rule=given["rule"])
    return Goal(event=_event(reader, {name: given[name] for name in given if name != "rule"}, "settings.goal"))


def serialise(graph: Graph) -> dict[str, Any]:
    """Give a graph as JSON; ``parse`` reads just that back."""
    return {
        "nodes": [
            {
                "id": one.id,
                "kind": one.kind.value,
                "name": one.name,
                "config": dict(one.config),
                "position": {"x": one.x, "y": one.y},
            }
            for one in graph.nodes
        ],
        "edges": [
            {"id": one.id, "source": one.source, "target": one.target, "branch": one.branch} for one in graph.edges
        ],
        "settings": serialise_settings(graph.settings),
        # A graph without notes is told as graphs were before there were any.
        **({"notes": [_note_json(one) for one in graph.notes]} if graph.notes else {}),
    }


def _note_json(note: Note) -> dict[str, Any]:
    return {
        "id": note.id,
        "text": note.text,
        "color": note.color.value,
        "position": {"x": note.x, "y": note.y},
        "size": {"width": note.width, "height": note.height},
    }


def serialise_settings(settings: Settings) -> dict[str, Any]:
    """Give the settings as JSON."""
    return {
        "re_entry": settings.re_entry.value if settings.re_entry else None,
        "cool_down_days": settings.cool_down_days,
        "concurrency": settings.concurrency.value,
        "key_path": settings.key_path,
        "exit_rule": settings.exit_rule,
        "exit_events": [_event_json(one) for one in settings.exit_events],
        "goal": _goal_json(settings.goal),
        "goal_exits": settings.goal_exits,
        "max_duration_days": settings.max_duration_days,
        "holdout_percent": settings.holdout_percent,
        "leave_on_segment_exit": settings.leave_on_segment_exit,
    }


def _event_json(match: EventMatch) -> dict[str, Any]:
    return {"event_type": match.event_type, "filter": match.filter}


def _goal_json(goal: Goal | None) -> dict[str, Any] | None:
    if goal is None:
        return None
    return _event_json(goal.event) if goal.event is not None else {"rule": goal.rule}


def branches_of(node: Node) -> tuple[Branch, ...]:
    """Give the ways out of a node, in the order in which they are drawn."""
    if node.kind == NodeKind.START:
        return (Branch(NEXT),)
    if node.kind == NodeKind.ACTION:
        return (Branch(SUCCESS), Branch(FAILURE, is_required=False), Branch(SKIP, is_required=False))
    if node.kind == NodeKind.CONDITION:
        return (Branch(YES), Branch(NO), Branch(UNKNOWN, is_required=False))
    if node.kind == NodeKind.WAIT:
        return (Branch(NEXT), Branch(TIMEOUT)) if has_timeout(node) else (Branch(NEXT),)
    if node.kind == NodeKind.SPLIT:
        return tuple(Branch(code) for code in dict.fromkeys(split_weights(node)))
    return ()


def has_timeout(node: Node) -> bool:
    """Tell whether a wait gives up at some time."""
    return node.config.get("mode") in (WaitMode.EVENT, WaitMode.UNTIL) and bool(node.config.get("timeout"))


def split_weights(node: Node) -> dict[str, int]:
    """Give the weight of each branch of a split; what cannot be read is left out."""
    given = node.config.get("branches")
    read: dict[str, int] = {}
    for one in given if isinstance(given, list | tuple) else ():
        code, weight = (one.get("code"), one.get("weight", 1)) if isinstance(one, Mapping) else (None, None)
        if isinstance(code, str) and code and isinstance(weight, int) and not isinstance(weight, bool):
            read[code] = weight
    return read


@dataclass(frozen=True)
class Wiring:
    """A graph to walk in: its nodes by id, and where each branch leads."""

    graph: Graph

    @cached_property
    def nodes(self) -> Mapping[str, Node]:
        """The nodes by their id."""
        return {one.id: one for one in self.graph.nodes}

    @cached_property
    def targets(self) -> Mapping[tuple[str, str], str]:
        """Node and branch, and the node that follows."""
        return {(one.source, one.branch): one.target for one in self.graph.edges}

    @property
    def start(self) -> Node | None:
        """The node where everybody begins; None while there is none."""
        return next((one for one in self.graph.nodes if one.kind == NodeKind.START), None)

    def follow(self, node: Node, branch: str) -> str | None:
        """Give the node behind a branch; an action that is skipped goes on as if it had succeeded, and a condition
        whose answer is not known goes where its config says. None where the journey ends."""
        found = self.targets.get((node.id, branch))
        if found is None and branch == SKIP:
            return self.targets.get((node.id, SUCCESS))
        if found is None and branch == UNKNOWN:
            return self.targets.get((node.id, fallback_of(node)))
        return found

    def after(self, node_id: str) -> Iterator[str]:
        """Give the nodes that can follow a node directly, each once."""
        yield from dict.fromkeys(one.target for one in self.graph.edges if one.source == node_id)


def fallback_of(node: Node) -> str:
    """Give the branch that a condition takes when its answer is not known and no edge leaves there."""
    return YES if node.config.get("unknown") == YES else NO


def rules_of(graph: Graph) -> Iterator[tuple[str, str, Any]]:
    """Give every rule over the customer: the node's id (empty for the settings), the field, and the rule."""
    for node in graph.nodes:
        if node.kind == NodeKind.CONDITION and node.config.get("rule") is not None:
            yield node.id, "rule", node.config["rule"]
    if graph.settings.exit_rule is not None:
        yield "", "exit_rule", graph.settings.exit_rule
    if graph.settings.goal is not None and graph.settings.goal.rule is not None:
        yield "", "goal.rule", graph.settings.goal.rule


def events_of(graph: Graph) -> Iterator[tuple[str, str, EventMatch]]:
    """Give every event that is listened for: the node's id (empty for the settings), the field, and the match."""
    for node in graph.nodes:
        config, field = node.config, ""
        if node.kind == NodeKind.START:
            trigger = config.get("trigger")
            config, field = (trigger, "trigger.") if isinstance(trigger, Mapping) else ({}, "")
            if config.get("kind") != "event":
                continue
        elif node.kind != NodeKind.WAIT or config.get("mode") != WaitMode.EVENT:
            continue
        yield node.id, field, EventMatch(str(config.get("event_type") or ""), config.get("filter") or None)
    for place, match in enumerate(graph.settings.exit_events):
        yield "", f"exit_events.{place}.", match
    if graph.settings.goal is not None and graph.settings.goal.event is not None:
        yield "", "goal.", graph.settings.goal.event


def fingerprint(graph: Graph) -> bytes:
    """Give what two graphs share that do the same: their canonical JSON without notes and where the nodes stand."""
    told = serialise(graph)
    told.pop("notes", None)
    for node in told["nodes"]:
        del node["position"]
    return dumps_exact(_in_order(told))


def _in_order(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _in_order(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [_in_order(one) for one in value]
    return value
