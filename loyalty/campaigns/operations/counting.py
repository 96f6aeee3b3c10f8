"""Counting an audience by what the contact policy and the campaign say of each customer now."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from loyalty.campaigns.contracts import Plan
from loyalty.campaigns.models import Occurrence
from loyalty.campaigns.operations import fan_out
from loyalty.campaigns.queries import audience as audiences
from loyalty.delivery import api as delivery

# Larger audiences are counted by one slice of so many customers out of each so many, so that the answer comes at
# once; what is placed is counted whole.
EXACT_MAX = 250_000
SAMPLE_CUSTOMERS = 2_048
SAMPLE_SLICES = 25


def count(occurrence: Occurrence, plan: Plan, purpose: str, now: datetime) -> dict[str, Any]:
    """Count the kept audience of an occurrence; a large one is estimated, and the answer says so."""
    if occurrence.population <= EXACT_MAX:
        return count_set(plan, audiences.kept(occurrence.pk, 0, 2**62), purpose, now, occurrence=occurrence.public_id)
    parts = fan_out.slices_of(occurrence, size=SAMPLE_CUSTOMERS)
    chosen = parts[:: max(len(parts) // SAMPLE_SLICES, 1)]
    counts = [
        count_set(
            plan,
            audiences.kept(occurrence.pk, one.from_chunk, one.until_chunk),
            purpose,
            now,
            occurrence=occurrence.public_id,
        )
        for one in chosen
    ]
    share = occurrence.population / max(sum(one.customers for one in chosen), 1)
    excluded = fan_out.sum_up(one["excluded"] for one in counts)
    return {
        "audience": round(sum(one["audience"] for one in counts) * share),
        "excluded": {reason: round(customers * share) for reason, customers in excluded.items()},
        "channels": _scaled(counts, share),
        "is_estimated": True,
    }


def _scaled(counts: list[dict[str, Any]], share: float) -> dict[str, int]:
    names = counts[0]["channels"] if counts else ()
    return {name: round(sum(one["channels"][name] for one in counts) * share) for name in names}


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


def _told(by_channel: Mapping[str, int], excluded: Mapping[str, int]) -> dict[str, Any]:
    return {
        "audience": sum(by_channel.values()),
        "excluded": dict(excluded),
        "channels": dict(by_channel),
        "is_estimated": False,
    }
