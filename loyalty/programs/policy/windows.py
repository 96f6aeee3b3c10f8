"""Windows of time in a program's own zone: those that caps count in, and those that count for a tier."""

from datetime import date, datetime, timedelta

from loyalty.programs.contracts import CapPeriod, CapPlan, ProgramPlan, TierPolicyPlan, TierValidity, TierWindow
from loyalty.programs.policy.calendar import (
    LEAP_YEAR,
    MONTHS_OF_YEAR,
    add_days,
    add_months,
    month_day_in,
    read_month_day,
)
from loyalty.programs.policy.times import business_date

# The one window of all time; a program's start may be edited, and an edit frees no budget.
ALL_TIME = date(1970, 1, 1)
# From a day on, until another one that does not belong to it; None is open.
Window = tuple[date, date | None]


def cap_window(plan: ProgramPlan, cap: CapPlan, at: datetime) -> date | None:
    """Give the first day of the window in which a cap counts an instant; None for a cap of one transaction."""
    day = business_date(plan.timezone, at)
    match cap.period:
        case CapPeriod.TRANSACTION:
            return None
        case CapPeriod.DAY:
            return day
        case CapPeriod.WEEK:
            return day - timedelta(days=day.weekday()) if day.toordinal() > day.weekday() else date.min
        case CapPeriod.MONTH:
            return day.replace(day=1)
        case CapPeriod.YEAR:
            return day.replace(month=1, day=1)
    return ALL_TIME


def qualifying_window(plan: ProgramPlan, at: datetime, enrolled_at: datetime, *, later: int = 0) -> Window:
    """Give the days whose doings count for a member's tier at an instant, or those of a period ``later`` ones on.

    A rolling window ends with the day itself; ``later`` moves it by its own length. Lifetime is always all time.

    :param later: 1 is the next period, -1 the previous one.
    """
    policy, day = plan.tier_policy, business_date(plan.timezone, at)
    match policy.window:
        case TierWindow.CALENDAR_YEAR:
            return _periodic(day, date(LEAP_YEAR, 1, 1), MONTHS_OF_YEAR, later)
        case TierWindow.ANNIVERSARY:
            return _periodic(day, business_date(plan.timezone, enrolled_at), MONTHS_OF_YEAR, later)
        case TierWindow.CYCLE:
            return _periodic(day, _cycle_anchor(plan), policy.cycle_months or MONTHS_OF_YEAR, later)
        case TierWindow.ROLLING:
            return _rolling(day, policy.rolling_months or MONTHS_OF_YEAR, later)
    return ALL_TIME, None


def next_window(plan: ProgramPlan, at: datetime, enrolled_at: datetime) -> Window:
    """Give the period after the one of an instant."""
    return qualifying_window(plan, at, enrolled_at, later=1)


def previous_window(plan: ProgramPlan, at: datetime, enrolled_at: datetime) -> Window:
    """Give the period before the one of an instant."""
    return qualifying_window(plan, at, enrolled_at, later=-1)


def has_periods(policy: TierPolicyPlan) -> bool:
    """Tell whether a tier policy knows periods that end, one after the other."""
    return policy.window not in (TierWindow.LIFETIME, TierWindow.ROLLING)


def tier_valid_until(plan: ProgramPlan, reached_at: datetime, enrolled_at: datetime) -> date | None:
    """Give the first day on which a tier reached at an instant must be earned anew; None when there are no periods."""
    if not has_periods(plan.tier_policy):
        return None
    later = 1 if plan.tier_policy.validity is TierValidity.REST_PLUS_NEXT else 0
    return qualifying_window(plan, reached_at, enrolled_at, later=later)[1]


def _cycle_anchor(plan: ProgramPlan) -> date:
    year = plan.start_date.year if plan.start_date else LEAP_YEAR
    return month_day_in(year, read_month_day(plan.tier_policy.cycle_start) or (1, 1))


def _periodic(day: date, anchor: date, months: int, later: int) -> Window:
    """Give the period of a day among those that follow each other from an anchor, both ways.

    Every edge is counted from the anchor, so a clamped day (29 February) comes back in the next leap year.
    """
    distance = (day.year - anchor.year) * MONTHS_OF_YEAR + day.month - anchor.month
    number = distance // months
    if (add_months(anchor, number * months) or date.min) > day:
        number -= 1
    number += later
    return add_months(anchor, number * months) or date.min, add_months(anchor, (number + 1) * months)


def _rolling(day: date, months: int, later: int) -> Window:
    until = add_days(day, 1)
    if until is not None and later:
        until = add_months(until, later * months)
    return (add_months(until, -months) or date.min if until else date.min), until
