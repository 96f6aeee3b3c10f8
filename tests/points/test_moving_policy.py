"""Decisions about points that move without a purchase: limits, fees, approvals, lines."""

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.foundation.kernel.errors import Refusal
from loyalty.foundation.kernel.points import POINTS_MAX, PointsAmountInvalid
from loyalty.points import api
from loyalty.points.policy import moving
from loyalty.programs import contracts as programs

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = date(2026, 11, 20)


def plan_with(**terms: Any) -> programs.ProgramPlan:
    """Make a plan that promises these terms."""
    return programs.ProgramPlan(
        program_id=uuid.UUID(int=1),
        code="VIP",
        name="VIP",
        status=programs.ProgramStatus.ACTIVE,
        start_date=None,
        end_date=None,
        currency="USD",
        timezone="Europe/Berlin",
        enrollment=programs.Enrollment.AUTOMATIC,
        version_id=uuid.UUID(int=2),
        version_number=1,
        **terms,
    )


SENDER = api.MemberFacts(
    account_id=uuid.UUID(int=3),
    customer_id=uuid.UUID(int=4),
    customer_ref="BSS-1",
    program_id=uuid.UUID(int=1),
    tier_code=None,
    points_available=1000,
    points_posted=1000,
    points_lifetime=1000,
    status="ACTIVE",
    enrolled_at=NOW - timedelta(days=10),
)
SEAT = api.PoolSeat(
    pool_id=uuid.UUID(int=5),
    account_id=uuid.UUID(int=6),
    program_id=uuid.UUID(int=1),
    member_id=uuid.UUID(int=7),
    customer_id=uuid.UUID(int=4),
    role=api.PoolRole.SPENDER,
    points_daily_max=50,
    is_earning_into_pool=False,
)


@pytest.mark.parametrize(
    "points, is_taken", [(9, False), (10, True), (12, False), (15, True), (100, True), (105, False)]
)
def test_burn__limits__are_least_most_and_step(points: int, is_taken: bool) -> None:
    plan = programs.BurnPlan(points_min=10, points_step=5, points_max=100)
    if is_taken:
        moving.check_burn(plan, points)
    else:
        with pytest.raises(api.BurnLimitRefused):
            moving.check_burn(plan, points)


def test_transfer__fee__is_rounded_down_once() -> None:
    rules = programs.TransferPlan(fee_percent=Decimal("2.5"), fee_points=3)
    verdict = moving.decide_transfer(plan_with(transfer=rules), SENDER, 199, TODAY, NOW)
    assert verdict == moving.TransferVerdict(3 + 4, ())


def test_transfer__limits__count_the_day_and_the_month_of_the_program() -> None:
    rules = programs.TransferPlan(points_daily=100, points_monthly=500)
    verdict = moving.decide_transfer(plan_with(transfer=rules), SENDER, 10, TODAY, NOW)
    assert verdict.limits == (
        moving.Limit("transfer:day", TODAY, 100),
        moving.Limit("transfer:month", date(2026, 11, 1), 500),
    )


@pytest.mark.parametrize(
    "terms, points, refusal",
    [
        ({"transfer": programs.TransferPlan(is_allowed=False)}, 10, api.TransferNotAllowed),
        ({"transfer": programs.TransferPlan(account_age_days_min=11)}, 10, api.TransferNotAllowed),
        ({"wallets": (programs.WalletPlan(code="main", is_transferable=False),)}, 10, api.TransferNotAllowed),
        ({"transfer": programs.TransferPlan(points_min=11)}, 10, api.TransferLimitRefused),
        ({"transfer": programs.TransferPlan(points_max=9)}, 10, api.TransferLimitRefused),
    ],
)
def test_transfer__what_the_program_forbids__is_refused(
    terms: dict[str, Any], points: int, refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        moving.decide_transfer(plan_with(**terms), SENDER, points, TODAY, NOW)


def adjustment(points: int, *, is_unlimited: bool = False, reason_code: str = "goodwill") -> api.AdjustRequest:
    """Make an adjustment."""
    return api.AdjustRequest(
        account_id=uuid.UUID(int=3),
        points_change=points,
        reason_code=reason_code,
        key=api.Key(scope="tests", key="k", request_hash=b"x" * 32),
        is_unlimited=is_unlimited,
    )


def test_adjustment__above_the_limit__needs_an_approval_in_both_directions() -> None:
    plan = plan_with(adjustment=programs.AdjustmentPlan(points_max_without_approval=100))
    moving.check_adjustment(plan, adjustment(100))
    moving.check_adjustment(plan, adjustment(-100))
    moving.check_adjustment(plan, adjustment(101, is_unlimited=True))
    for points in (101, -101):
        with pytest.raises(api.ApprovalRequired) as refusal:
            moving.check_adjustment(plan, adjustment(points))
        assert refusal.value.code == "points.approval_required"


def test_adjustment__reason_not_of_the_program__is_refused() -> None:
    plan = plan_with(adjustment=programs.AdjustmentPlan(reason_codes=(programs.ReasonPlan("goodwill"),)))
    moving.check_adjustment(plan, adjustment(1))
    with pytest.raises(api.AdjustmentReasonUnknown):
        moving.check_adjustment(plan, adjustment(1, reason_code="because"))


@pytest.mark.parametrize("points", [0, POINTS_MAX + 1, -POINTS_MAX - 1])
def test_adjustment__no_number_of_points__is_refused(points: int) -> None:
    with pytest.raises(PointsAmountInvalid):
        moving.check_adjustment(plan_with(), adjustment(points))


@pytest.mark.parametrize(
    "ends, is_taken", [(0, False), (-1, False), (1, True), (90 * 86400, True), (90 * 86400 + 1, False)]
)
def test_hold__end__lies_ahead_and_near(ends: int, is_taken: bool) -> None:
    if is_taken:
        moving.check_hold_until(NOW + timedelta(seconds=ends), NOW)
    else:
        with pytest.raises(api.HoldTimeInvalid):
            moving.check_hold_until(NOW + timedelta(seconds=ends), NOW)


def test_seat__role__decides_who_spends_and_how_much() -> None:
    moving.check_may_spend(SEAT)
    assert moving.spending_limit(SEAT) == 50
    assert moving.spending_limit(replace(SEAT, role=api.PoolRole.OWNER)) is None
    assert moving.spending_limit(replace(SEAT, points_daily_max=None)) is None
    with pytest.raises(api.PoolRoleRefused):
        moving.check_may_spend(replace(SEAT, role=api.PoolRole.VIEWER))
    with pytest.raises(api.PoolRoleRefused):
        moving.check_unlimited(SEAT)


def test_lifetime__of_a_day__ends_at_the_midnights_of_the_program() -> None:
    plan = plan_with(expiry=programs.ExpiryPlan(grace_days_after=3))
    expires, spendable = moving.lifetime_of(plan, date(2026, 3, 28))
    assert (expires.isoformat(), spendable.isoformat()) == ("2026-03-29T00:00:00+01:00", "2026-04-01T00:00:00+02:00")
    moving.check_last_day(expires, expires - timedelta(seconds=1))
    with pytest.raises(api.OccurredAtRefused):
        moving.check_last_day(expires, expires)


TRACE = {
    "base": {
        "lines": [
            {"line_id": "1", "amount": "100.00", "points": "10"},
            {"line_id": "2", "amount": "50.00", "points": "5.5"},
            {"line_id": "3", "amount": "30.00", "points": "0"},
        ]
    }
}


def test_lines__all_taken_back__are_exactly_what_was_granted() -> None:
    wanted = [api.LineToReverse(line_id=name) for name in ("1", "2", "3")]
    verdicts = moving.decide_lines(TRACE, 15, wanted, {})
    assert [one.points for one in verdicts] == [9, 6, 0]
    assert [one.amount_reversed for one in verdicts] == [Decimal(100), Decimal(50), Decimal(30)]


def test_lines__partly_and_again__never_exceed_the_line() -> None:
    half = moving.decide_lines(TRACE, 15, [api.LineToReverse(line_id="1", amount=Decimal(50))], {})
    rest = moving.decide_lines(TRACE, 15, [api.LineToReverse(line_id="1")], {"1": Decimal(50)})
    assert (half[0].points, rest[0].points) == (4, 5)
    for amount, before in ((Decimal("100.01"), 0), (Decimal(1), 100), (Decimal(51), 50)):
        with pytest.raises(api.LineExceeded):
            moving.decide_lines(TRACE, 15, [api.LineToReverse(line_id="1", amount=amount)], {"1": Decimal(before)})
    with pytest.raises(api.LineExceeded):
        moving.decide_lines(TRACE, 15, [api.LineToReverse(line_id="1")], {"1": Decimal(100)})


def test_lines__unknown_or_of_a_purchase_without_lines__are_refused() -> None:
    for trace in (TRACE, {}, {"base": None}):
        with pytest.raises(api.LineUnknown):
            moving.decide_lines(trace, 15, [api.LineToReverse(line_id="9")], {})


@given(st.integers(1, 10**9), st.lists(st.integers(0, 10**8), min_size=1, max_size=8))
def test_share_points__any_weights__add_up_and_are_fair(points: int, hundredths: list[int]) -> None:
    weights = [Decimal(number) / 100 for number in hundredths]
    shares = moving.share_points(points, {str(place): weight for place, weight in enumerate(weights)})
    total = sum(weights, Decimal(0))
    assert sum(shares.values()) == (points if total else 0)
    for place, weight in enumerate(weights):
        exact = points * weight / total if total else Decimal(0)
        assert abs(shares[str(place)] - exact) < 1
