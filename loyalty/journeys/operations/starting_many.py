"""Many people led in at once by somebody: what becomes of each is counted by its reason, before and afterwards."""

import hashlib
import uuid
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.exact_json import dumps_exact
from loyalty.foundation.kernel.ids import public_id_of_ref
from loyalty.foundation.orm import sql
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.foundation.work import api as work
from loyalty.journeys.contracts import EntryOutcome, ManyStarted, UnknownName
from loyalty.journeys.errors import JourneyNotFound, JourneyStateWrong, KeyReused
from loyalty.journeys.models import Intake, IntakePart, Journey
from loyalty.journeys.operations import holding, naming_many
from loyalty.journeys.operations.drafting import record
from loyalty.journeys.operations.entering import settings_of
from loyalty.journeys.operations.naming_many import PeopleSource
from loyalty.journeys.operations.versions import Loaded, load
from loyalty.journeys.policy.planning import key_of

RUN_KIND = "journeys.start_many"
SUBJECT_KIND = "journey_intake"

# Who may come in does, by the same statement by which everybody else comes in; whoever else got in meanwhile is inside.
LEAD_IN = """
    WITH asked AS MATERIALIZED (
        SELECT o.customer_id, o.outcome FROM journeys_entry_outcomes(%(settings)s::jsonb, CASE
            WHEN %(segment)s::uuid IS NULL THEN %(customers)s::bigint[]
            ELSE ARRAY(SELECT m FROM segments_members_between(%(segment)s, %(after)s, %(until)s) m) END,
            %(key)s, %(occurrence)s, %(now)s) o
    ), wanted AS (
        SELECT array_agg(customer_id) AS ids, count(*)::integer AS people FROM asked
        WHERE outcome IN ('entered', 'held_out') AND NOT %(is_dry_run)s
    ), came AS MATERIALIZED (
        SELECT w.people, e.entered, e.held_out FROM wanted w CROSS JOIN LATERAL journeys_enter(
            %(settings)s::jsonb, w.ids, array_fill(%(key)s::text, ARRAY[w.people]),
            array_fill(%(occurrence)s::uuid, ARRAY[w.people]), CASE WHEN %(context)s::jsonb IS NOT NULL
                THEN array_fill(%(context)s::jsonb, ARRAY[w.people]) END, %(now)s) e
        WHERE w.people > 0
    )
    SELECT outcome, count(*) AS people FROM asked
    WHERE %(is_dry_run)s OR outcome NOT IN ('entered', 'held_out') GROUP BY outcome
    UNION ALL SELECT 'entered', entered FROM came
    UNION ALL SELECT 'held_out', held_out FROM came
    UNION ALL SELECT 'already_inside', people - entered - held_out FROM came
"""


@transaction.atomic
def start_many(
    *,
    journey_id: uuid.UUID,
    source: PeopleSource,
    context: Mapping[str, Any],
    reason: str,
    key: str = "",
    is_dry_run: bool = False,
    actor: Actor,
    now: datetime,
) -> ManyStarted:
    """Lead people in, each as one who is led in alone; who may not come stays outside, counted by the reason.

    Up to one piece of people is done at once, more by a run. The same key gives what it gave first, and goes on with
    what a run left behind.

    :param key: of the caller, once for a journey; not needed for a dry run, which only counts.
    :raises JourneyNotFound, JourneyStateWrong: there is no such journey, or it does not run.
    :raises ListInvalid, ListTooLong, SegmentUnknown: nobody can be read from the source.
    :raises KeyReused: the key led other people in.
    """
    journey = _running(journey_id)
    loaded = load(journey.live_id or 0, journey.public_id)
    digest = hashlib.sha256(dumps_exact([naming_many.digest_of(source), dict(context)])).digest()
    # Who wrote this key down just now is waited for, and then it is there already.
    intake, is_new = Intake.objects.select_for_update().get_or_create(
        journey=journey,
        key=str(uuid.uuid4()) if is_dry_run else key,
        is_dry_run=is_dry_run,
        defaults={"request_hash": digest, "context": dict(context)},
    )
    if not is_new:
        return _again(intake, digest, actor, now)
    unknown = naming_many.cut(intake, source)
    intake.save()
    if not is_dry_run:
        after = {"act": "start many", "people": intake.total, "segment": str(intake.segment_ref or "")}
        record(journey, "journeys.start", actor, now, after=after, reason=reason)
    if intake.parts.count() > 1:
        return _told(intake, unknown, run=_start_run(intake, actor, now))
    _lead_in(intake, loaded, now)
    _finish(intake)
    told = _told(intake, unknown)
    if is_dry_run:
        intake.delete()
    return told


def _running(journey_id: uuid.UUID) -> Journey:
    journey = Journey.objects.filter(public_id=journey_id).first()
    if journey is None:
        raise JourneyNotFound()
    if holding.share([journey.pk]).get(journey.pk) != "ACTIVE":
        raise JourneyStateWrong("The journey does not run.")
    journey.refresh_from_db(fields=["live"])
    return journey


def _again(intake: Intake, digest: bytes, actor: Actor, now: datetime) -> ManyStarted:
    if bytes(intake.request_hash) != digest:
        raise KeyReused("This key led other people in, or with another context.", idempotency_key=intake.key)
    if intake.is_complete:
        return _told(intake, ())
    try:
        return _told(intake, (), run=_start_run(intake, actor, now))
    except work.RunAlreadyActive:
        return _told(intake, (), run=work.find_latest_run(RUN_KIND, str(intake.public_id)))


def _start_run(intake: Intake, actor: Actor, now: datetime) -> work.RunView:
    return work.start(
        kind=RUN_KIND, subject_kind=SUBJECT_KIND, subject_ref=str(intake.public_id), params={}, actor=actor, now=now
    )


def execute(context: work.RunContext) -> dict[str, Any]:
    """Lead the people of an intake in, piece by piece, from where an earlier try stopped (as a run).

    :raises JourneyStateWrong: the journey does not run any more; the same call goes on once it does.
    """
    intake_id = uuid.UUID(context.subject_ref)
    while True:
        with transaction.atomic():
            intake = Intake.objects.select_related("journey").get(public_id=intake_id)
            journey = _running(intake.journey.public_id)
            intake = Intake.objects.select_for_update().get(public_id=intake_id)
            is_more = _lead_in(intake, load(journey.live_id or 0, journey.public_id), context.now)
            if not is_more:
                _finish(intake)
        if not is_more:
            return result_of(intake)
        if not intake.is_dry_run:
            events.store_facts()
        context.report("starting", intake.seen, intake.total)


def result_of(intake: Intake) -> dict[str, Any]:
    """Give what an intake came to, as the result of its run."""
    told = _told(intake, ())
    return {
        "dry_run": told.is_dry_run,
        "named": told.named,
        "outcomes": [{"code": str(outcome), "people": people} for outcome, people in told.outcomes.items()],
    }


def _lead_in(intake: Intake, loaded: Loaded, now: datetime) -> bool:
    """Do one piece, which goes with the transaction in which its people come in; False when none is left."""
    part = IntakePart.objects.select_for_update().filter(intake=intake).order_by("pk").first()
    if part is None:
        return False
    rows = sql.fetch_all(
        LEAD_IN,
        {
            "settings": settings_of(loaded),
            "segment": intake.segment_ref,
            "after": part.after_id,
            "until": part.until_id,
            "customers": part.customers or [],
            "key": key_of(loaded.graph.settings.key_path, intake.context),
            "occurrence": public_id_of_ref(f"journey:{loaded.journey_id}:many:{intake.public_id}"),
            "context": dumps_exact(intake.context).decode() if intake.context else None,
            "is_dry_run": intake.is_dry_run,
            "now": now,
        },
    )
    counts = Counter(intake.counts)
    for row in rows:
        counts[row["outcome"]] += row["people"]
        intake.seen += row["people"]
    intake.counts = {outcome: people for outcome, people in counts.items() if people}
    part.delete()
    intake.save()
    maybe_fail("journeys.entered_many")
    if counts[EntryOutcome.ENTERED] and not intake.is_dry_run:
        work.ring("journeys.advance")
    return True


def _finish(intake: Intake) -> None:
    intake.is_complete = True
    intake.save()


def _told(intake: Intake, unknown: tuple[UnknownName, ...], run: work.RunView | None = None) -> ManyStarted:
    outcomes = {one: int(intake.counts[one]) for one in EntryOutcome if intake.counts.get(one)}
    return ManyStarted(intake.is_dry_run, intake.is_complete, intake.named, outcomes, unknown, run)
