"""Journeys that the clock starts: when next, and which slot came. A slot means here what it means to campaigns."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from loyalty.campaigns import api as campaigns
from loyalty.journeys.contracts import Graph, TriggerKind
from loyalty.journeys.policy.graph import Wiring


def schedule_of(graph: Graph) -> Mapping[str, Any] | None:
    """Give the schedule that leads into a graph, as campaigns read one; None where no clock does."""
    start = Wiring(graph).start
    trigger = start.config.get("trigger") if start is not None else None
    if not isinstance(trigger, Mapping) or trigger.get("kind") != TriggerKind.SCHEDULE:
        return None
    given = {"kind": "schedule", "timezone": trigger.get("time_zone") or "UTC"}
    return campaigns.read_schedule(given | {name: trigger[name] for name in ("cron", "at") if trigger.get(name)})


def next_start(graph: Graph, now: datetime) -> datetime | None:
    """Give the next slot after an instant, or None."""
    schedule = schedule_of(graph)
    return campaigns.first_slot(schedule, now) if schedule is not None else None
