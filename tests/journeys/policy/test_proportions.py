"""Two groups compared."""

import pytest

from loyalty.journeys.policy.proportions import difference, rate, wilson


def test_wilson__of_the_literature__has_these_bounds() -> None:
    # Newcombe 1998 (two-sided, 95 %): 81 of 263, Wilson's interval 0.2553 to 0.3662.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_difference__of_the_literature__has_these_bounds() -> None:
    # Newcombe 1998, table II (a): 56 of 70 less 48 of 80 is 0.2, method 10 gives 0.0524 to 0.3339.
    told = difference(56, 70, 48, 80)
    assert (told.value, told.low, told.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def test_difference__nobody_in_a_group__is_not_known() -> None:
    assert difference(1, 2, 0, 0).value is None
    assert rate(0, 0) is None
