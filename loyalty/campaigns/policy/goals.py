"""What counts as the success of a campaign: which facts, within which time, and what they were worth."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

# Without a goal of its own a campaign is successful when the customer buys or earns within a week.
DEFAULT_TYPES = ("customer.purchase", "points.earned")
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


def points_of(data: Mapping[str, Any]) -> int | None:
    """Give the points of a fact, or None when it moves none."""
    points = data.get("points_amount")
    return points if isinstance(points, int) and abs(points) < POINTS_MAX else None
