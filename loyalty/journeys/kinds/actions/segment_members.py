"""What adding to a static segment and removing from one have in common."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.kernel.errors import Refusal
from loyalty.journeys.contracts import (
    FAILURE,
    SUCCESS,
    ActionCall,
    ActionOutcome,
    ActionRow,
    FieldKind,
    FieldSpec,
    Problem,
)
from loyalty.journeys.kinds.actions.protocol import Effect
from loyalty.journeys.policy.reasons import Reason, refused_by
from loyalty.segments import api as segments

ACTOR = system_actor("journeys.segment_members")
STATIC = "static"


class SegmentMembersAction:
    """``{"segment_id"}``; being in or out already is success too, so doing it again does nothing."""

    group = "segments"
    unavailable_reason = ""
    fields = (FieldSpec("segment_id", FieldKind.SEGMENT, "Segment", is_required=True),)
    is_adding: ClassVar[bool]

    def problems_of(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        """Hold the segment against those that there are."""
        if not config.get("segment_id"):
            return []
        found = _find(config)
        if found is None:
            return [_wrong("The segment does not exist.", "Choose a segment that exists.")]
        if found.kind != STATIC:
            return [_wrong("The members of this segment come from its rules.", "Choose a static segment.")]
        return []

    def preview(self, call: ActionCall, row: ActionRow, *, now: datetime) -> Effect:
        """Tell whether anything changes."""
        found = _find(call.config)
        if found is None:
            return Effect(Reason("segment_gone"), FAILURE, {})
        is_member = segments.is_member(found.id, row.customer_id)
        code = "segment_added" if self.is_adding else "segment_removed"
        if is_member == self.is_adding:
            code = "segment_is_in" if is_member else "segment_is_out"
        words = Reason(code, name=found.name)
        return Effect(words, SUCCESS, {"segment": found.name, "is_member": is_member}, result={})

    def perform_set(self, call: ActionCall, rows: Sequence[ActionRow], *, now: datetime) -> Sequence[ActionOutcome]:
        """Turn the memberships of all rows in one statement."""
        try:
            segments.turn_members(
                segment_id=uuid.UUID(str(call.config.get("segment_id"))),
                customer_ids=[row.customer for row in rows],
                is_member=self.is_adding,
                actor=ACTOR,
                now=now,
            )
        except (ValueError, segments.SegmentNotFound, segments.SegmentKindWrong) as refusal:
            told = refusal if isinstance(refusal, Refusal) else segments.SegmentNotFound()
            return [ActionOutcome(FAILURE, {"code": told.code}, (refused_by(told),))] * len(rows)
        words = Reason("segment_in" if self.is_adding else "segment_out")
        return [ActionOutcome(SUCCESS, {"is_member": self.is_adding}, (words,))] * len(rows)


def _find(config: Mapping[str, Any]) -> segments.SegmentView | None:
    try:
        return segments.get_segment(uuid.UUID(str(config.get("segment_id"))))
    except (ValueError, segments.SegmentNotFound):
        return None


def _wrong(message: str, repair: str) -> Problem:
    return Problem("journeys.segment_unknown", message, repair, field="segment_id")
