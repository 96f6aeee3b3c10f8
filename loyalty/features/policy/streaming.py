"""Facts that purchases change at once: what happened since a source computed its values is added to them, once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from loyalty.features.contracts import NullKind

TRANSACTION_COUNT, TOTAL_REVENUE, LAST_PURCHASE = "transaction_count", "total_revenue", "last_purchase_days_ago"
STREAMING = (TRANSACTION_COUNT, TOTAL_REVENUE, LAST_PURCHASE)


@dataclass(frozen=True, slots=True)
class Purchases:
    """Purchases of one customer after the instant up to which a source's values tell of them."""

    count: int
    amount: Decimal
    last_at: datetime


def overlay(
    values: Mapping[str, Any], null_kinds: Mapping[str, str], purchases: Purchases | None, now: datetime
) -> dict[str, Any]:
    """Give the values of those streaming fields that ``values`` has, with the purchases in them.

    A count or sum that nobody knows stays unknown; one that is None because nothing ever happened starts from 0. The
    days since the last purchase are known from the purchase alone.
    """
    held = {name: values[name] for name in STREAMING if name in values}
    if purchases is None:
        return held
    added: dict[str, int | Decimal] = {TRANSACTION_COUNT: purchases.count, TOTAL_REVENUE: purchases.amount}
    for name, more in added.items():
        if name not in held:
            continue
        if held[name] is not None:
            held[name] = held[name] + more
        elif null_kinds.get(name) == NullKind.NONE:
            held[name] = more
    if LAST_PURCHASE in held:
        held[LAST_PURCHASE] = days_between(purchases.last_at, now)
    return held


def days_between(earlier: datetime, later: datetime) -> int:
    """Count the days between two instants as the calendar in UTC does; never fewer than 0."""
    return max(0, (later.astimezone(UTC).date() - earlier.astimezone(UTC).date()).days)
