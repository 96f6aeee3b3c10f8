"""How long points last: the date told to the member, and the grace behind it; and when pending points count."""

import calendar
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from loyalty.programs.api import ProgramPlan, business_date
from loyalty.programs.contracts import ActivationKind, ActivationPlan, ExpiryKind, ExpiryPeriod, ExpiryPlan, TierExpiry

# The end of the calendar that every database and client knows; points that would last longer last for ever.
LAST_YEAR = 9000
MONTHS_OF = {ExpiryPeriod.MONTH: 1, ExpiryPeriod.QUARTER: 3, ExpiryPeriod.YEAR: 12}


def expires_at(plan: ProgramPlan, earned_at: datetime, tier_code: str | None = None) -> datetime | None:
    """Give the midnight, in the program's zone, that ends the last day on which the points can be spent."""
    return _midnight_after(last_day(plan.expiry, business_date(plan.timezone, earned_at), tier_code), plan.timezone)


def spendable_until(plan: ProgramPlan, expires: datetime | None) -> datetime | None:
    """Give the end of the grace behind the date that was told; None is for ever."""
    if expires is None or not plan.expiry.grace_days_after:
        return expires
    zone = ZoneInfo(plan.timezone)
    until = expires.astimezone(zone).date() + timedelta(days=plan.expiry.grace_days_after)
    return datetime.combine(until, time(), zone)


def activates_at(plan: ActivationPlan, occurred_at: datetime) -> datetime | None:
    """Give when pending points count by themselves; None when somebody has to confirm them."""
    is_timed = plan.kind is ActivationKind.AFTER_DAYS
    return occurred_at + timedelta(days=plan.days or 0) if is_timed else None


def last_day(plan: ExpiryPlan, earned_on: date, tier_code: str | None) -> date | None:
    """Give the last day of points earned on a day; None when no day ends them."""
    find = LAST_DAY_BY_KIND.get(plan.kind)
    return find(plan, earned_on, plan.tier_overrides.get(tier_code or "")) if find else None


def add_months(day: date, months: int) -> date | None:
    """Give the same day some months later, or the last of a shorter month; None beyond the calendar."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > LAST_YEAR:
        return None
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _by_age(plan: ExpiryPlan, earned_on: date, of_tier: TierExpiry | None) -> date | None:
    days = of_tier.days if of_tier else plan.days
    months = of_tier.months if of_tier else plan.months
    if months is not None:
        return add_months(earned_on, months)
    if days is None or days > (date(LAST_YEAR, 1, 1) - earned_on).days:
        return None
    return earned_on + timedelta(days=days)


def _by_date(plan: ExpiryPlan, earned_on: date, of_tier: TierExpiry | None) -> date | None:
    if of_tier is not None:
        return _by_age(plan, earned_on, of_tier)
    month, day = (int(part) for part in plan.month_day.split("-"))
    this_year = _day_of(earned_on.year, month, day)
    return this_year if this_year >= earned_on else _day_of(earned_on.year + 1, month, day)


def _day_of(year: int, month: int, day: int) -> date:
    # 29 February is the last of the month in other years.
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def _by_period(plan: ExpiryPlan, earned_on: date, of_tier: TierExpiry | None) -> date | None:
    if of_tier is not None:
        return _by_age(plan, earned_on, of_tier)
    length = MONTHS_OF[plan.period]
    first = date(earned_on.year, (earned_on.month - 1) // length * length + 1, 1)
    after = add_months(first, length * plan.periods)
    return after - timedelta(days=1) if after else None


# Points that end with inactivity carry no date; each activity would move it.
LAST_DAY_BY_KIND: dict[ExpiryKind, Callable[[ExpiryPlan, date, TierExpiry | None], date | None]] = {
    ExpiryKind.AGE: _by_age,
    ExpiryKind.FIXED_DATE: _by_date,
    ExpiryKind.END_OF_PERIOD: _by_period,
}


def _midnight_after(day: date | None, timezone: str) -> datetime | None:
    return None if day is None else datetime.combine(day + timedelta(days=1), time(), ZoneInfo(timezone))
