"""Decisions of programs: documents, tiers, dates."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.programs import policy
from loyalty.programs.contracts import ProgramStatus
from tests.programs.plans import LADDER, document, plan, tier


@pytest.mark.parametrize(
    "points, code", [(0, "BRONZE"), (99, "BRONZE"), (100, "SILVER"), (499, "SILVER"), (500, "GOLD"), (10**12, "GOLD")]
)
def test_choose_tier__at_boundaries__is_inclusive(points: int, code: str) -> None:
    chosen = policy.choose_tier(LADDER, points)
    assert chosen is not None
    assert chosen.code == code


def test_choose_tier__below_the_lowest__is_none() -> None:
    assert policy.choose_tier((tier("SILVER", 100),), 99) is None


def test_choose_tier__by_invitation__is_never_reached_by_points() -> None:
    ladder = (*LADDER, tier("BLACK", 50, is_invitation_only=True))
    chosen, following = policy.choose_tier(ladder, 60), policy.next_tier(ladder, 10)
    assert chosen is not None
    assert following is not None
    assert (chosen.code, following.code) == ("BRONZE", "SILVER")


@given(st.sets(st.integers(0, 10_000), max_size=12), st.integers(0, 12_000))
def test_choose_tier__any_ladder__is_the_highest_reached(thresholds: set[int], points: int) -> None:
    ladder = [tier(f"T{low}", low) for low in thresholds]
    chosen, following = policy.choose_tier(ladder, points), policy.next_tier(ladder, points)
    reached = {low for low in thresholds if low <= points}
    assert (chosen.min_points if chosen else None) == (max(reached) if reached else None)
    assert (following.min_points if following else None) == min(thresholds - reached, default=None)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_choose_tier__more_points__never_a_lower_tier(first: int, more: int) -> None:
    low, high = policy.choose_tier(LADDER, first), policy.choose_tier(LADDER, first + more)
    assert low is not None
    assert high is not None
    assert high.min_points >= low.min_points


@pytest.mark.parametrize(
    "at, is_open",
    [
        (datetime(2025, 12, 31, 22, 59, tzinfo=UTC), False),
        (datetime(2025, 12, 31, 23, 0, tzinfo=UTC), True),  # midnight of the first day in Berlin
        (datetime(2026, 12, 31, 22, 59, tzinfo=UTC), True),
        (datetime(2026, 12, 31, 23, 0, tzinfo=UTC), False),
    ],
)
def test_is_open__at_the_edges_of_its_dates__goes_by_its_own_zone(at: datetime, is_open: bool) -> None:
    assert policy.is_open(plan(), at) is is_open


@pytest.mark.parametrize("status", [ProgramStatus.DRAFT, ProgramStatus.INACTIVE])
def test_is_open__not_active__is_false(status: ProgramStatus) -> None:
    assert not policy.is_open(plan(status=status), datetime(2026, 6, 1, tzinfo=UTC))


def test_is_open__without_dates__is_true() -> None:
    assert policy.is_open(plan(start_date=None, end_date=None), datetime(1999, 1, 1, tzinfo=UTC))


def test_find_problems__sound_document__none() -> None:
    assert policy.find_problems(policy.complete(document())) == []


@pytest.mark.parametrize(
    "changes, place, code",
    [
        ({"name": " "}, "name", "blank"),
        ({"code": "no spaces"}, "code", "program.code_invalid"),
        ({"start_date": date(2026, 2, 1), "end_date": date(2026, 1, 31)}, "end_date", "program.dates_out_of_order"),
        ({"currency": "XYZ"}, "currency", "program.currency_unknown"),
        ({"currency": "usd"}, "currency", "program.currency_unknown"),
        ({"timezone": "Mars/Olympus"}, "timezone", "program.timezone_unknown"),
        ({"timezone": ""}, "timezone", "program.timezone_unknown"),
        ({"status": ProgramStatus.ACTIVE}, "earn_rule", "program.earn_rule_missing"),
        ({"earn_cap_daily": 0}, "caps.0.limit", "out_of_range"),
        ({"expiry_days": -1}, "expiry.days", "out_of_range"),
        ({"tiers": (tier("A", 0), tier("a", 5))}, "tiers.1.code", "program.tier_code_duplicate"),
        ({"tiers": (tier("A", 5), tier("B", 5))}, "tiers.1.min_points", "program.tiers_overlap"),
        ({"tiers": (tier("A", -1),)}, "tiers.0.min_points", "out_of_range"),
        ({"tiers": (tier("A", 0, multiplier=Decimal(0)),)}, "tiers.0.multiplier", "out_of_range"),
        ({"tiers": (tier("A", 0, multiplier=Decimal("100.01")),)}, "tiers.0.multiplier", "out_of_range"),
        ({"tiers": (tier("A", 0, color="url(x)"),)}, "tiers.0.color", "program.color_invalid"),
        ({"tiers": tuple(tier(f"T{n}", n) for n in range(51))}, "tiers", "program.tiers_too_many"),
    ],
)  # fmt: skip
def test_find_problems__one_fault__names_its_place(changes: dict[str, Any], place: str, code: str) -> None:
    problems = policy.find_problems(policy.complete(document(**changes)))
    assert [(problem.field, problem.code) for problem in problems] == [(place, code)]


def test_complete__codes_left_out__come_from_names() -> None:
    whole = policy.complete(document(name="Café VIP Rewards", code="", tiers=(tier("", 10), tier("X", 0))))
    assert whole.code == "CAF_VIP_REWARDS"
    assert [(one.code, one.priority) for one in whole.tiers] == [("", 2), ("X", 1)]


def test_check_rule__unknown_field_and_text__name_their_place() -> None:
    assert policy.check_rule("earn", None) == []
    assert policy.check_rule("earn", {"*": [{"var": "transaction_amount"}, 0.1]}) == []
    unknown = policy.check_rule("earn", {"*": [{"var": "shoe_size"}, 2]})
    assert [(problem.field, problem.code) for problem in unknown] == [("earn_rule/*/0", "rule.unknown_field")]
    text = policy.check_rule("burn", {"cat": ["a", "b"]})
    assert [(problem.field, problem.code) for problem in text] == [("burn_rule", "rule.not_number")]


def test_check_rule__forty_levels_deep__is_refused() -> None:
    rule: Any = {"var": "transaction_amount"}
    for _ in range(40):
        rule = {"+": [rule, 1]}
    assert [problem.code for problem in policy.check_rule("earn", rule)] == ["rule.too_deep"]


def test_say_rule__a_rule__is_said_with_labels() -> None:
    words = policy.say_rule("burn", {"/": [{"var": "points_requested"}, 100]})
    assert "Points to redeem" in words
    assert policy.say_rule("earn", None) == ""
