"""Lead the customer into another journey."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from loyalty.journeys.contracts import (
    FAILURE,
    SKIP,
    SUCCESS,
    ActionCall,
    ActionOutcome,
    ActionRow,
    FieldKind,
    FieldSpec,
    JourneyStatus,
    Problem,
    Severity,
)
from loyalty.journeys.kinds.actions.protocol import Effect
from loyalty.journeys.models import Journey
from loyalty.journeys.policy.reasons import Reason

# Lets rows into a journey in sets, and gives the execution of each that came in by its key. Raises JourneyStateWrong
# or JourneyNotFound. It is how the engine lets people in, which stands above kinds and so is handed in.
EnterSet = Callable[[uuid.UUID, Sequence[ActionRow], Mapping[str, Any], datetime], Mapping[str, uuid.UUID] | None]


class StartJourney:
    """``{"journey_id", "with_context"?}``; re-entry, concurrency and holdout of that journey count."""

    kind = "start_journey"
    title = "Start a journey"
    description = "The customer comes into another journey as well, if that journey lets them."
    icon = "i-lucide-route"
    group = "journeys"
    unavailable_reason = ""
    fields = (
        FieldSpec("journey_id", FieldKind.JOURNEY, "Journey", is_required=True),
        FieldSpec(
            *("with_context", FieldKind.BOOLEAN, "Take the context along"), default=False,
            description="What this journey knows (the event, results of actions) is known there too.",
        ),
    )  # fmt: skip

    def __init__(self, enter: EnterSet) -> None:
        self._enter = enter

    def problems_of(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        """Hold the journey against those that there are."""
        if not config.get("journey_id"):
            return []
        found = _find(config)
        if found is None or found.status == JourneyStatus.ARCHIVED:
            return [_problem("The journey does not exist.", "Choose a journey that runs.", Severity.ERROR)]
        if found.status != JourneyStatus.ACTIVE:
            return [_problem("The journey does not run.", "Activate that journey.", Severity.WARNING)]
        return []

    def preview(self, call: ActionCall, row: ActionRow, *, now: datetime) -> Effect:
        """Tell into which journey the customer comes."""
        found = _find(call.config)
        if found is None or found.status != JourneyStatus.ACTIVE:
            return Effect(Reason("journey_idle"), FAILURE, {})
        return Effect(Reason("journey_comes", name=found.name), SUCCESS, {"journey": found.name})

    def perform_set(self, call: ActionCall, rows: Sequence[ActionRow], *, now: datetime) -> Sequence[ActionOutcome]:
        """Let all rows in, each by an occurrence of its step."""
        found = _find(call.config)
        begun = self._enter(found.public_id, rows, call.config, now) if found is not None else None
        if begun is None:
            told = ActionOutcome(
                FAILURE, {"code": "journeys.state_wrong"}, (Reason("journey_stands"),), may_pass=found is not None
            )
            return [told] * len(rows)
        return [_outcome(begun.get(row.key)) for row in rows]


def _outcome(execution: uuid.UUID | None) -> ActionOutcome:
    if execution is None:
        return ActionOutcome(SKIP, {"reason": "not_let_in"}, (Reason("journey_closed"),))
    return ActionOutcome(SUCCESS, {"execution_id": str(execution)}, (Reason("journey_entered"),))


def _find(config: Mapping[str, Any]) -> Journey | None:
    try:
        return Journey.objects.filter(public_id=uuid.UUID(str(config.get("journey_id")))).first()
    except ValueError:
        return None


def _problem(message: str, repair: str, severity: Severity) -> Problem:
    return Problem("journeys.journey_unknown", message, repair, severity=severity, field="journey_id")
