"""Fan-out: the audience of an occurrence placed in the send queue in sets, chunk by chunk."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.campaigns.contracts import CampaignStatus
from loyalty.campaigns.errors import CampaignStateWrong
from loyalty.campaigns.models import Campaign, Occurrence
from loyalty.campaigns.queries import audience_of as audience_by
from loyalty.delivery import api as delivery
from loyalty.foundation.orm import sql
from loyalty.foundation.work import api as work

RUN_KIND = "campaigns.trigger"


@dataclass(frozen=True, slots=True)
class Placed:
    """What was placed of an occurrence."""

    queued: int
    excluded: dict[str, int]


def audience_of(occurrence: Occurrence) -> delivery.Audience:
    """Give the audience as it was planned when the occurrence began."""
    plan = occurrence.plan
    return audience_by(
        program=uuid.UUID(plan["program"]) if plan["program"] else None,
        segment=uuid.UUID(plan["segment"]) if plan["segment"] else None,
        shared=plan["shared"],
        used=tuple(plan["used"]),
        customer=occurrence.customer_ref,
    )


def sum_up(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Add counts by reason."""
    total = {one.value: 0 for one in delivery.Exclusion}
    for one in counts:
        for reason, customers in one.items():
            total[reason] += customers
    return total


@transaction.atomic
def place(occurrence: Occurrence, *, now: datetime, is_held: bool) -> Placed:
    """Place the whole of a small audience at once."""
    chunks = []
    audience = audience_of(occurrence)
    for message in occurrence.plan["messages"].values():
        is_complete = False
        while not is_complete:
            chunk = delivery.enqueue_chunk(message_id=uuid.UUID(message), audience=audience, now=now, is_held=is_held)
            chunks.append(chunk)
            is_complete = chunk.is_complete
    Occurrence.objects.filter(pk=occurrence.pk).update(is_complete=True)
    return Placed(sum(one.queued for one in chunks), sum_up(one.excluded for one in chunks))


@transaction.atomic
def place_chunk(occurrence: Occurrence, message: uuid.UUID, *, now: datetime) -> delivery.EnqueuedChunk:
    """Place the next chunk of one message; while the campaign is paused the rows are placed held.

    :raises CampaignStateWrong: the campaign was ended meanwhile.
    """
    # The lock makes a pause or an end wait for the chunk, so that no row escapes either.
    sql.fetch_one("SELECT id FROM campaigns_campaign WHERE id = %s FOR SHARE", [occurrence.campaign_id])
    status = Campaign.objects.values_list("status", flat=True).get(pk=occurrence.campaign_id)
    if status == CampaignStatus.ENDED:
        raise CampaignStateWrong("The campaign was ended before everybody was placed.")
    return delivery.enqueue_chunk(
        message_id=message,
        audience=audience_of(occurrence),
        now=now,
        is_held=status == CampaignStatus.PAUSED,
    )


def fan_out_run(context: work.RunContext) -> dict[str, Any]:
    """Do the run of one occurrence; give how many were queued and who was left out in this run."""
    occurrence = Occurrence.objects.get(public_id=context.subject_ref)
    total = int(occurrence.answer["audience"]) + sum(occurrence.answer["excluded"].values())
    chunks: list[delivery.EnqueuedChunk] = []
    for channel, message in occurrence.plan["messages"].items():
        is_complete = False
        while not is_complete:
            context.report(f"queueing {channel}", sum(one.placed for one in chunks), total)
            chunk = place_chunk(occurrence, uuid.UUID(message), now=occurrence.triggered_at)
            chunks.append(chunk)
            is_complete = chunk.is_complete
    Occurrence.objects.filter(pk=occurrence.pk).update(is_complete=True)
    placed = sum(one.placed for one in chunks)
    context.report("queued", placed, total)
    return {
        "occurrence": occurrence.occurrence,
        "queued": sum(one.queued for one in chunks),
        "excluded": sum_up(one.excluded for one in chunks),
    }
