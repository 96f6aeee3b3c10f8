"""Decisions of points: order, rounding, caps, expiry, value."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.foundation.kernel.points import POINTS_MAX
from loyalty.points import policy
from loyalty.points.contracts import Bonus, EarnFacts, MemberFacts
from loyalty.points.errors import (
    AmountInvalid,
    BurnRuleMissing,
    CurrencyMismatch,
    OccurredAtRefused,
    RuleResultInvalid,
)
from loyalty.programs.api import ProgramNotActive, ProgramPlan, ProgramStatus, TierPlan
from tests.programs.plans import plan as bare_plan

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
amounts = st.decimals(min_value=Decimal("0.01"), max_value=Decimal("1000000"), places=2)
multipliers = st.decimals(min_value=Decimal("0.01"), max_value=Decimal(100), places=2)


def tier(code: str, min_points: int, multiplier: str) -> TierPlan:
    """Make a tier of a version."""
    return TierPlan(UUID(int=min_points), code, code.title(), min_points, Decimal(multiplier), (), 1, "")


def plan(**changes: Any) -> ProgramPlan:
    """Make a plan that gives a tenth of the amount."""
    tiers = (tier("BRONZE", 0, "1"), tier("GOLD", 500, "1.5"))
    whole = {"earn_rule": {"*": [{"var": "transaction_amount"}, Decimal("0.1")]}, "tiers": tiers, **changes}
    return bare_plan(**whole)


def member(**changes: Any) -> MemberFacts:
    """Make a member."""
    whole: dict[str, Any] = {
        "account_id": UUID(int=1), "customer_id": UUID(int=2), "customer_ref": "C", "program_id": UUID(int=3),
        "tier_code": "BRONZE", "points_available": 0, "points_posted": 0, "points_lifetime": 0, "status": "ACTIVE",
        "enrolled_at": NOON,
    }  # fmt: skip
    return MemberFacts(**{**whole, **changes})


def facts(amount: str, *, of: MemberFacts | None = None, under: ProgramPlan | None = None, **context: Any) -> EarnFacts:
    """Make the facts of a purchase."""
    return EarnFacts(
        plan=under or plan(), member=of or member(), amount=Decimal(amount), currency="EUR", context=context,
        occurred_at=NOON,
    )  # fmt: skip


@pytest.mark.parametrize("amount, points", [("9.99", 0), ("10", 1), ("19.99", 1), ("100", 10), ("12345.67", 1234)])
def test_decide_earn__a_tenth__rounds_down_once(amount: str, points: int) -> None:
    assert policy.decide_earn(facts(amount), [], NOON).points == points


def test_decide_earn__multiplier__comes_before_the_rounding() -> None:
    gold = policy.decide_earn(facts("19.9", of=member(tier_code="GOLD")), [], NOON)
    assert gold.points == 2, "1.99 x 1.5 = 2.985; rounding first would give 1"
    assert gold.trace["base_points"] == "1.99"
    assert (gold.trace["multiplier"], gold.trace["exact_points"]) == ("1.5", "2.985")
    assert gold.trace["tier"] == {"code": "GOLD", "name": "Gold"}


def test_decide_earn__bonus__is_added_after_the_multiplier_and_rounded_with_it() -> None:
    def half(facts: EarnFacts, base: Decimal, multiplied: Decimal) -> list[Bonus]:
        assert (base, multiplied) == (Decimal("1.99"), Decimal("2.985"))
        return [Bonus(code="half", points=Decimal("0.5"), words="Half a point")]

    verdict = policy.decide_earn(facts("19.9", of=member(tier_code="GOLD")), [half], NOON)
    assert (verdict.points, verdict.trace["exact_points"]) == (3, "3.485")
    assert verdict.trace["bonuses"] == [{"code": "half", "points": "0.5", "words": "Half a point"}]


def test_decide_earn__retired_tier__falls_back_to_lifetime_points() -> None:
    verdict = policy.decide_earn(facts("100", of=member(tier_code="GONE", points_lifetime=500)), [], NOON)
    assert verdict.points == 15


def test_decide_earn__trace__tells_each_part_of_the_rule() -> None:
    rule = {"if": [{"==": [{"var": "channel"}, "online"]}, {"*": [{"var": "transaction_amount"}, 2]}, 0]}
    verdict = policy.decide_earn(facts("10", under=plan(earn_rule=rule), channel="online"), [], NOON)
    assert verdict.points == 20
    steps = verdict.trace["steps"]
    assert {"rule": {"var": "channel"}, "facts": {"channel": "online"}}.items() <= next(
        step for step in steps if step["rule"] == {"var": "channel"}
    ).items()
    assert any(step["decisive"] for step in steps)
    silent = policy.decide_earn(facts("10", under=plan(earn_rule=rule)), [], NOON)
    assert (silent.points, silent.trace["reason"]) == (0, "rule_gives_nothing")


def test_decide_earn__unknown_result__earns_nothing_and_says_so() -> None:
    verdict = policy.decide_earn(facts("10", under=plan(earn_rule={"/": [{"var": "transaction_amount"}, 0]})), [], NOON)
    assert (verdict.points, verdict.trace["base_points"], verdict.trace["reason"]) == (0, None, "rule_gives_nothing")


@pytest.mark.parametrize(
    "rule",
    [
        {"*": [{"var": "transaction_amount"}, -1]},
        {"*": [{"var": "transaction_amount"}, 10**18]},
        {"+": [{"var": "transaction_amount"}, POINTS_MAX]},
    ],
)
def test_decide_earn__impossible_result__is_refused(rule: Any) -> None:
    with pytest.raises(RuleResultInvalid):
        policy.decide_earn(facts("10", under=plan(earn_rule=rule)), [], NOON)


@given(amounts, multipliers)
def test_decide_earn__any_purchase__is_the_floor_of_the_exact_product(amount: Decimal, multiplier: Decimal) -> None:
    under = plan(tiers=(tier("BRONZE", 0, str(multiplier)),))
    exact = amount * Decimal("0.1") * multiplier
    assert policy.decide_earn(facts(str(amount), under=under), [], NOON).points == int(exact)


@given(amounts, amounts, multipliers)
def test_decide_earn__larger_purchase__never_earns_less(low: Decimal, more: Decimal, multiplier: Decimal) -> None:
    under = plan(tiers=(tier("BRONZE", 0, str(multiplier)),))
    first = policy.decide_earn(facts(str(low), under=under), [], NOON).points
    assert policy.decide_earn(facts(str(low + more), under=under), [], NOON).points >= first


@given(st.decimals(min_value=0, max_value=10**6, places=4), st.integers(0, 10**6), st.integers(0, 10**6))
def test_apply_cap__before_or_after_the_rounding__is_the_same(exact: Decimal, points_max: int, used: int) -> None:
    room = max(0, points_max - used)
    after = policy.apply_cap(policy.round_points(exact), points_max, used)
    assert after == policy.round_points(min(exact, Decimal(room)))
    assert 0 <= after <= room


@pytest.mark.parametrize("used, granted", [(0, 10), (90, 10), (95, 5), (100, 0), (150, 0)])
def test_apply_cap__at_the_limit__cuts(used: int, granted: int) -> None:
    assert policy.apply_cap(10, 100, used) == granted
    assert policy.apply_cap(10, None, used) == 10


def test_decide_earn__cap_window__is_the_day_of_the_programs_zone() -> None:
    late = replace(facts("10"), occurred_at=datetime(2026, 11, 20, 23, 30, tzinfo=UTC))
    assert str(policy.decide_earn(late, [], NOON).cap_window) == "2026-11-21"


@pytest.mark.parametrize(
    "earned_at, days, expires_at",
    [
        (NOON, 1, datetime(2026, 11, 21, 23, 0, tzinfo=UTC)),
        # Over the end of daylight saving: midnight in Berlin moves from 22:00 to 23:00 UTC.
        (datetime(2026, 10, 20, 12, 0, tzinfo=UTC), 10, datetime(2026, 10, 30, 23, 0, tzinfo=UTC)),
        (datetime(2026, 11, 20, 23, 30, tzinfo=UTC), 365, datetime(2027, 11, 21, 23, 0, tzinfo=UTC)),
    ],
)
def test_expires_at__after_days__is_the_midnight_that_ends_the_last_day(
    earned_at: datetime, days: int, expires_at: datetime
) -> None:
    assert policy.expires_at(plan(expiry_days=days), earned_at) == expires_at
    assert policy.expires_at(plan(expiry_days=None), earned_at) is None


@pytest.mark.parametrize(
    "points, currency, amount", [(500, "EUR", "5.00"), (1, "EUR", "0.01"), (150, "JPY", "1"), (155, "KWD", "1.550")]
)
def test_decide_burn__value__is_cut_to_the_currencys_decimals(points: int, currency: str, amount: str) -> None:
    under = plan(burn_rule={"/": [{"var": "points_requested"}, 100]}, currency=currency)
    value, trace = policy.decide_burn(under, member(), points, {}, NOON)
    assert (str(value.amount), value.currency) == (amount, currency)
    assert trace["value"] == {"amount": amount, "currency": currency}


def test_decide_burn__no_rule_or_negative_value__is_refused() -> None:
    with pytest.raises(BurnRuleMissing):
        policy.decide_burn(plan(), member(), 1, {}, NOON)
    with pytest.raises(RuleResultInvalid):
        policy.decide_burn(plan(burn_rule={"-": [0, {"var": "points_requested"}]}), member(), 1, {}, NOON)
    with pytest.raises(RuleResultInvalid):
        policy.decide_burn(plan(burn_rule={"/": [{"var": "points_requested"}, 0]}), member(), 1, {}, NOON)


def test_checks__what_cannot_be_taken__is_refused() -> None:
    policy.check_occurred_at(NOON + timedelta(minutes=5), NOON)
    policy.check_occurred_at(NOON - timedelta(days=90), NOON)
    with pytest.raises(OccurredAtRefused):
        policy.check_occurred_at(NOON + timedelta(minutes=6), NOON)
    with pytest.raises(OccurredAtRefused):
        policy.check_occurred_at(NOON - timedelta(days=91), NOON)
    with pytest.raises(CurrencyMismatch):
        policy.check_currency(plan(), "USD")
    with pytest.raises(ProgramNotActive):
        policy.check_open(plan(status=ProgramStatus.INACTIVE), NOON)
    for amount in ("0", "-1", "NaN", "Infinity", "1e16"):
        with pytest.raises(AmountInvalid):
            policy.check_amount(Decimal(amount))
