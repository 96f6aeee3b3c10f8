"""The life of a journey: it runs, stands still, and is put away."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.foundation.work import api as work
from loyalty.journeys.contracts import ExecutionState, TriggerKind
from loyalty.journeys.errors import JourneyStateWrong
from loyalty.journeys.models import Backfill, Journey, Version
from loyalty.journeys.operations import holding, listening
from loyalty.journeys.operations.drafting import record
from loyalty.journeys.operations.starting_clock import next_start
from loyalty.journeys.policy.graph import Wiring, parse

ARCHIVED_REASON = "the journey was archived"
# The present members of a segment are let in once, when the journey first runs.
FIRST_FILL = "backfill"

END_ALL = """
    SELECT journeys_end_at(coalesce(array_agg(n.id), '{}'), %s, %s, %s, %s) AS ended
    FROM journeys_node n JOIN journeys_version v ON v.id = n.version_id WHERE v.journey_id = %s
"""


@transaction.atomic
def activate(*, journey_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    """Let a published journey run; where timers were frozen, they go on from where they stood.

    :raises JourneyStateWrong: it was never published, or is archived.
    """
    journey = holding.alone(journey_id)
    if journey.status == "ACTIVE":
        return
    if journey.status == "ARCHIVED":
        raise JourneyStateWrong("An archived journey stays archived.")
    if journey.live is None:
        raise JourneyStateWrong("Publish it first.")
    if journey.is_frozen and journey.paused_at is not None:
        _thaw(journey, now - journey.paused_at)
    listening.begin()
    before, journey.status = journey.status, "ACTIVE"
    journey.activated_at, journey.paused_at, journey.is_frozen = now, None, False
    journey.due_at = next_start(parse(journey.live.graph), now)
    journey.save()
    _fill_at_first(journey)
    record(journey, "journeys.activate", actor, now, before={"status": before}, after={"status": "ACTIVE"})
    work.ring("journeys.advance")


def _thaw(journey: Journey, by: timedelta) -> None:
    sql.fetch_one("SELECT journeys_thaw(%s, %s)", [journey.pk, by])
    journey.frozen_for += by


def _fill_at_first(journey: Journey) -> None:
    """Have the present members of the segment let in, where that is wanted and was not done before."""
    start = Wiring(parse(journey.live.graph)).start if journey.live is not None else None
    trigger: dict[str, Any] = dict(start.config.get("trigger") or {}) if start is not None else {}
    if trigger.get("kind") == TriggerKind.SEGMENT and trigger.get("backfill") is True:
        Backfill.objects.get_or_create(
            journey=journey, occurrence=FIRST_FILL, defaults={"segment_ref": uuid.UUID(str(trigger["segment_id"]))}
        )


@transaction.atomic
def pause(*, journey_id: uuid.UUID, is_frozen: bool, actor: Actor, now: datetime) -> None:
    """Have a journey stand still: nobody comes in, nobody goes on.

    :param is_frozen: timers stand still too; else they run, and what is over then happens when it goes on.
    :raises JourneyStateWrong: it does not run.
    """
    journey = holding.alone(journey_id)
    if journey.status == "PAUSED":
        return
    if journey.status != "ACTIVE":
        raise JourneyStateWrong("Only a journey that runs can be paused.")
    journey.status, journey.paused_at, journey.is_frozen, journey.due_at = "PAUSED", now, is_frozen, None
    journey.save()
    after = {"status": "PAUSED", "timers": "freeze" if is_frozen else "run"}
    record(journey, "journeys.activate", actor, now, before={"status": "ACTIVE"}, after=after)


@transaction.atomic
def archive(*, journey_id: uuid.UUID, actor: Actor, now: datetime) -> int:
    """Put a journey away for good; whoever is inside leaves. Give how many did.

    :raises JourneyStateWrong: it was never published; delete it instead.
    """
    journey = holding.alone(journey_id)
    if journey.live is None:
        raise JourneyStateWrong("It was never published; delete it instead.")
    if journey.status == "ARCHIVED":
        return 0
    row = sql.fetch_one(END_ALL, [ExecutionState.EXITED.value, "exit", ARCHIVED_REASON, now, journey.pk])
    ended = int(row["ended"]) if row else 0
    before, journey.status = journey.status, "ARCHIVED"
    journey.due_at = None
    journey.save()
    Version.objects.filter(journey=journey).update(is_open=False)
    Backfill.objects.filter(journey=journey).update(is_complete=True)
    after = {"status": "ARCHIVED", "people_out": ended}
    record(journey, "journeys.activate", actor, now, before={"status": before}, after=after)
    return ended
