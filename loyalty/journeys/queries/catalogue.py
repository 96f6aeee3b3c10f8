"""What a journey can be made of, for a builder: kinds of nodes and actions with their fields, templates, events."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from loyalty.journeys.contracts import FieldSpec, Node, NodeKind
from loyalty.journeys.kinds.actions import protocol as actions
from loyalty.journeys.kinds.nodes import protocol as nodes
from loyalty.journeys.kinds.nodes.start import TRIGGER_FIELDS
from loyalty.journeys.kinds.nodes.wait import MODE_FIELDS
from loyalty.journeys.policy.graph import branches_of
from loyalty.journeys.policy.reasons import say
from loyalty.journeys.policy.templates import TEMPLATES, said_in
from loyalty.journeys.queries import world

ACTION_BRANCHES = branches_of(Node("a", NodeKind.ACTION))


def kinds(language: str = "en") -> dict[str, Any]:
    """Give the kinds of nodes and actions; why one cannot be used here is said in ``language``."""
    return {
        "nodes": [
            {
                "kind": one.kind.value,
                "title": one.title,
                "description": one.description,
                "icon": one.icon,
                "branches": [asdict(branch) for branch in branches_of(Node("n", one.kind))],
                "fields": fields_of(one.fields),
                **_variants(one.kind),
            }
            for one in nodes.all_kinds().values()
        ],
        "actions": [
            {
                "kind": one.kind,
                "title": one.title,
                "description": one.description,
                "icon": one.icon,
                "group": one.group,
                "fields": fields_of(one.fields),
                "branches": [asdict(branch) for branch in ACTION_BRANCHES],
                "is_available": not one.unavailable_reason,
                "unavailable_reason": say(one.unavailable_reason, language),
            }
            for one in actions.all_kinds().values()
        ],
        "events": [
            {"event_type": name, "fields": [{"name": one.name, "type": one.type, "label": one.label} for one in fields]}
            for name, fields in sorted(world.event_fields().items())
        ],
    }


def _variants(kind: NodeKind) -> dict[str, Any]:
    """Give the fields of each trigger of a start and of each mode of a wait."""
    if kind == NodeKind.START:
        return {"variants": {name: fields_of(specs) for name, specs in TRIGGER_FIELDS.items()}}
    if kind == NodeKind.WAIT:
        return {"variants": {name: fields_of(specs) for name, specs in MODE_FIELDS.items()}}
    return {"variants": {}}


def fields_of(specs: Sequence[FieldSpec]) -> list[dict[str, Any]]:
    """Give fields as they are told; what they do not bound is left empty."""
    return [{**asdict(one), "type": one.type.value, "required": one.is_required} for one in specs]


def templates(language: str = "en") -> list[dict[str, Any]]:
    """Give the journeys to begin with, their steps named in ``language`` (``en`` or ``ar``)."""
    return [asdict(said_in(one, language)) for one in TEMPLATES]
