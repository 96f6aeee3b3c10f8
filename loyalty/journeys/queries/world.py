"""What a graph may name here and now: fields, events, segments, kinds of nodes and actions."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from loyalty.campaigns import api as campaigns
from loyalty.features import api as features
from loyalty.foundation.rules import api as rules
from loyalty.journeys.kinds.actions import protocol as actions
from loyalty.journeys.kinds.nodes import protocol as nodes
from loyalty.journeys.policy.conditions import Scope
from loyalty.journeys.policy.validation import World
from loyalty.journeys.queries.assignments import list_experiments
from loyalty.segments import api as segments


def scope(language: str = "en") -> Scope:
    """Give what rules over a customer may read: the catalogue's fields, events, segments and buckets."""
    told = replace(
        features.schema(),
        segments=tuple(rules.SegmentName(str(one.id), one.name) for one in segments.list_segments()),
        events=features.list_event_types(),
        has_buckets=True,
    )
    return Scope(schema=features.schema_in(told, language), known_absent=known_absent())


def known_absent() -> frozenset[str]:
    """Give the features whose absence says something: it never happened, or the question does not arise."""
    return frozenset(one.name for one in features.list_fields() if one.null_kind != features.NullKind.UNKNOWN)


def event_fields(language: str = "en") -> dict[str, tuple[rules.Field, ...]]:
    """Give the events that a journey may wait for, each about one customer, with the declared fields of its data."""
    told: dict[str, tuple[rules.Field, ...]] = dict.fromkeys(campaigns.list_events(), ())
    return {**told, **{one.name: one.fields for one in features.list_event_types(language)}}


def world(language: str = "en") -> World:
    """Give everything that a graph may name."""
    return World(
        scope=scope(language),
        event_fields=event_fields(language),
        segments={str(one.id): one.kind for one in segments.list_segments()},
        nodes=nodes.all_kinds(),
        actions=actions.all_kinds(),
        schedule_problem=schedule_problem,
        experiments=list_experiments(),
    )


def schedule_problem(trigger: Mapping[str, Any]) -> str:
    """Say what is wrong with the schedule of a trigger, or nothing."""
    given = {"kind": "schedule", "timezone": trigger.get("time_zone") or "UTC"}
    given |= {name: trigger[name] for name in ("cron", "at") if trigger.get(name)}
    try:
        campaigns.read_schedule(given)
    except campaigns.TriggerInvalid as refusal:
        return refusal.detail
    return ""
