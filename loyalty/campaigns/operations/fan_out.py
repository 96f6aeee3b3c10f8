"""Fan-out: the audience of an occurrence placed in the send queue in sets, slice by slice, by several workers at once.

The audience was kept as bits when the occurrence began, and cut into slices of some 50,000. A worker takes a slice by
the lock of its row; all channels of a slice, and that it is placed, are one transaction, so a lost worker leaves its
slice open for the next one. No customer is in two slices, so what is decided for each (caps, holdout, arm, who was
reached by an earlier channel) is the same whoever places it and in whatever order.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.campaigns.contracts import CampaignStatus, Plan
from loyalty.campaigns.errors import CampaignStateWrong
from loyalty.campaigns.models import AudienceSlice, Campaign, Occurrence
from loyalty.campaigns.policy import plans
from loyalty.campaigns.queries import audience as audiences
from loyalty.delivery import api as delivery
from loyalty.foundation.orm import sql
from loyalty.foundation.work import api as work

RUN_KIND = "campaigns.trigger"
HELP = "campaigns.place_slices"
# Customers to a slice: long enough to be a set, short enough that progress is seen and a stop is heard.
SLICE_CUSTOMERS = 50_000
# A slice does not wait until the disk has its rows: a sender's commit does, before anything leaves the house, and with
# its own it writes all that came before. Where the server dies meanwhile the slice is open again as a whole.
SOON = "SET LOCAL synchronous_commit = off"
# So many workers are asked to help the one that has the run. One that is rung for nothing finds nothing to do.
HELPERS = 3
# A helper looks for work among so many of the newest occurrences with open slices; of cancelled runs they stay open.
HELPED_MAX = 20
RUNNING = "RUNNING"

FREEZE = "SELECT campaigns_freeze(%(occurrence)s, %(segments)s::uuid[], %(excluded)s::uuid[], %(program)s) AS meant"
SLICES = """
    SELECT min(s.chunk) AS from_chunk, max(s.chunk) + 1 AS until_chunk, sum(s.customers)::bigint AS customers
    FROM (SELECT c.chunk, c.customers, (sum(c.customers) OVER (ORDER BY c.chunk) - c.customers)::bigint / %(size)s AS
    slice
        FROM (SELECT a.chunk, bit_count(a.bits) AS customers FROM campaigns_audiencechunk a
            WHERE a.occurrence_id = %(occurrence)s) c) s
    GROUP BY s.slice ORDER BY 1
"""
CUT = f"""
    INSERT INTO campaigns_audienceslice (occurrence_id, from_chunk, until_chunk, customers)
    SELECT %(occurrence)s, s.from_chunk, s.until_chunk, s.customers FROM ({SLICES}) s
"""
# Whoever waits for a slice that another worker has, passes on to the next open one when that worker has placed it.
TAKE = """
    SELECT id FROM campaigns_audienceslice WHERE occurrence_id = %s AND placed IS NULL
    ORDER BY from_chunk LIMIT 1 FOR UPDATE {skip}
"""
DONE = """
    SELECT coalesce(sum(customers) FILTER (WHERE placed IS NOT NULL), 0)::bigint AS done
    FROM campaigns_audienceslice WHERE occurrence_id = %s
"""


@dataclass(frozen=True, slots=True)
class Slice:
    """Neighbouring customers of an audience, by their chunks: half-open."""

    from_chunk: int
    until_chunk: int
    customers: int


@dataclass(frozen=True, slots=True)
class Placed:
    """What was placed of an occurrence."""

    queued: int
    excluded: dict[str, int]


def plan_of(occurrence: Occurrence) -> Plan:
    """Give the plan as it was made when the occurrence began."""
    return plans.read(occurrence.campaign.public_id, occurrence.plan)


def freeze(occurrence: Occurrence, plan: Plan) -> int:
    """Keep who is meant now, cut into slices; give how many."""
    params = {
        "occurrence": occurrence.pk,
        "segments": list(plan.segments),
        "excluded": list(plan.excluded),
        "program": plan.program,
    }
    row = sql.fetch_one(FREEZE, params)
    sql.execute(CUT, {"occurrence": occurrence.pk, "size": SLICE_CUSTOMERS})
    return int(row["meant"]) if row else 0


def slices_of(occurrence: Occurrence, *, size: int = SLICE_CUSTOMERS) -> list[Slice]:
    """Cut the audience into slices of about so many customers."""
    rows = sql.fetch_all(SLICES, {"occurrence": occurrence.pk, "size": size})
    return [Slice(**{name: int(value) for name, value in row.items()}) for row in rows]


def sum_up(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Add counts by reason."""
    total = {one.value: 0 for one in delivery.Exclusion}
    for one in counts:
        for reason, customers in one.items():
            total[reason] += customers
    return total


def add_up(chunks: Iterable[delivery.EnqueuedChunk]) -> Placed:
    """Add what the channels placed."""
    listed = list(chunks)
    return Placed(sum(one.queued for one in listed), sum_up(one.excluded for one in listed))


def place(occurrence: Occurrence, base: audiences.Base, *, now: datetime, is_held: bool) -> Placed:
    """Place a small set at once, on every channel, after whom nobody comes; the caller holds the campaign."""
    plan = plan_of(occurrence)
    placed = add_up(_place_channels(occurrence, plan, base, now=now, is_held=is_held, is_single=True))
    _complete_messages(occurrence, plan)
    return placed


def _place_channels(
    occurrence: Occurrence, plan: Plan, base: audiences.Base, *, now: datetime, is_held: bool, is_single: bool
) -> Iterator[delivery.EnqueuedChunk]:
    """Place a set on each channel: on all of them, or on the first by which each customer can be reached."""
    before: uuid.UUID | None = None
    for channel in plan.channels:
        message = uuid.UUID(occurrence.plan["messages"][channel])
        if before is not None and plan.fallback is not None:
            base = audiences.unreached(base, before)
        audience = audiences.audience_of(plan, base, occurrence=occurrence.public_id, at=now, is_single=is_single)
        yield delivery.enqueue_set(message_id=message, audience=audience, now=now, is_held=is_held)
        before = message


def _complete_messages(occurrence: Occurrence, plan: Plan) -> None:
    """Say that nobody comes to the messages any more; to those that stand in for another one somebody may."""
    channels = plan.channels if plan.fallback is None else plan.channels[:1]
    delivery.complete_messages([uuid.UUID(occurrence.plan["messages"][channel]) for channel in channels])


@transaction.atomic
def place_next(occurrence: Occurrence, *, now: datetime, is_waiting: bool = False) -> Placed | None:
    """Place the next slice that no other worker has; give what was placed, or None when there is none.

    While the campaign is paused its rows are placed held. With ``is_waiting`` wait for a worker that has the last ones,
    and place them when that one was lost.

    :raises CampaignStateWrong: the campaign or the occurrence was ended meanwhile.
    """
    sql.execute(SOON)
    # The locks make a pause, an end or an abort wait for the slice, so that no row escapes any of them.
    sql.fetch_one("SELECT id FROM campaigns_campaign WHERE id = %s FOR SHARE", [occurrence.campaign_id])
    held = sql.fetch_one("SELECT aborted_at FROM campaigns_occurrence WHERE id = %s FOR SHARE", [occurrence.pk])
    status = Campaign.objects.values_list("status", flat=True).get(pk=occurrence.campaign_id)
    taken = sql.fetch_one(TAKE.format(skip="" if is_waiting else "SKIP LOCKED"), [occurrence.pk])
    if taken is None:
        return None
    if status == CampaignStatus.ENDED or held is None or held["aborted_at"] is not None:
        raise CampaignStateWrong("It was ended before everybody was placed.")
    one = AudienceSlice.objects.get(pk=taken["id"])
    base = audiences.kept(occurrence.pk, one.from_chunk, one.until_chunk, customers=one.customers)
    is_held = status == CampaignStatus.PAUSED
    chunks = _place_channels(occurrence, plan_of(occurrence), base, now=now, is_held=is_held, is_single=False)
    placed = add_up(chunks)
    AudienceSlice.objects.filter(pk=one.pk).update(placed={"queued": placed.queued, "excluded": placed.excluded})
    return placed


def fan_out_run(context: work.RunContext) -> dict[str, Any]:
    """Do the run of one occurrence, with the help of whoever hears the bell; give how many were queued and who was
    left out."""
    occurrence = Occurrence.objects.select_related("campaign").get(public_id=context.subject_ref)
    now, total = occurrence.triggered_at, occurrence.population
    _report(context, occurrence)
    for _ in range(min(HELPERS, occurrence.slices.filter(placed__isnull=True).count() - 1)):
        work.ring(HELP)
    while place_next(occurrence, now=now) is not None:
        _report(context, occurrence)
    while place_next(occurrence, now=now, is_waiting=True) is not None:
        _report(context, occurrence)
    result = _complete(occurrence)
    context.report("queued", total, total)
    return result


def _report(context: work.RunContext, occurrence: Occurrence) -> None:
    row = sql.fetch_one(DONE, [occurrence.pk])
    context.report("queueing", int(row["done"]) if row else 0, occurrence.population)


@transaction.atomic
def _complete(occurrence: Occurrence) -> dict[str, Any]:
    placed = [one for one in occurrence.slices.values_list("placed", flat=True) if one is not None]
    _complete_messages(occurrence, plan_of(occurrence))
    Occurrence.objects.filter(pk=occurrence.pk).update(is_complete=True)
    return {
        "occurrence": occurrence.occurrence,
        "queued": sum(int(one["queued"]) for one in placed),
        "excluded": sum_up(one["excluded"] for one in placed),
    }


def help_one() -> bool:
    """Place one slice of an occurrence whose run is under way elsewhere; tell whether there was one."""
    is_open = AudienceSlice.objects.filter(placed__isnull=True).values("occurrence")
    for occurrence in Occurrence.objects.select_related("campaign").filter(pk__in=is_open).order_by("-pk")[:HELPED_MAX]:
        run = work.find_latest_run(RUN_KIND, str(occurrence.public_id))
        if run is None or run.status != RUNNING:
            continue
        try:
            if place_next(occurrence, now=occurrence.triggered_at) is not None:
                return True
        except CampaignStateWrong:
            continue
    return False
