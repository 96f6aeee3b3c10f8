"""Which tier fits, when a program is open, and which version counts."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

from loyalty.programs.contracts import ProgramPlan, ProgramStatus


class Step(Protocol):
    """A tier as far as choosing goes."""

    @property
    def is_invitation_only(self) -> bool:
        """Whether no number of points leads there."""
        ...

    @property
    def min_points(self) -> int:
        """The points from which the tier is reached, inclusive."""
        ...


AnyTier = TypeVar("AnyTier", bound=Step)


def choose_tier(tiers: Sequence[AnyTier], points: int) -> AnyTier | None:
    """Give the highest tier whose ``min_points`` is reached, boundary inclusive; None when even the lowest is not.

    A tier by invitation is not reached by points.
    """
    reached = [tier for tier in tiers if tier.min_points <= points and not tier.is_invitation_only]
    return max(reached, key=lambda tier: tier.min_points, default=None)


def next_tier(tiers: Sequence[AnyTier], points: int) -> AnyTier | None:
    """Give the lowest tier that points have not reached yet."""
    ahead = [tier for tier in tiers if tier.min_points > points and not tier.is_invitation_only]
    return min(ahead, key=lambda tier: tier.min_points, default=None)


def business_date(timezone: str, at: datetime) -> date:
    """Give the day of an instant in the program's own zone."""
    return at.astimezone(ZoneInfo(timezone)).date()


def local_time(plan: ProgramPlan, at: datetime) -> datetime:
    """Give an instant as the clocks of the program's own zone show it."""
    return at.astimezone(ZoneInfo(plan.timezone))


def is_open(plan: ProgramPlan, at: datetime) -> bool:
    """Tell whether members earn and burn at that instant: active, and the day lies within the dates, both inclusive."""
    day = business_date(plan.timezone, at)
    has_begun = plan.start_date is None or plan.start_date <= day
    has_ended = plan.end_date is not None and day > plan.end_date
    return plan.status is ProgramStatus.ACTIVE and has_begun and not has_ended


def plan_at(history: Sequence[tuple[datetime, ProgramPlan]], at: datetime) -> ProgramPlan:
    """Give the version of an instant; what happened before the first one began goes by the first one."""
    begun = [plan for starts_at, plan in history if starts_at <= at]
    return begun[-1] if begun else history[0][1]
