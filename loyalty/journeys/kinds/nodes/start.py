"""Where everybody begins, and what leads them in."""

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from loyalty.journeys.contracts import FieldKind, FieldSpec, Node, NodeKind, Problem, SegmentEdge, TriggerKind
from loyalty.journeys.policy import fields
from loyalty.journeys.policy.validation import World, trigger_of

# What each trigger may say besides its kind.
TRIGGER_FIELDS: Mapping[str, tuple[FieldSpec, ...]] = {
    TriggerKind.SEGMENT: (
        FieldSpec("segment_id", FieldKind.SEGMENT, "Segment", is_required=True),
        FieldSpec(
            *("edge", FieldKind.CHOICE, "When customers"), choices=tuple(one.value for one in SegmentEdge),
            default="entered",
        ),
        FieldSpec(
            *("backfill", FieldKind.BOOLEAN, "Take present members too"), default=False,
            description="Those who are in the segment when the journey is activated come in at once.",
        ),
    ),
    TriggerKind.EVENT: (
        FieldSpec("event_type", FieldKind.EVENT_TYPE, "Event", is_required=True),
        FieldSpec("filter", FieldKind.FILTER, "Only when"),
    ),
    TriggerKind.SCHEDULE: (
        FieldSpec("cron", FieldKind.TEXT, "Cron line", maximum=200),
        FieldSpec("at", FieldKind.TEXT, "Instant", maximum=40),
        FieldSpec("time_zone", FieldKind.TEXT, "Time zone", maximum=60, default="UTC"),
        FieldSpec("segment_id", FieldKind.SEGMENT, "Segment", is_required=True),
    ),
    TriggerKind.API: (),
}  # fmt: skip
_KIND = FieldSpec(
    "kind", FieldKind.CHOICE, "What leads in", is_required=True, choices=tuple(one.value for one in TriggerKind)
)


class StartNode:
    """``{"trigger": {"kind": "segment" | "event" | "schedule" | "api", …}}``."""

    kind = NodeKind.START
    title = "Start"
    description = "Where customers come in: by a segment, an event, a schedule, or the API."
    icon = "i-lucide-rocket"
    fields = (FieldSpec("trigger", FieldKind.OBJECT, "Trigger", is_required=True),)

    def problems_of(self, node: Node, world: World) -> Iterator[Problem]:
        """Hold the trigger against its fields and what it names."""
        trigger = trigger_of(node)
        if not trigger:
            return
        kind = str(trigger.get("kind") or "")
        yield from fields.problems_of(trigger, (_KIND, *TRIGGER_FIELDS.get(kind, ())), "trigger.")
        if kind in (TriggerKind.SEGMENT, TriggerKind.SCHEDULE):
            yield from _segment(trigger, world)
        if kind == TriggerKind.SCHEDULE:
            wrong = world.schedule_problem(trigger)
            if wrong:
                yield Problem("journeys.schedule_invalid", wrong, "Correct the schedule.", field="trigger.cron")


def _segment(trigger: Mapping[str, Any], world: World) -> Iterator[Problem]:
    named = trigger.get("segment_id")
    if named and segment_kind(named, world) is None:
        yield Problem(
            "journeys.segment_unknown", "The segment that leads in does not exist.", "Choose a segment that exists.",
            field="trigger.segment_id",
        )  # fmt: skip


def segment_kind(named: object, world: World) -> str | None:
    """Give the kind of the segment of a public id; None when there is none."""
    try:
        return world.segments.get(str(uuid.UUID(str(named))))
    except ValueError:
        return None
