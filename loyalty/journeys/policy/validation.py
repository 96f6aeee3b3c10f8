"""Whether a graph may be published: every problem names its node and a repair."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from loyalty.foundation.rules import api as rules
from loyalty.journeys.contracts import (
    Concurrency,
    FieldSpec,
    Graph,
    Node,
    NodeKind,
    Problem,
    ReEntry,
    SegmentEdge,
    Severity,
    TriggerKind,
)
from loyalty.journeys.policy import conditions, fields, structure
from loyalty.journeys.policy.conditions import Scope
from loyalty.journeys.policy.graph import Wiring, events_of, rules_of

HOLDOUT_PERCENT_MAX = 50
DURATION_DAYS_MAX = 3_650
_EVENT_TYPE = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+\Z", re.ASCII)
# Told from outside, so any name of this form may come one day.
_OUTSIDE = "customer."


class NodeCheck(Protocol):
    """What a kind of node asks of a config."""

    @property
    def fields(self) -> Sequence[FieldSpec]:
        """The fields of its config."""
        ...

    def problems_of(self, node: Node, world: "World") -> Iterator[Problem]:
        """Give what is wrong beyond the fields; the node's id is filled in by the caller."""
        ...


class ActionCheck(Protocol):
    """What a kind of action asks of a config."""

    @property
    def fields(self) -> Sequence[FieldSpec]:
        """The fields of its config, besides those that every action has."""
        ...

    @property
    def unavailable_reason(self) -> str:
        """Why it cannot be used here; empty when it can."""
        ...

    def problems_of(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        """Give what is wrong beyond the fields: what it names and does not exist, a content that cannot be sent."""
        ...


# Values that mean nothing; what is only missing, or names what is not there, has a meaning to whoever walks.
UNFIT_CODES = frozenset({fields.UNFIT, "journeys.wait_invalid", "journeys.split_invalid", "journeys.time_zone_unknown"})


@dataclass(frozen=True, slots=True)
class World:
    """What a graph may name, asked once before it is validated.

    ``segments`` gives the kind (``static``, ``dynamic``) of each by public id; ``event_fields`` the declared fields of
    each type of event; ``schedule_problem`` says what is wrong with a schedule's trigger, or nothing; ``experiments``
    gives the branches by which journeys lead people now, for each experiment by its name.
    """

    scope: Scope
    event_fields: Mapping[str, tuple[rules.Field, ...]]
    segments: Mapping[str, str]
    nodes: Mapping[NodeKind, NodeCheck]
    actions: Mapping[str, ActionCheck]
    schedule_problem: Callable[[Mapping[str, Any]], str] = lambda trigger: ""
    experiments: Mapping[str, frozenset[str]] = field(default_factory=dict)


def validate(graph: Graph, world: World) -> list[Problem]:
    """Give everything wrong with a graph, errors first, in the order of its nodes."""
    wiring = Wiring(graph)
    found = [*structure.problems_of(wiring), *_configs(graph, world), *_rules(wiring, world), *_events(graph, world)]
    found += _settings(graph, world)
    place = {node.id: number for number, node in enumerate(graph.nodes)}
    found.sort(key=lambda one: (one.severity != Severity.ERROR, place.get(one.node_id, -1)))
    return list(dict.fromkeys(found))


def errors_among(problems: Sequence[Problem]) -> list[Problem]:
    """Give those that keep a graph from being published."""
    return [one for one in problems if one.severity == Severity.ERROR]


def _configs(graph: Graph, world: World) -> Iterator[Problem]:
    for node in graph.nodes:
        check = world.nodes.get(node.kind)
        if check is None:
            continue
        specs: Sequence[FieldSpec] = check.fields
        if node.kind == NodeKind.ACTION:
            action = world.actions.get(str(node.config.get("action_type") or ""))
            specs = [*specs, *(action.fields if action is not None else ())]
            if action is None:
                # Which fields it has is not known before its type is.
                specs = [one for one in specs if one.name == "action_type"]
                config = {name: node.config[name] for name in node.config if name == "action_type"}
                node = replace(node, config=config)  # noqa: PLW2901 - from here on as far as it can be read
        for problem in (*fields.problems_of(node.config, specs), *check.problems_of(node, world)):
            yield replace(problem, node_id=node.id)


def unfit_fields(graph: Graph, world: World) -> Mapping[str, str]:
    """Give the nodes over which nobody can be led, because a value means nothing, each with its first such field."""
    wrong = [one for one in _configs(graph, world) if one.code in UNFIT_CODES]
    return {one.node_id: one.field for one in reversed(wrong)}


def _rules(wiring: Wiring, world: World) -> Iterator[Problem]:
    scope = scope_of(wiring, world)
    for node_id, name, rule in rules_of(wiring.graph):
        try:
            conditions.prepare(rule, scope)
        except rules.RuleInvalid as refusal:
            for one in refusal.problems:
                yield Problem(
                    "journeys.rule_invalid", one.message, _repair_of(one.code), node_id=node_id,
                    field=f"{name}{one.field}",
                )  # fmt: skip


def scope_of(wiring: Wiring, world: World) -> Scope:
    """Give what the rules of a graph may read: with the fields of the event that leads in, when one does."""
    return replace(world.scope, event_fields=entry_fields(wiring, world.event_fields))


def entry_fields(wiring: Wiring, event_fields: Mapping[str, tuple[rules.Field, ...]]) -> tuple[rules.Field, ...] | None:
    """Give the fields of the event that leads in; None when no event does."""
    trigger = trigger_of(wiring.start)
    if trigger.get("kind") != TriggerKind.EVENT:
        return None
    return event_fields.get(str(trigger.get("event_type")), ())


def trigger_of(start: Node | None) -> Mapping[str, Any]:
    """Give the trigger of a start; empty where there is none."""
    trigger = start.config.get("trigger") if start is not None else None
    return trigger if isinstance(trigger, Mapping) else {}


def _repair_of(code: str) -> str:
    if code == "rule.unknown_field":
        return "Choose a field of the catalogue, of the event that leads in, or of the context."
    if code == "rule.unknown_segment":
        return "Choose a segment that exists."
    if code == "rule.unknown_event":
        return "Choose a kind of event that is told."
    return "Correct the rule in the rule editor."


def _events(graph: Graph, world: World) -> Iterator[Problem]:
    for node_id, prefix, match in events_of(graph):
        place = f"{prefix}event_type"
        if not _EVENT_TYPE.match(match.event_type):
            yield Problem(
                "journeys.event_missing", "No type of event is chosen.", "Choose the event that is meant.",
                node_id=node_id, field=place,
            )  # fmt: skip
        elif match.event_type not in world.event_fields:
            is_outside = match.event_type.startswith(_OUTSIDE)
            yield Problem(
                "journeys.event_unknown", f"Nobody tells the event {match.event_type} so far.",
                "Choose an event that is told, or have it posted before the journey begins.",
                severity=Severity.WARNING if is_outside else Severity.ERROR, node_id=node_id, field=place,
            )  # fmt: skip
        if match.filter is not None:
            try:
                rules.check(match.filter, None, "any")
            except rules.RuleInvalid as refusal:
                yield Problem(
                    "journeys.filter_invalid", refusal.detail, "Correct the filter.", node_id=node_id,
                    field=f"{prefix}filter",
                )  # fmt: skip


def _settings(graph: Graph, world: World) -> Iterator[Problem]:
    settings = graph.settings
    if settings.re_entry is None:
        yield Problem(
            "journeys.re_entry_missing", "Nobody has said whether customers may come in again.",
            "Choose the re-entry in the settings.", field="re_entry",
        )  # fmt: skip
    if settings.re_entry == ReEntry.COOL_DOWN and not _in(settings.cool_down_days, 1, DURATION_DAYS_MAX):
        yield _invalid("cool_down_days", "Re-entry after a cool-down needs its days.", "Say after how many days.")
    if settings.concurrency == Concurrency.ONE_PER_KEY and not settings.key_path:
        yield _invalid("key_path", "Being inside once for each key needs the key.", "Say where the key stands.")
    if settings.max_duration_days is not None and not _in(settings.max_duration_days, 1, DURATION_DAYS_MAX):
        yield _invalid("max_duration_days", "The longest time is from 1 to 3,650 days.", "Correct the days.")
    if not 0 <= settings.holdout_percent <= HOLDOUT_PERCENT_MAX:
        yield _invalid("holdout_percent", "At most half of the customers are held out.", "Choose 0 to 50 per cent.")
    if settings.goal_exits and settings.goal is None:
        yield _invalid(
            "goal_exits", "There is no goal at which customers could leave.", "Set a goal, or switch it off."
        )
    if settings.holdout_percent and settings.goal is None:
        yield Problem(
            "journeys.goal_missing", "Nothing is compared with those held out, because there is no goal.",
            "Set a goal.", severity=Severity.WARNING, field="goal",
        )  # fmt: skip
    trigger = trigger_of(Wiring(graph).start)
    if settings.leave_on_segment_exit and not (
        trigger.get("kind") == TriggerKind.SEGMENT and trigger.get("edge", "entered") == SegmentEdge.ENTERED
    ):
        yield _invalid(
            "leave_on_segment_exit", "Only who came in by entering a segment can leave with it.",
            "Let a segment lead in, or switch it off.",
        )  # fmt: skip


def _in(value: int | None, least: int, most: int) -> bool:
    return value is not None and least <= value <= most


def _invalid(place: str, message: str, repair: str) -> Problem:
    return Problem("journeys.setting_invalid", message, repair, field=place)
