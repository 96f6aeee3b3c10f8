"""What a campaign did by itself: those who were meant beside those who were held back, with the interval.

Intention to treat: everybody of an arm counts, also who could not be reached, for nobody knows who of the control group
could have been.
"""

from dataclasses import dataclass
from math import erfc, sqrt

# Two-sided 95 %.
Z = 1.959964
# Below this probability the shares of the arms are not what the assignment promises (a sample ratio mismatch).
MISMATCH_BELOW = 0.001


@dataclass(frozen=True, slots=True)
class Arm:
    """Customers of an arm, and those of them who did what the goal says."""

    customers: int
    converted: int

    @property
    def rate(self) -> float:
        """The share that converted."""
        return self.converted / self.customers if self.customers else 0.0


@dataclass(frozen=True, slots=True)
class Effect:
    """The difference of the rates with its 95 % interval, and the conversions that would not have been without it."""

    difference: float
    low: float
    high: float
    incremental_conversions: float
    is_significant: bool
    is_ratio_wrong: bool


def effect_of(treated: Arm, control: Arm, control_percent: float) -> Effect | None:
    """Give the effect, or None while an arm has nobody.

    The interval is Newcombe's hybrid score interval (Newcombe 1998, Statistics in Medicine 17:873-890, method 10),
    which
    keeps its promise with few conversions too.
    """
    if not treated.customers or not control.customers:
        return None
    difference = treated.rate - control.rate
    (low_t, high_t), (low_c, high_c) = wilson(treated), wilson(control)
    low = difference - sqrt((treated.rate - low_t) ** 2 + (high_c - control.rate) ** 2)
    high = difference + sqrt((high_t - treated.rate) ** 2 + (control.rate - low_c) ** 2)
    return Effect(
        difference=difference,
        low=low,
        high=high,
        incremental_conversions=difference * treated.customers,
        is_significant=low > 0 or high < 0,
        is_ratio_wrong=is_ratio_wrong(treated.customers, control.customers, control_percent),
    )


def wilson(arm: Arm) -> tuple[float, float]:
    """Give the score interval of a rate (Wilson 1927)."""
    n, p = arm.customers, arm.rate
    middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def is_ratio_wrong(treated: int, control: int, control_percent: float) -> bool:
    """Tell whether the arms' sizes contradict their shares (chi-squared with one degree of freedom)."""
    total, share = treated + control, control_percent / 100
    if not 0 < share < 1:
        return False
    expected_control, expected_treated = total * share, total * (1 - share)
    chi = (control - expected_control) ** 2 / expected_control + (treated - expected_treated) ** 2 / expected_treated
    return erfc(sqrt(chi / 2)) < MISMATCH_BELOW
