"""Graphs and a world for the tests of journeys."""

from collections.abc import Mapping, Sequence
from typing import Any

from loyalty.foundation.rules import api as rules
from loyalty.foundation.rules.contracts import FieldType
from loyalty.journeys.contracts import FieldKind, FieldSpec, Problem
from loyalty.journeys.kinds.nodes import protocol as nodes
from loyalty.journeys.policy.conditions import Scope
from loyalty.journeys.policy.validation import ActionCheck, World

SEGMENT = "01900000-0000-7000-8000-000000000001"
STATIC = "01900000-0000-7000-8000-000000000002"
SCHEMA = rules.Schema(
    fields=(
        rules.Field("churn_probability", FieldType.DECIMAL, "Churn probability"),
        rules.Field("city", FieldType.TEXT, "City"),
        rules.Field("birthday", FieldType.DATE, "Birthday"),
        rules.Field("last_purchase_at", FieldType.DATETIME, "Last purchase"),
        rules.Field("is_engaged", FieldType.BOOLEAN, "Engaged"),
    ),
    events=(rules.EventType("customer.purchase", "Purchase", (rules.Field("amount", FieldType.DECIMAL, "Amount"),)),),
    segments=(rules.SegmentName(SEGMENT, "New customers"), rules.SegmentName(STATIC, "Chosen")),
    has_buckets=True,
)
EVENTS: dict[str, tuple[rules.Field, ...]] = {
    "customer.purchase": (
        rules.Field("amount", FieldType.DECIMAL, "Amount"),
        rules.Field("channel", FieldType.TEXT, "Channel"),
    ),
    "message.opened": (),
}


class GreetAction:
    """An action that greets."""

    fields: Sequence[FieldSpec] = (FieldSpec("text", FieldKind.TEXT, "Text", is_required=True),)
    unavailable_reason = ""

    def problems_of(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        """Refuse one word."""
        if config.get("text") == "gone":
            return [Problem("journeys.template_unknown", "There is no such template.", "Choose one.", field="text")]
        return []


class MissingAction(GreetAction):
    """An action whose domain is not there."""

    unavailable_reason = "Rewards cannot be issued here yet."


def world(**changed: Any) -> World:
    """Give a small world."""
    actions: dict[str, ActionCheck] = {"greet": GreetAction(), "issue_reward": MissingAction()}
    given: dict[str, Any] = {
        "scope": Scope(SCHEMA, known_absent=frozenset({"last_purchase_at"})),
        "event_fields": EVENTS,
        "segments": {SEGMENT: "dynamic", STATIC: "static"},
        "nodes": nodes.all_kinds(),
        "actions": actions,
    }
    return World(**{**given, **changed})


def node(name: str, kind: str, **config: Any) -> dict[str, Any]:
    """Give a node as JSON."""
    return {"id": name, "kind": kind, "name": name.title(), "config": config, "position": {"x": 0, "y": 0}}


def edges(*pairs: str) -> list[dict[str, Any]]:
    """Give edges written as ``source target`` or ``source.branch target``."""
    made = []
    for number, pair in enumerate(pairs):
        source, target = pair.split()
        name, _, branch = source.partition(".")
        made.append({"id": f"e{number}", "source": name, "target": target, "branch": branch or "next"})
    return made


def start(**trigger: Any) -> dict[str, Any]:
    """Give a start that a segment leads to, or another trigger."""
    given = trigger or {"kind": "segment", "segment_id": SEGMENT, "edge": "entered", "backfill": False}
    return node("start", "start", trigger=given)


def welcome() -> dict[str, Any]:
    """Give the welcome journey of the product's guide."""
    return {
        "nodes": [
            start(),
            node("mail", "action", action_type="greet", text="Welcome"),
            node("day", "wait", mode="duration", amount=1, unit="days"),
            node("engaged", "condition", rule={"==": [{"var": "is_engaged"}, True]}, unknown="no"),
            node("points", "action", action_type="greet", text="Points"),
            node("reminder", "action", action_type="greet", text="Reminder"),
            node("done", "end", outcome="welcomed", is_goal=True),
            node("quiet", "end", outcome="reminded"),
        ],
        "edges": edges(
            "start mail", "mail.success day", "day engaged", "engaged.yes points", "engaged.no reminder",
            "points.success done", "reminder.success quiet",
        ),
        "settings": {"re_entry": "never", "max_duration_days": 30},
    }  # fmt: skip
