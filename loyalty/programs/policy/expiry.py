"""How long points last, decided when they are earned."""

from datetime import date, datetime

from loyalty.programs.contracts import ExpiryKind, ExpiryPeriod, ExpiryPlan, ProgramPlan, TierExpiry
from loyalty.programs.policy.calendar import (
    MONTHS_OF_YEAR,
    add_days,
    add_months,
    midnight,
    month_day_in,
    read_month_day,
)
from loyalty.programs.policy.times import business_date

MONTHS_OF_PERIOD = {ExpiryPeriod.MONTH: 1, ExpiryPeriod.QUARTER: 3, ExpiryPeriod.YEAR: MONTHS_OF_YEAR}


def expiry_of(
    plan: ProgramPlan, earned_at: datetime, tier_code: str | None = None
) -> tuple[datetime | None, datetime | None]:
    """Give when points earned at an instant end: the end that the member is told, and the end of the grace after it.

    Both are midnights, in the program's zone, after a last good day. None is for ever; points that go by inactivity
    carry no date, because each activity moves it.
    """
    last_day = last_day_of(plan.expiry, business_date(plan.timezone, earned_at), tier_code)
    ends_on = add_days(last_day, 1) if last_day else None
    # The last week of the calendar has no midnight in every zone.
    if ends_on is None or ends_on.year >= date.max.year:
        return None, None
    graced_on = add_days(ends_on, plan.expiry.grace_days_after) or ends_on
    return midnight(plan.timezone, ends_on), midnight(plan.timezone, graced_on)


def last_day_of(expiry: ExpiryPlan, earned_on: date, tier_code: str | None = None) -> date | None:
    """Give the last day on which points earned on a day are good; None for ever."""
    if expiry.kind is ExpiryKind.AGE:
        return _aged(age_of(expiry, tier_code), earned_on)
    if expiry.kind is ExpiryKind.FIXED_DATE:
        return _next_month_day(expiry, earned_on)
    if expiry.kind is ExpiryKind.END_OF_PERIOD:
        months = MONTHS_OF_PERIOD[expiry.period]
        began = date(earned_on.year, (earned_on.month - 1) // months * months + 1, 1)
        following = add_months(began, months * expiry.periods)
        return add_days(following, -1) if following else None
    return None


def age_of(expiry: ExpiryPlan, tier_code: str | None) -> TierExpiry:
    """Give how long points of a member of a tier last, or how long the member may be inactive."""
    return expiry.tier_overrides.get(tier_code or "") or TierExpiry(days=expiry.days, months=expiry.months)


def inactive_since(plan: ProgramPlan, at: datetime, tier_code: str | None = None) -> datetime | None:
    """Give the instant since which a member must have done something to keep its points; None when nothing goes so."""
    if plan.expiry.kind is not ExpiryKind.INACTIVITY:
        return None
    age = age_of(plan.expiry, tier_code)
    today = business_date(plan.timezone, at)
    day = add_months(today, -age.months) if age.months is not None else add_days(today, -(age.days or 0))
    day = add_days(day, -plan.expiry.grace_days_after) if day else None
    return midnight(plan.timezone, day) if day and day.year > date.min.year else None


def _aged(age: TierExpiry, earned_on: date) -> date | None:
    if age.months is not None:
        return add_months(earned_on, age.months)
    return add_days(earned_on, age.days) if age.days is not None else None


def _next_month_day(expiry: ExpiryPlan, earned_on: date) -> date | None:
    month_day = read_month_day(expiry.month_day)
    if month_day is None:
        return None
    later = expiry.periods - 1 if month_day_in(earned_on.year, month_day) >= earned_on else expiry.periods
    year = earned_on.year + later
    return month_day_in(year, month_day) if year <= date.max.year else None
