"""Windows of caps and of tiers, and the hours of ways to earn, over hard zones."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.programs import policy
from loyalty.programs.contracts import (
    CapPeriod,
    CapPlan,
    EarnRulePlan,
    ProgramPlan,
    TierPolicyPlan,
    TierValidity,
    TierWindow,
)
from tests.programs.plans import ZONES, plan

# Bounds of a strategy have no zone; its values have.
FIRST, LAST = datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2060-01-01")
INSTANTS = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
JOINED = datetime(2024, 2, 29, 12, tzinfo=UTC)


def of(timezone: str = "UTC", start_date: date | None = None, **policy_fields: Any) -> ProgramPlan:
    """Make a plan with a tier policy."""
    return plan(timezone=timezone, start_date=start_date, tier_policy=TierPolicyPlan(**policy_fields))


@pytest.mark.parametrize(
    "period, window",
    [
        (CapPeriod.TRANSACTION, None),
        (CapPeriod.DAY, date(2026, 3, 1)),
        (CapPeriod.WEEK, date(2026, 2, 23)),
        (CapPeriod.MONTH, date(2026, 3, 1)),
        (CapPeriod.YEAR, date(2026, 1, 1)),
        (CapPeriod.PROGRAM, policy.ALL_TIME),
    ],
)
def test_cap_window__of_each_period__begins_in_the_programs_zone(period: CapPeriod, window: date | None) -> None:
    late_in_utc = datetime(2026, 2, 28, 23, 30, tzinfo=UTC)  # a Sunday in Berlin, already the first of March
    assert policy.cap_window(plan(), CapPlan(code="c", period=period), late_in_utc) == window


@given(INSTANTS, st.sampled_from(ZONES), st.sampled_from(list(CapPeriod)))
def test_cap_window__any_instant__lies_before_its_day_and_is_stable(at: datetime, zone: str, period: CapPeriod) -> None:
    subject, cap = plan(timezone=zone), CapPlan(code="c", period=period)
    window = policy.cap_window(subject, cap, at)
    day = policy.business_date(zone, at)
    if window is None:
        assert period is CapPeriod.TRANSACTION
        return
    assert window <= day or period is CapPeriod.PROGRAM
    if period is CapPeriod.WEEK:
        assert window.isoweekday() == 1
        assert (day - window).days < 7
    same_day_later = at + timedelta(hours=1)
    if policy.business_date(zone, same_day_later) == day:
        assert policy.cap_window(subject, cap, same_day_later) == window


@pytest.mark.parametrize(
    "fields, window, following",
    [
        ({}, (policy.ALL_TIME, None), (policy.ALL_TIME, None)),
        (
            {"window": TierWindow.CALENDAR_YEAR},
            (date(2026, 1, 1), date(2027, 1, 1)), (date(2027, 1, 1), date(2028, 1, 1)),
        ),
        (
            {"window": TierWindow.ANNIVERSARY},
            (date(2026, 2, 28), date(2027, 2, 28)), (date(2027, 2, 28), date(2028, 2, 29)),
        ),
        (
            {"window": TierWindow.ROLLING, "rolling_months": 12},
            (date(2025, 3, 2), date(2026, 3, 2)), (date(2026, 3, 2), date(2027, 3, 2)),
        ),
        (
            {"window": TierWindow.CYCLE, "cycle_start": "04-01", "cycle_months": 12},
            (date(2025, 4, 1), date(2026, 4, 1)), (date(2026, 4, 1), date(2027, 4, 1)),
        ),
        (
            {"window": TierWindow.CYCLE, "cycle_start": "02-29", "cycle_months": 24, "start_date": date(2025, 1, 1)},
            (date(2025, 2, 28), date(2027, 2, 28)), (date(2027, 2, 28), date(2029, 2, 28)),
        ),
    ],
)  # fmt: skip
def test_qualifying_window__of_each_kind__and_the_next(
    fields: dict[str, Any], window: policy.Window, following: policy.Window
) -> None:
    subject = of(**fields)
    assert policy.qualifying_window(subject, NOON, JOINED) == window
    assert policy.next_window(subject, NOON, JOINED) == following


WINDOWS = st.sampled_from(
    [
        {"window": TierWindow.CALENDAR_YEAR},
        {"window": TierWindow.ANNIVERSARY},
        {"window": TierWindow.CYCLE, "cycle_start": "02-29", "cycle_months": 5},
        {"window": TierWindow.CYCLE, "cycle_start": "10-31", "cycle_months": 18},
        {"window": TierWindow.ROLLING, "rolling_months": 7},
    ]
)


@given(INSTANTS, INSTANTS, st.sampled_from(ZONES), WINDOWS)
def test_qualifying_window__any_instant__holds_its_day_and_neighbours_touch(
    at: datetime, joined: datetime, zone: str, fields: dict[str, Any]
) -> None:
    subject = of(zone, **fields)
    begins, ends = policy.qualifying_window(subject, at, joined)
    assert ends is not None
    assert begins <= policy.business_date(zone, at) < ends
    following, previous = policy.next_window(subject, at, joined), policy.previous_window(subject, at, joined)
    if policy.has_periods(subject.tier_policy):
        assert following[0] == ends
        assert previous[1] == begins
    assert previous[0] < begins < following[0]


def test_tier_valid_until__of_each_validity__is_the_end_of_this_or_the_next_period() -> None:
    yearly: dict[str, Any] = {"window": TierWindow.CALENDAR_YEAR}
    assert policy.tier_valid_until(of(**yearly), NOON, JOINED) == date(2027, 1, 1)
    longer = of(**yearly, validity=TierValidity.REST_PLUS_NEXT)
    assert policy.tier_valid_until(longer, NOON, JOINED) == date(2028, 1, 1)
    assert policy.tier_valid_until(of(), NOON, JOINED) is None


def rule(**fields: Any) -> EarnRulePlan:
    """Make a way to earn."""
    return EarnRulePlan(code="r", rule=1, **fields)


def on(day: int, hour: int, minute: int = 0) -> datetime:
    """Give an instant of November 2026; the 20th is a Friday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


FRIDAY_NIGHT: dict[str, Any] = {"weekdays": (5,), "hour_from": 22, "hour_until": 2}


@pytest.mark.parametrize(
    "fields, local, reason",
    [
        ({}, on(20, 3), ""),
        ({"hour_from": 9, "hour_until": 17}, on(20, 9), ""),
        ({"hour_from": 9, "hour_until": 17}, on(20, 17), "hours"),
        ({"hour_from": 20}, on(20, 19, 59), "hours"),
        ({"hour_until": 8}, on(20, 7, 59), ""),
        ({"hour_from": 20, "hour_until": 0}, on(20, 23, 59), ""),
        ({"hour_from": 20, "hour_until": 0}, on(20, 0), "hours"),
        (FRIDAY_NIGHT, on(20, 22), ""),
        (FRIDAY_NIGHT, on(21, 1, 59), ""),  # Saturday, but the night is Friday's
        (FRIDAY_NIGHT, on(21, 2), "hours"),
        (FRIDAY_NIGHT, on(20, 1), "weekdays"),  # the night of Thursday
        ({"weekdays": (6, 7)}, on(20, 12), "weekdays"),
        ({"starts_on": date(2026, 11, 20), "ends_on": date(2026, 11, 20)}, on(20, 23), ""),
        ({"starts_on": date(2026, 11, 21)}, on(20, 23), "dates"),
        ({"ends_on": date(2026, 11, 19)}, on(20, 0), "dates"),
        ({"ends_on": date(2026, 11, 20), "hour_from": 22, "hour_until": 2}, on(21, 1), ""),
        ({"tier_codes": ("GOLD",)}, on(20, 0), "tier"),
        ({"tier_codes": ("GOLD", "SILVER")}, on(20, 0), ""),
        ({"segment_codes": ("vip", "new")}, on(20, 0), ""),
        ({"segment_codes": ("churned",)}, on(20, 0), "segment"),
        ({"partner_ref": "P1"}, on(20, 0), ""),
        ({"partner_ref": "P2"}, on(20, 0), "partner"),
    ],
)  # fmt: skip
def test_rule__under_each_condition__says_why_it_is_closed(
    fields: dict[str, Any], local: datetime, reason: str
) -> None:
    facts: dict[str, Any] = {"local": local, "tier_code": "SILVER", "segment_codes": ["new"], "partner_ref": "P1"}
    assert policy.why_rule_closed(rule(**fields), **facts) == reason
    assert policy.is_rule_open(rule(**fields), **facts) is (reason == "")


@given(st.integers(0, 23), st.integers(0, 23), st.datetimes(FIRST, LAST))
def test_rule__hours_and_their_complement__share_the_day(first: int, until: int, local: datetime) -> None:
    is_open = policy.is_rule_open(rule(hour_from=first, hour_until=until), local=local)
    if first == until:
        assert is_open, "round the clock"
    else:
        assert is_open is not policy.is_rule_open(rule(hour_from=until, hour_until=first), local=local)
