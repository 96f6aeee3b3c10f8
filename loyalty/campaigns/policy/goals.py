"""What counts as the success of a campaign: which facts, within which time, and what they were worth."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

# Without a goal of its own a campaign is successful when the customer buys or earns within a week.
DEFAULT_TYPES = ("customer.purchase", "points.earned")
# What a success cost in points is told by the postings that it led to.
EARNED, REVERSED = "points.earned", "points.reversed"
DEFAULT_HOURS = 7 * 24
HOURS_MAX = 90 * 24
# The facts that a builder offers first; any fact about a customer can be a goal.
GOAL_TYPES = (
    "customer.purchase", "customer.topup", "customer.bill_paid", "customer.plan_changed", "member.enrolled",
    "points.earned", "points.burned", "tier.upgraded", "message.clicked",
)  # fmt: skip
AMOUNT_MAX = Decimal("1e14")
POINTS_MAX = 2**62


def types_of(goal: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Give the types of facts that count."""
    return (goal["event_type"],) if goal else DEFAULT_TYPES


def window_of(goal: Mapping[str, Any] | None) -> timedelta:
    """Give how long after a send what a customer does counts for it."""
    return timedelta(hours=goal["window_hours"] if goal else DEFAULT_HOURS)


def worth_of(data: Mapping[str, Any], value_field: str = "amount") -> Decimal | None:
    """Give the amount of a fact, or None when it has none that is a number."""
    try:
        amount = Decimal(str(data.get(value_field)))
    except InvalidOperation:
        return None
    return amount.quantize(Decimal("0.0001")) if amount.is_finite() and abs(amount) < AMOUNT_MAX else None


def points_for(event_type: str, data: Mapping[str, Any], causation: UUID | None) -> tuple[str, int] | None:
    """Give what a posting gave or took back, with the fact that led to it or the posting that it takes back."""
    points = points_of(data)
    if points is None:
        return None
    if event_type == EARNED and causation is not None:
        return str(causation), points
    if event_type == REVERSED and data.get("reversed_kind") == "earn" and data.get("reverses"):
        return str(data["reverses"]), -points
    return None


def points_of(data: Mapping[str, Any]) -> int | None:
    """Give the points of a fact, or None when it moves none."""
    points = data.get("points_amount")
    return points if isinstance(points, int) and abs(points) < POINTS_MAX else None
