"""How long points last: by age, date, period and inactivity, over hard zones."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.programs import policy
from loyalty.programs.contracts import ExpiryKind, ExpiryPeriod, ExpiryPlan, ProgramPlan, TierExpiry
from loyalty.programs.policy.calendar import add_months, midnight
from loyalty.programs.policy.expiry import last_day_of
from tests.programs.plans import ZONES, plan

# Bounds of a strategy have no zone; its values have.
FIRST, LAST = datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2060-01-01")
INSTANTS = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
NEVER = (None, None)


def of(expiry: ExpiryPlan, timezone: str = "UTC") -> ProgramPlan:
    """Make a plan with an expiry."""
    return plan(expiry=expiry, timezone=timezone)


@pytest.mark.parametrize(
    "expiry, earned_on, last_day",
    [
        (ExpiryPlan(kind=ExpiryKind.AGE, days=30), date(2026, 1, 31), date(2026, 3, 2)),
        (ExpiryPlan(kind=ExpiryKind.AGE, months=1), date(2026, 1, 31), date(2026, 2, 28)),
        (ExpiryPlan(kind=ExpiryKind.AGE, months=1), date(2028, 1, 31), date(2028, 2, 29)),
        (ExpiryPlan(kind=ExpiryKind.AGE, months=12), date(2028, 2, 29), date(2029, 2, 28)),
        (ExpiryPlan(kind=ExpiryKind.FIXED_DATE, month_day="12-31"), date(2026, 12, 31), date(2026, 12, 31)),
        (ExpiryPlan(kind=ExpiryKind.FIXED_DATE, month_day="03-31"), date(2026, 4, 1), date(2027, 3, 31)),
        (ExpiryPlan(kind=ExpiryKind.FIXED_DATE, month_day="02-29"), date(2026, 1, 1), date(2026, 2, 28)),
        (ExpiryPlan(kind=ExpiryKind.FIXED_DATE, month_day="02-29"), date(2027, 3, 1), date(2028, 2, 29)),
        (ExpiryPlan(kind=ExpiryKind.FIXED_DATE, month_day="03-31", periods=2), date(2026, 3, 1), date(2027, 3, 31)),
        (ExpiryPlan(kind=ExpiryKind.END_OF_PERIOD, period=ExpiryPeriod.MONTH), date(2026, 2, 10), date(2026, 2, 28)),
        (ExpiryPlan(kind=ExpiryKind.END_OF_PERIOD, period=ExpiryPeriod.QUARTER), date(2026, 5, 1), date(2026, 6, 30)),
        (ExpiryPlan(kind=ExpiryKind.END_OF_PERIOD, periods=2), date(2026, 5, 1), date(2027, 12, 31)),
        (ExpiryPlan(kind=ExpiryKind.NEVER, days=3), date(2026, 5, 1), None),
        (ExpiryPlan(kind=ExpiryKind.INACTIVITY, days=3), date(2026, 5, 1), None),
        (ExpiryPlan(kind=ExpiryKind.AGE, days=36_600), date(9990, 5, 1), None),
    ],
)
def test_last_day__of_each_kind__is_the_last_good_one(
    expiry: ExpiryPlan, earned_on: date, last_day: date | None
) -> None:
    assert last_day_of(expiry, earned_on) == last_day


def test_expiry__tier_that_differs__takes_its_own_age() -> None:
    expiry = ExpiryPlan(kind=ExpiryKind.AGE, days=30, tier_overrides={"GOLD": TierExpiry(months=24)})
    assert last_day_of(expiry, date(2026, 1, 1), "GOLD") == date(2028, 1, 1)
    assert last_day_of(expiry, date(2026, 1, 1), "SILVER") == date(2026, 1, 31)
    assert last_day_of(expiry, date(2026, 1, 1), None) == date(2026, 1, 31)


def test_expiry__grace__is_spendable_beyond_the_date_that_was_told() -> None:
    expiry = ExpiryPlan(kind=ExpiryKind.AGE, days=1, grace_days_after=7)
    told, graced = policy.expiry_of(of(expiry, "Europe/Berlin"), datetime(2026, 3, 27, 12, tzinfo=UTC))
    assert told == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert graced == datetime(2026, 4, 4, 22, tzinfo=UTC), "clocks went forward in between"


@given(INSTANTS, st.sampled_from(ZONES), st.integers(1, 3000), st.integers(0, 60))
def test_expiry__any_zone__is_the_first_instant_after_the_last_day(
    earned_at: datetime, zone: str, days: int, grace: int
) -> None:
    expiry = ExpiryPlan(kind=ExpiryKind.AGE, days=days, grace_days_after=grace)
    told, graced = policy.expiry_of(of(expiry, zone), earned_at)
    assert told is not None
    assert graced is not None
    last_day = earned_at.astimezone(ZoneInfo(zone)).date() + timedelta(days=days)
    assert told.astimezone(ZoneInfo(zone)).date() > last_day
    assert (told - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date() <= last_day
    assert (graced == told) is (grace == 0)
    assert graced >= told > earned_at


@given(INSTANTS, st.sampled_from(ZONES), st.integers(1, 240))
def test_expiry__by_months__never_shrinks_with_a_later_day(earned_at: datetime, zone: str, months: int) -> None:
    subject = of(ExpiryPlan(kind=ExpiryKind.AGE, months=months), zone)
    first, _ = policy.expiry_of(subject, earned_at)
    later, _ = policy.expiry_of(subject, earned_at + timedelta(hours=30))
    assert first is not None
    assert later is not None
    assert first <= later


@given(INSTANTS, st.sampled_from(ZONES), st.sampled_from(list(ExpiryPeriod)), st.integers(1, 8))
def test_expiry__end_of_period__ends_where_the_next_period_begins(
    earned_at: datetime, zone: str, period: ExpiryPeriod, periods: int
) -> None:
    subject = of(ExpiryPlan(kind=ExpiryKind.END_OF_PERIOD, period=period, periods=periods), zone)
    told, _ = policy.expiry_of(subject, earned_at)
    assert told is not None
    local = told.astimezone(ZoneInfo(zone))
    assert local.day == 1
    assert (local.month - 1) % {"month": 1, "quarter": 3, "year": 12}[period] == 0
    assert told > earned_at


@given(INSTANTS, st.sampled_from(ZONES), st.sampled_from(["01-01", "02-29", "06-30", "12-31"]))
def test_expiry__fixed_date__comes_within_a_year(earned_at: datetime, zone: str, month_day: str) -> None:
    told, _ = policy.expiry_of(of(ExpiryPlan(kind=ExpiryKind.FIXED_DATE, month_day=month_day), zone), earned_at)
    assert told is not None
    assert earned_at < told <= earned_at + timedelta(days=369)


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(-1200, 1200))
def test_add_months__any_day__keeps_the_day_or_clamps_to_the_months_last(day: date, months: int) -> None:
    moved = add_months(day, months)
    assert moved is not None
    assert (moved.year - day.year) * 12 + moved.month - day.month == months
    assert moved.day == day.day or (moved.day < day.day and (moved + timedelta(days=1)).day == 1)


@given(st.dates(date(1990, 1, 1), date(2060, 1, 1)), st.sampled_from(ZONES))
def test_midnight__any_zone__is_the_earliest_instant_of_the_day(day: date, zone: str) -> None:
    at = midnight(zone, day)
    assert at.astimezone(ZoneInfo(zone)).date() >= day
    assert (at - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date() < day


def test_inactivity__of_some_days__looks_back_as_far() -> None:
    subject = of(ExpiryPlan(kind=ExpiryKind.INACTIVITY, days=10, tier_overrides={"GOLD": TierExpiry(months=1)}))
    now = datetime(2026, 3, 31, 12, tzinfo=UTC)
    assert policy.expiry_of(subject, now) == NEVER
    assert policy.inactive_since(subject, now) == datetime(2026, 3, 21, tzinfo=UTC)
    assert policy.inactive_since(subject, now, "GOLD") == datetime(2026, 2, 28, tzinfo=UTC)
    assert policy.inactive_since(of(ExpiryPlan()), now) is None
