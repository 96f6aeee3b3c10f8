"""Plans as they are kept with an occurrence, and read again."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from loyalty.campaigns.contracts import Due, Plan


def kept(plan: Plan) -> dict[str, Any]:
    """Give a plan as JSON."""
    return {
        "program": str(plan.program) if plan.program else None,
        "segments": [str(one) for one in plan.segments],
        "excluded": [str(one) for one in plan.excluded],
        "shared": {name: value for name, value in plan.shared.items() if name in plan.used},
        "used": sorted(plan.used),
        "channels": list(plan.channels),
        "fallback": plan.fallback,
        "variants": [{"code": one["code"], "weight": one["weight"]} for one in plan.variants],
        "control_percent": plan.control_percent,
        "offers": list(plan.offers),
        "repeat_days": plan.repeat_days,
        "due": {"wall": plan.due.wall.isoformat(), "past": plan.due.past, "zone": plan.due.zone} if plan.due else None,
    }


def read(campaign: uuid.UUID, told: Mapping[str, Any]) -> Plan:
    """Read a plan that was kept; what earlier versions did not know is as it was then."""
    due = told.get("due")
    segments = told.get("segments") or ([told["segment"]] if told.get("segment") else [])
    return Plan(
        campaign=campaign,
        program=uuid.UUID(told["program"]) if told["program"] else None,
        segments=tuple(uuid.UUID(one) for one in segments),
        excluded=tuple(uuid.UUID(one) for one in told.get("excluded", ())),
        shared=told["shared"],
        used=tuple(told["used"]),
        channels=tuple(told.get("channels") or told["messages"]),
        fallback=told.get("fallback"),
        variants=tuple(told.get("variants", ())),
        control_percent=told.get("control_percent", 0),
        offers=tuple(told.get("offers", ())),
        repeat_days=told.get("repeat_days"),
        due=Due(datetime.fromisoformat(due["wall"]), due["past"], due["zone"]) if due else None,
    )
