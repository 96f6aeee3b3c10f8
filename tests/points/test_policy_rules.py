"""Rules: conditions, priority, stacking, multiplier, wallets, events; the trace of each."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.points import policy
from loyalty.points.contracts import EarnFacts, MemberFacts
from loyalty.programs.contracts import ActivationKind, ActivationPlan, EarnRuleKind, OncePer, Stacking
from tests.points.facts import A_TENTH, NOON, facts, member, plan, rule, tier

BONUS = EarnRuleKind.BONUS


def points(of: EarnFacts) -> int:
    """Give the points of the main wallet."""
    return policy.decide_earn(of, [], NOON).main.points


@pytest.mark.parametrize(
    "stacking, given_points, counted", [
        (Stacking.SUM, 60, ["a", "b", "c"]), (Stacking.BEST, 30, ["c"]), (Stacking.FIRST, 10, ["a"]),
    ],
)  # fmt: skip
def test_stacking__of_base_rules__counts_all_or_one(stacking: Stacking, given_points: int, counted: list[str]) -> None:
    rules = (rule("c", 30, priority=3), rule("a", 10, priority=1), rule("b", 20, priority=2), rule("none", 0))
    verdict = policy.decide_earn(facts("5", under=plan(earn_rules=rules, stacking=stacking)), [], NOON).main
    assert verdict.points == given_points
    assert [one["code"] for one in verdict.trace["rules"] if one["is_counted"]] == counted
    assert [one["code"] for one in verdict.trace["rules"]] == ["none", "a", "b", "c"]
    left_out = {one["code"]: one["reason"] for one in verdict.trace["rules"] if not one["is_counted"]}
    assert left_out == {"none": "gives_nothing"} | dict.fromkeys({"a", "b", "c"} - {*counted}, "other_rule_counts")


def test_best__counts_after_the_multiplier__and_of_equals_the_first() -> None:
    rules = (
        rule("flat", 12, is_multiplied=False),
        rule("more", 10, priority=1),
        rule("same", 15, priority=2, is_multiplied=False),
    )
    under = plan(earn_rules=rules, stacking=Stacking.BEST)
    verdict = policy.decide_earn(facts("5", under=under, of=member(tier_code="GOLD")), [], NOON).main
    assert (verdict.points, [part.code for part in verdict.parts]) == (15, ["more"])


def test_bonus__always_adds__and_is_not_multiplied() -> None:
    rules = (rule("base", A_TENTH), rule("extra", 7, kind=BONUS), rule("other", 1, priority=9))
    under = plan(earn_rules=rules, stacking=Stacking.FIRST)
    verdict = policy.decide_earn(facts("100", under=under, of=member(tier_code="GOLD")), [], NOON).main
    assert verdict.points == 22
    assert verdict.trace["bonuses"] == [{"code": "extra", "points": "7", "words": "Extra"}]
    assert [(part.code, part.points) for part in verdict.parts] == [("base", 15), ("extra", 7)]


FRIDAY_9 = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)  # 09:30 in Berlin


@pytest.mark.parametrize(
    "conditions, at, reason",
    [
        ({"weekdays": (5,)}, FRIDAY_9, ""),
        ({"weekdays": (6, 7)}, FRIDAY_9, "other_weekdays"),
        # 23:30 UTC is Saturday in Berlin.
        ({"weekdays": (6,)}, datetime(2026, 11, 20, 23, 30, tzinfo=UTC), ""),
        ({"hour_from": 9, "hour_until": 10}, FRIDAY_9, ""),
        ({"hour_from": 10}, FRIDAY_9, "other_hours"),
        ({"hour_until": 9}, FRIDAY_9, "other_hours"),
        ({"hour_from": 22, "hour_until": 10}, FRIDAY_9, ""),
        ({"hour_from": 22, "hour_until": 9}, FRIDAY_9, "other_hours"),
        ({"starts_on": date(2026, 11, 21)}, FRIDAY_9, "other_dates"),
        ({"ends_on": date(2026, 11, 19)}, FRIDAY_9, "other_dates"),
        ({"starts_on": date(2026, 11, 20), "ends_on": date(2026, 11, 20)}, FRIDAY_9, ""),
        ({"tier_codes": ("GOLD",)}, FRIDAY_9, "other_tier"),
        ({"tier_codes": ("BRONZE",)}, FRIDAY_9, ""),
        ({"segment_codes": ("vip", "young")}, FRIDAY_9, ""),
        ({"segment_codes": ("old",)}, FRIDAY_9, "other_segment"),
        ({"partner_ref": "P-1"}, FRIDAY_9, ""),
        ({"partner_ref": "P-2"}, FRIDAY_9, "other_partner"),
        ({"once_per": OncePer.MEMBER}, FRIDAY_9, "given_before"),
    ],
)
def test_conditions__of_a_rule__decide_whether_it_applies(conditions: Any, at: datetime, reason: str) -> None:
    who = member(segment_codes=("young",), rules_given=frozenset({"r"}))
    of = facts("5", of=who, at=at, under=plan(earn_rules=(rule("r", 3, **conditions),)), partner_ref="P-1")
    verdict = policy.decide_earn(of, [], NOON).main
    assert verdict.trace["rules"][0]["reason"] == reason
    assert verdict.points == (0 if reason else 3)
    assert verdict.trace["reason"] == ("no_rule_applies" if reason else "")


def test_hours__at_the_change_of_the_clock__go_by_the_local_hour() -> None:
    under = plan(earn_rules=(rule("night", 3, hour_from=2, hour_until=3),))
    # The last Sunday of October has two hours that are called 2 in Berlin.
    for hour in (0, 1):
        assert points(facts("5", under=under, at=datetime(2026, 10, 25, hour, 30, tzinfo=UTC))) == 3
    assert points(facts("5", under=under, at=datetime(2026, 10, 25, 2, 30, tzinfo=UTC))) == 0


def test_once_per_member__that_gives__is_told_with_the_verdict() -> None:
    under = plan(earn_rules=(rule("welcome", 50, kind=BONUS, once_per=OncePer.MEMBER), rule("base", A_TENTH)))
    assert policy.decide_earn(facts("100", under=under), [], NOON).main.rules_once == ("welcome",)
    again = policy.decide_earn(facts("100", under=under, of=member(rules_given=frozenset({"welcome"}))), [], NOON).main
    assert (again.points, again.rules_once) == (10, ())


def test_wallets__each_has_its_own_verdict__and_the_main_one_stands_first() -> None:
    rules = (rule("status", 20, wallet="status", is_multiplied=False), rule("base", A_TENTH, priority=5))
    verdict = policy.decide_earn(facts("100", under=plan(earn_rules=rules), of=member(tier_code="GOLD")), [], NOON)
    assert [(one.wallet, one.points) for one in verdict.wallets] == [("main", 15), ("status", 20)]
    assert [one["code"] for one in verdict.wallets[1].trace["rules"]] == ["status"]
    alone = policy.decide_earn(facts("1", under=plan(earn_rules=rules)), [], NOON)
    assert [(one.wallet, one.points) for one in alone.wallets] == [("main", 0), ("status", 20)]


def test_events__ask_only_the_rules_that_name_them() -> None:
    rules = (rule("base", A_TENTH), rule("login", 5, event_type="app.login"))
    under = plan(earn_rules=rules)
    verdict = policy.decide_earn(facts("0", under=under, event_type="app.login"), [], NOON).main
    assert (verdict.points, [one["code"] for one in verdict.trace["rules"]]) == (5, ["login"])
    assert points(facts("100", under=under)) == 10
    amount = rule("topup", A_TENTH, event_type="recharge.completed")
    assert points(facts("100", under=plan(earn_rules=(amount,)), event_type="recharge.completed")) == 10
    assert points(facts("0", under=plan(earn_rules=(amount,)), event_type="recharge.completed")) == 0


def test_activation__of_a_purchase__waits_until_its_day_has_come() -> None:
    under = plan(activation=ActivationPlan(kind=ActivationKind.AFTER_DAYS, days=14))
    verdict = policy.decide_earn(facts("100", under=under), [], NOON).main
    assert (verdict.is_pending, str(verdict.activates_at)) == (True, "2026-12-04 12:00:00+00:00")
    late = policy.decide_earn(facts("100", under=under, at=datetime(2026, 11, 1, tzinfo=UTC)), [], NOON).main
    assert (late.is_pending, late.activates_at) == (False, None)
    by_hand = plan(activation=ActivationPlan(kind=ActivationKind.ON_CONFIRMATION))
    waiting = policy.decide_earn(facts("100", under=by_hand), [], NOON).main
    assert (waiting.is_pending, waiting.activates_at) == (True, None)


def test_trace__tells_all_that_was_read_and_decided() -> None:
    trace = policy.decide_earn(facts("19.90", channel="web", of=member(tier_code="GOLD")), [], NOON).main.trace
    assert trace["facts"] | {"transaction_amount": "19.9", "channel": "web", "tier_code": "GOLD"} == trace["facts"]
    assert trace["facts"]["occurred_on"] == "2026-11-20"
    assert (trace["wallet"], trace["stacking"], trace["rounding"]) == ("main", "sum", "down")
    (told,) = trace["rules"]
    assert (told["code"], told["points"], told["multiplier"], told["is_counted"]) == ("base", "1.99", "1.5", True)
    assert told["steps"][0]["decisive"]
    assert trace["expiry"] == {"kind": "never", "expires_at": None, "spendable_until": None}


@given(
    st.lists(st.decimals(min_value=0, max_value=1000, places=4), min_size=1, max_size=6),
    st.sampled_from(Stacking),
    st.decimals(min_value=Decimal("0.01"), max_value=10, places=2),
)
def test_parts__of_any_rules__add_up_to_the_exact_sum_rounded_down_once(
    gives: list[Decimal], stacking: Stacking, multiplier: Decimal
) -> None:
    rules = tuple(rule(f"r{n}", value, priority=n) for n, value in enumerate(gives))
    under = plan(earn_rules=rules, stacking=stacking, tiers=(tier("BRONZE", 0, str(multiplier)),))
    verdict = policy.decide_earn(facts("5", under=under), [], NOON).main
    exact = [value * multiplier for value in gives]
    whole = {
        Stacking.SUM: sum(exact, Decimal(0)),
        Stacking.BEST: max(exact),
        Stacking.FIRST: next((value for value in exact if value), Decimal(0)),
    }[stacking]
    assert verdict.points == int(whole) == sum(part.points for part in verdict.parts)
    assert Decimal(verdict.trace["exact_points"]) == whole
    assert all(part.points >= 0 for part in verdict.parts)


def test_member__of_no_tier__has_no_multiplier() -> None:
    nobody: MemberFacts = member(tier_code=None)
    verdict = policy.decide_earn(facts("19.9", of=nobody), [], NOON).main
    assert (verdict.trace["tier"], verdict.trace["multiplier"], verdict.points) == (None, "1", 1)
