"""Counting an audience by what the contact policy, the campaign and the budgets say of each customer now."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from loyalty.campaigns.contracts import Plan
from loyalty.campaigns.models import Occurrence
from loyalty.campaigns.operations import fan_out
from loyalty.campaigns.queries import audience as audiences
from loyalty.campaigns.queries import sizing
from loyalty.delivery import api as delivery

# Of a kept audience that is larger one slice of so many customers out of each so many is looked at.
SAMPLE_CUSTOMERS = 2_048
SAMPLE_SLICES = 25


def count(occurrence: Occurrence, plan: Plan, purpose: str, now: datetime) -> dict[str, Any]:
    """Count the kept audience of an occurrence; a large one is estimated, and the answer says so.

    It is counted in slices, because those of neighbours are looked up together, for a third of the price.
    """
    is_estimated = occurrence.population > sizing.EXACT_MAX
    parts = fan_out.slices_of(occurrence, size=SAMPLE_CUSTOMERS if is_estimated else fan_out.SLICE_CUSTOMERS)
    chosen = parts[:: max(len(parts) // SAMPLE_SLICES, 1)] if is_estimated else parts
    counts = [_count_slice(occurrence, plan, one, purpose, now) for one in chosen]
    if not counts:
        return count_set(plan, audiences.kept(occurrence.pk, 0, 0), purpose, now, occurrence=occurrence.public_id)
    share = occurrence.population / max(sum(one.customers for one in chosen), 1) if is_estimated else 1
    return {**_scaled(counts, share), "is_estimated": is_estimated}


def _count_slice(occurrence: Occurrence, plan: Plan, one: fan_out.Slice, purpose: str, now: datetime) -> dict[str, Any]:
    # Channels that stand in for each other are asked of each customer in turn.
    together = 0 if plan.fallback is not None else one.customers
    base = audiences.kept(occurrence.pk, one.from_chunk, one.until_chunk, customers=together)
    return count_set(plan, base, purpose, now, occurrence=occurrence.public_id)


def count_live(plan: Plan, purpose: str, now: datetime) -> dict[str, Any]:
    """Count whom a plan means now, with their ``total`` before anybody is left out; of many a sample is looked at."""
    sized = sizing.size_of(plan)
    counted = count_set(plan, sized.base, purpose, now)
    return {**(_scaled([counted], sized.share) if sized.is_estimated else counted), "total": sized.total}


def _scaled(counts: Sequence[Mapping[str, Any]], share: float) -> dict[str, Any]:
    """Give for all what was counted of some, each of whom stands for ``share``."""
    excluded = fan_out.sum_up(one["excluded"] for one in counts)
    names = counts[0]["channels"] if counts else ()
    by_channel = {name: round(sum(one["channels"][name] for one in counts) * share) for name in names}
    scaled = {reason: round(customers * share) for reason, customers in excluded.items()}
    return {**_told(by_channel, scaled), "is_estimated": True}


def count_set(
    plan: Plan, base: audiences.Base, purpose: str, now: datetime, *, occurrence: uuid.UUID | None = None
) -> dict[str, Any]:
    """Count a set of customers exactly: who is written to by which channel, and why the others are not.

    ``audience`` are messages; where one channel stands in for another that is customers.
    """
    audience = audiences.audience_of(plan, base, occurrence=occurrence, at=now)
    if plan.fallback is not None:
        reach = delivery.count_reach(audience=audience, channels=plan.channels, purpose=purpose, now=now)
        return _told(reach.by_channel, reach.excluded)
    counts = {
        channel: delivery.count_audience(audience=audience, channel=channel, purpose=purpose, now=now)
        for channel in plan.channels
    }
    by_channel = {channel: one.sendable for channel, one in counts.items()}
    return _told(by_channel, fan_out.sum_up(one.excluded for one in counts.values()))


def within_budgets(
    counted: Mapping[str, Any], *, plan: Plan, units: Mapping[str, int], amount: Decimal | None, now: datetime
) -> dict[str, Any]:
    """Take from a count those whom no budget pays for any more, who are left out with the reason ``budget``.

    :param units: what a provider charges for one message of each channel, 1 where nothing is said.
    :param amount: the campaign's own budget, as its definition says.
    """
    paid = delivery.count_paid(
        counted["channels"],
        units=units,
        source_ref=plan.campaign,
        program_ref=plan.program,
        source_amount=amount,
        now=now,
    )
    unpaid = sum(counted["channels"].values()) - sum(paid.values())
    refused = {**counted["excluded"], delivery.Exclusion.BUDGET.value: unpaid}
    return {**counted, **_told(paid, refused), "is_estimated": counted["is_estimated"]}


def _told(by_channel: Mapping[str, int], excluded: Mapping[str, int]) -> dict[str, Any]:
    return {
        "audience": sum(by_channel.values()),
        "excluded": dict(excluded),
        "channels": dict(by_channel),
        "is_estimated": False,
    }
