"""The base of an earn: deductions, exclusions, lines."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.points import policy
from loyalty.points.errors import PurchaseRefused
from loyalty.points.policy.base import shares_of
from loyalty.programs.contracts import EarnBasePlan
from tests.points.facts import NOON, facts, plan

NET = EarnBasePlan(net_of_tax=True, net_of_fees=True)


def line(line_id: str, amount: str, **more: Any) -> dict[str, Any]:
    """Make a line of a purchase."""
    return {"line_id": line_id, "amount": amount, **more}


@pytest.mark.parametrize(
    "base, context, eligible",
    [
        (EarnBasePlan(), {"tax_amount": "19"}, "119"),
        (NET, {"tax_amount": "19"}, "100"),
        (NET, {"tax_amount": "19", "fee_amount": 1, "points_paid_amount": Decimal("9.50")}, "89.5"),
        (EarnBasePlan(), {"points_paid_amount": "19"}, "100"),
        (EarnBasePlan(net_of_points_paid=False), {"points_paid_amount": "19"}, "119"),
        (EarnBasePlan(excluded_channels=("ivr",)), {"channel": "ivr"}, "0"),
        (EarnBasePlan(excluded_categories=("tobacco",)), {"product_category": "tobacco"}, "0"),
        (EarnBasePlan(excluded_products=("P1",)), {"product_id": "P1"}, "0"),
    ],
)
def test_base__of_a_purchase__is_what_the_program_says(base: EarnBasePlan, context: Any, eligible: str) -> None:
    found = policy.base_of(base, policy.read_purchase(Decimal(119), context))
    assert found.eligible_amount == Decimal(eligible)


def test_base__lines__share_deductions_and_leave_out_what_is_excluded() -> None:
    base = EarnBasePlan(net_of_tax=True, excluded_categories=("tobacco",), excluded_products=("GIFT",))
    lines = [line("a", "60"), line("b", "30", product_category="tobacco"), line("c", "10", product_id="GIFT")]
    verdict = policy.decide_earn(facts("120", under=plan(earn_base=base), tax_amount="24", lines=lines), [], NOON).main
    # Of 120 a line of 60 and 20 without a line count, each without its fifth of tax.
    told = verdict.trace["base"]
    assert (told["amount"], told["eligible_amount"]) == ("120", "64")
    assert told["deductions"] == [{"code": "tax", "amount": "24"}, {"code": "excluded", "amount": "32"}]
    assert [(one["line_id"], one["eligible_amount"], one["reason"], one["points"]) for one in told["lines"]] == [
        ("a", "48", "", 6), ("b", "0", "category_excluded", 0), ("c", "0", "product_excluded", 0),
    ]  # fmt: skip
    assert verdict.points == 6


def test_base__everything_excluded__earns_nothing_and_asks_no_rule() -> None:
    under = plan(gives=10, earn_base=EarnBasePlan(excluded_channels=("ivr",)))
    verdict = policy.decide_earn(facts("50", under=under, channel="ivr"), [], NOON).main
    assert (verdict.points, verdict.trace["reason"]) == (0, "channel_excluded")
    by_line = plan(gives=10, earn_base=EarnBasePlan(excluded_categories=("x",)))
    verdict = policy.decide_earn(facts("5", under=by_line, lines=[line("a", "5", product_category="x")]), [], NOON).main
    assert (verdict.points, verdict.trace["reason"]) == (0, "nothing_eligible")


@pytest.mark.parametrize(
    "context",
    [
        {"tax_amount": "-1"},
        {"tax_amount": "much"},
        {"tax_amount": "NaN"},
        {"fee_amount": "101"},
        {"tax_amount": "60", "points_paid_amount": "60"},
        {"lines": "all"},
        {"lines": [7]},
        {"lines": [{"line_id": "a", "amount": "-1"}]},
        {"lines": [{"line_id": "a", "amount": "60"}, {"line_id": "b", "amount": "60"}]},
        {"lines": [{"line_id": "a", "amount": "1"}, {"line_id": "a", "amount": "1"}]},
        {"lines": [{"amount": "0"}] * 201},
    ],
)
def test_read_purchase__parts_that_do_not_fit__are_refused(context: Any) -> None:
    with pytest.raises(PurchaseRefused):
        policy.read_purchase(Decimal(100), context)


money = st.decimals(min_value=0, max_value=100_000, places=2)


@given(money, st.lists(money, min_size=1, max_size=12))
def test_shares__of_any_total__add_up_to_it(total: Decimal, amounts: list[Decimal]) -> None:
    assert sum(shares_of(total, amounts)) == total


@given(st.lists(st.tuples(money, st.booleans()), min_size=1, max_size=12), st.integers(0, 10**9))
def test_points_by_line__any_lines__add_up_and_give_excluded_ones_nothing(
    drawn: list[tuple[Decimal, bool]], points: int
) -> None:
    told = [line(str(n), str(amount), product_category="x" if out else "y") for n, (amount, out) in enumerate(drawn)]
    whole = sum(amount for amount, _ in drawn)
    base = policy.base_of(
        EarnBasePlan(excluded_categories=("x",)), policy.read_purchase(whole or Decimal(1), {"lines": told})
    )
    shares = policy.points_by_line(base.lines, points)
    counts = any(amount and not out for amount, out in drawn)
    assert sum(shares) == (points if counts else 0)
    assert all(share == 0 for share, (_, out) in zip(shares, drawn, strict=True) if out)
    assert all(share >= 0 for share in shares)
