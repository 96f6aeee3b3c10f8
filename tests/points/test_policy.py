"""Decisions of points: order, rounding, caps, expiry, value."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.foundation.kernel.points import POINTS_MAX
from loyalty.points import policy
from loyalty.points.contracts import Bonus, EarnFacts, WalletVerdict
from loyalty.points.errors import (
    AmountInvalid,
    BurnRuleMissing,
    CurrencyMismatch,
    OccurredAtRefused,
    RuleResultInvalid,
)
from loyalty.programs.api import ProgramNotActive, ProgramStatus
from tests.points.facts import NOON, facts, member, plan, tier

amounts = st.decimals(min_value=Decimal("0.01"), max_value=Decimal("1000000"), places=2)
multipliers = st.decimals(min_value=Decimal("0.01"), max_value=Decimal(100), places=2)


def decide(of: EarnFacts, *modifiers: Any) -> WalletVerdict:
    """Decide about the main wallet."""
    return policy.decide_earn(of, modifiers, NOON).main


@pytest.mark.parametrize("amount, points", [("9.99", 0), ("10", 1), ("19.99", 1), ("100", 10), ("12345.67", 1234)])
def test_decide_earn__a_tenth__rounds_down_once(amount: str, points: int) -> None:
    assert decide(facts(amount)).points == points


def test_decide_earn__multiplier__comes_before_the_rounding() -> None:
    gold = decide(facts("19.9", of=member(tier_code="GOLD")))
    assert gold.points == 2, "1.99 x 1.5 = 2.985; rounding first would give 1"
    assert gold.trace["base_points"] == "1.99"
    assert (gold.trace["multiplier"], gold.trace["exact_points"]) == ("1.5", "2.985")
    assert gold.trace["tier"] == {"code": "GOLD", "name": "Gold"}


def test_decide_earn__bonus__is_added_after_the_multiplier_and_rounded_with_it() -> None:
    def half(facts: EarnFacts, base: Decimal, multiplied: Decimal) -> list[Bonus]:
        assert (base, multiplied) == (Decimal("1.99"), Decimal("2.985"))
        return [Bonus(code="half", points=Decimal("0.5"), words="Half a point")]

    verdict = decide(facts("19.9", of=member(tier_code="GOLD")), half)
    assert (verdict.points, verdict.trace["exact_points"]) == (3, "3.485")
    assert verdict.trace["bonuses"] == [{"code": "half", "points": "0.5", "words": "Half a point"}]


def test_decide_earn__retired_tier__falls_back_to_lifetime_points() -> None:
    verdict = decide(facts("100", of=member(tier_code="GONE", points_lifetime=500)))
    assert verdict.points == 15


def test_decide_earn__trace__tells_each_part_of_the_rule() -> None:
    rule = {"if": [{"==": [{"var": "channel"}, "online"]}, {"*": [{"var": "transaction_amount"}, 2]}, 0]}
    verdict = decide(facts("10", under=plan(gives=rule), channel="online"))
    assert verdict.points == 20
    steps = verdict.trace["rules"][0]["steps"]
    assert {"rule": {"var": "channel"}, "facts": {"channel": "online"}}.items() <= next(
        step for step in steps if step["rule"] == {"var": "channel"}
    ).items()
    assert any(step["decisive"] for step in steps)
    silent = decide(facts("10", under=plan(gives=rule)))
    assert (silent.points, silent.trace["reason"]) == (0, "rule_gives_nothing")


def test_decide_earn__unknown_result__earns_nothing_and_says_so() -> None:
    verdict = decide(facts("10", under=plan(gives={"/": [{"var": "transaction_amount"}, 0]})))
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
        decide(facts("10", under=plan(gives=rule)))


@given(amounts, multipliers)
def test_decide_earn__any_purchase__is_the_floor_of_the_exact_product(amount: Decimal, multiplier: Decimal) -> None:
    under = plan(tiers=(tier("BRONZE", 0, str(multiplier)),))
    exact = amount * Decimal("0.1") * multiplier
    assert decide(facts(str(amount), under=under)).points == int(exact)


@given(amounts, amounts, multipliers)
def test_decide_earn__larger_purchase__never_earns_less(low: Decimal, more: Decimal, multiplier: Decimal) -> None:
    under = plan(tiers=(tier("BRONZE", 0, str(multiplier)),))
    first = decide(facts(str(low), under=under)).points
    assert decide(facts(str(low + more), under=under)).points >= first


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
