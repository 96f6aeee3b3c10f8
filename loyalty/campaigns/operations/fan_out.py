"""Fan-out: the audience of an occurrence placed in the send queue in sets, slice by slice.

The audience was kept as bits when the occurrence began. A slice is some 50,000 of them; all channels of a slice, and
how far
the queue is filled, are one transaction, so a worker that is lost is followed by one that goes on behind it.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.campaigns.contracts import CampaignStatus, Plan
from loyalty.campaigns.errors import CampaignStateWrong
from loyalty.campaigns.models import Campaign, Occurrence
from loyalty.campaigns.policy import plans
from loyalty.campaigns.queries import audience as audiences
from loyalty.delivery import api as delivery
from loyalty.foundation.orm import sql
from loyalty.foundation.work import api as work

RUN_KIND = "campaigns.trigger"
# Customers to a slice: long enough to be a set, short enough that progress is seen and a stop is heard.
SLICE_CUSTOMERS = 50_000

FREEZE = "SELECT campaigns_freeze(%(occurrence)s, %(segments)s::uuid[], %(excluded)s::uuid[], %(program)s) AS meant"
SLICES = """
    SELECT min(s.chunk) AS from_chunk, max(s.chunk) + 1 AS until_chunk, sum(s.customers)::bigint AS customers
    FROM (SELECT c.chunk, c.customers, (sum(c.customers) OVER (ORDER BY c.chunk) - c.customers)::bigint / %(size)s AS
    slice
        FROM (SELECT a.chunk, bit_count(a.bits) AS customers FROM campaigns_audiencechunk a
            WHERE a.occurrence_id = %(occurrence)s AND a.chunk >= %(position)s) c) s
    GROUP BY s.slice ORDER BY 1
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
    """Keep who is meant now; give how many."""
    params = {
        "occurrence": occurrence.pk,
        "segments": list(plan.segments),
        "excluded": list(plan.excluded),
        "program": plan.program,
    }
    row = sql.fetch_one(FREEZE, params)
    return int(row["meant"]) if row else 0


def slices_of(occurrence: Occurrence, *, size: int = SLICE_CUSTOMERS) -> list[Slice]:
    """Give the slices of the audience that the queue does not hold yet."""
    params = {"occurrence": occurrence.pk, "position": occurrence.position, "size": size}
    return [Slice(**{name: int(value) for name, value in row.items()}) for row in sql.fetch_all(SLICES, params)]


def sum_up(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Add counts by reason."""
    total = {one.value: 0 for one in delivery.Exclusion}
    for one in counts:
        for reason, customers in one.items():
            total[reason] += customers
    return total


def add_up(chunks: Iterable[delivery.EnqueuedChunk], plan: Plan) -> Placed:
    """Add what the channels placed. Where one channel stands in for another, who was left out by one is not yet
    lost."""
    listed = list(chunks)
    return Placed(sum(one.queued for one in listed), sum_up(one.excluded for one in listed))


def place(occurrence: Occurrence, base: audiences.Base, *, now: datetime, is_held: bool, is_last: bool) -> Placed:
    """Place a small set at once, on every channel; the caller holds the campaign."""
    plan = plan_of(occurrence)
    chunks = list(_place_channels(occurrence, plan, base, now=now, is_held=is_held, is_last=is_last, is_single=True))
    return add_up(chunks, plan)


def _place_channels(
    occurrence: Occurrence,
    plan: Plan,
    base: audiences.Base,
    *,
    now: datetime,
    is_held: bool,
    is_last: bool,
    is_single: bool,
) -> Iterator[delivery.EnqueuedChunk]:
    """Place a set on each channel: on all of them, or on the first by which each customer can be reached."""
    before: uuid.UUID | None = None
    for channel in plan.channels:
        message = uuid.UUID(occurrence.plan["messages"][channel])
        if before is not None and plan.fallback is not None:
            base = audiences.unreached(base, before)
        audience = audiences.audience_of(plan, base, occurrence=occurrence.public_id, at=now, is_single=is_single)
        yield delivery.enqueue_set(
            message_id=message, audience=audience, now=now, is_held=is_held,
            is_complete=is_last and (plan.fallback is None or before is None),
        )  # fmt: skip
        before = message


@transaction.atomic
def place_slice(occurrence: Occurrence, one: Slice, *, now: datetime, is_last: bool) -> Placed:
    """Place the next slice; while the campaign is paused its rows are placed held.

    :raises CampaignStateWrong: the campaign or the occurrence was ended meanwhile.
    """
    # The lock makes a pause or an end wait for the slice, so that no row escapes either.
    sql.fetch_one("SELECT id FROM campaigns_campaign WHERE id = %s FOR SHARE", [occurrence.campaign_id])
    status = Campaign.objects.values_list("status", flat=True).get(pk=occurrence.campaign_id)
    held = Occurrence.objects.select_for_update().get(pk=occurrence.pk)
    if status == CampaignStatus.ENDED or held.aborted_at is not None:
        raise CampaignStateWrong("It was ended before everybody was placed.")
    if one.from_chunk < held.position:
        return Placed(0, sum_up(()))
    plan = plan_of(occurrence)
    base = audiences.kept(occurrence.pk, one.from_chunk, one.until_chunk, customers=one.customers)
    is_paused = status == CampaignStatus.PAUSED
    chunks = list(_place_channels(occurrence, plan, base, now=now, is_held=is_paused, is_last=is_last, is_single=False))
    Occurrence.objects.filter(pk=occurrence.pk).update(position=one.until_chunk, is_complete=is_last)
    return add_up(chunks, plan)


def fan_out_run(context: work.RunContext) -> dict[str, Any]:
    """Do the run of one occurrence; give how many were queued and who was left out in this run."""
    occurrence = Occurrence.objects.select_related("campaign").get(public_id=context.subject_ref)
    parts = slices_of(occurrence, size=SLICE_CUSTOMERS)
    placed: list[Placed] = []
    total = occurrence.population
    done = total - sum(one.customers for one in parts)
    for place_of, one in enumerate(parts):
        context.report("queueing", done, total)
        placed.append(place_slice(occurrence, one, now=occurrence.triggered_at, is_last=place_of == len(parts) - 1))
        done += one.customers
    Occurrence.objects.filter(pk=occurrence.pk).update(is_complete=True)
    context.report("queued", done, total)
    return {
        "occurrence": occurrence.occurrence,
        "queued": sum(one.queued for one in placed),
        "excluded": sum_up(one.excluded for one in placed),
    }
