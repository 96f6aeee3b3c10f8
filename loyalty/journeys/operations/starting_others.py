"""Letting people of one journey into another, in sets: what the action ``start_journey`` does."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from loyalty.foundation.kernel.ids import public_id_of_ref
from loyalty.foundation.work import api as work
from loyalty.journeys.contracts import ActionRow, JourneyStatus
from loyalty.journeys.models import Execution, Journey
from loyalty.journeys.operations import holding
from loyalty.journeys.operations.entering import Newcomer, enter
from loyalty.journeys.operations.versions import load


def enter_set(
    journey_id: uuid.UUID, rows: Sequence[ActionRow], config: Mapping[str, Any], now: datetime
) -> dict[str, uuid.UUID] | None:
    """Let people into a journey; give the execution of each that came in, by its key. None when it does not run.

    Each comes by an occurrence of its step, so that the same step again gives the same execution. Who is held out has
    an execution as well, and takes no step.
    """
    journey = Journey.objects.filter(public_id=journey_id).first()
    if journey is None or holding.share([journey.pk]).get(journey.pk) != JourneyStatus.ACTIVE:
        return None
    journey.refresh_from_db(fields=["live"])
    if journey.live_id is None:
        return None
    occurrences = {public_id_of_ref(row.key): row for row in rows}
    people = [
        Newcomer(row.customer, occurrence, context=_context(row, config)) for occurrence, row in occurrences.items()
    ]
    enter(loaded=load(journey.live_id, journey.public_id), people=people, now=now)
    begun = Execution.objects.filter(
        journey=journey, occurrence__in=list(occurrences), customer_id__in=[row.customer for row in rows]
    )
    work.ring("journeys.advance")
    return {occurrences[occurrence].key: execution for execution, occurrence in begun.values_list("pk", "occurrence")}


def _context(row: ActionRow, config: Mapping[str, Any]) -> Mapping[str, Any]:
    return dict(row.context) if config.get("with_context") else {}
