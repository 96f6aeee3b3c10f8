"""Decisions of tiers: which tier is above, which below."""

from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.programs.api import TierNotFound, TierPlan
from loyalty.tiers.errors import TierNotAbove, TierNotBelow
from loyalty.tiers.policy import ladder as policy


def tier(code: str, min_points: int) -> TierPlan:
    """Make a tier."""
    return TierPlan(UUID(int=min_points), code, code.title(), min_points, Decimal(1), (), 1, "")


BRONZE, SILVER, GOLD = tier("BRONZE", 0), tier("SILVER", 100), tier("GOLD", 500)
LADDER = (GOLD, BRONZE, SILVER)


@pytest.mark.parametrize(
    "current, code, target",
    [(None, "", BRONZE), (BRONZE, "", SILVER), (BRONZE, "GOLD", GOLD), (SILVER, "", GOLD)],
)
def test_tier_above__next_or_named__is_given(current: TierPlan | None, code: str, target: TierPlan) -> None:
    assert policy.tier_above(LADDER, current, code) is target


@pytest.mark.parametrize("current, code", [(GOLD, ""), (GOLD, "SILVER"), (SILVER, "SILVER")])
def test_tier_above__none_there__is_refused(current: TierPlan, code: str) -> None:
    with pytest.raises(TierNotAbove):
        policy.tier_above(LADDER, current, code)


@pytest.mark.parametrize("current, code, target", [(GOLD, "", SILVER), (GOLD, "BRONZE", BRONZE), (SILVER, "", BRONZE)])
def test_tier_below__next_or_named__is_given(current: TierPlan, code: str, target: TierPlan) -> None:
    assert policy.tier_below(LADDER, current, code) is target


@pytest.mark.parametrize("current, code", [(BRONZE, ""), (None, ""), (None, "BRONZE"), (BRONZE, "GOLD")])
def test_tier_below__none_there__is_refused(current: TierPlan | None, code: str) -> None:
    with pytest.raises(TierNotBelow):
        policy.tier_below(LADDER, current, code)


def test_wanted_tier__unknown__is_refused() -> None:
    with pytest.raises(TierNotFound):
        policy.wanted_tier(LADDER, "DIAMOND")
    assert policy.tier_named(LADDER, None) is None


@given(st.sets(st.integers(0, 1000), min_size=2, max_size=8), st.data())
def test_up_then_down__anywhere_on_a_ladder__leads_back(thresholds: set[int], data: st.DataObject) -> None:
    ladder = [tier(f"T{low}", low) for low in sorted(thresholds)]
    start = data.draw(st.sampled_from(ladder[:-1]))
    assert policy.tier_below(ladder, policy.tier_above(ladder, start)) is start
