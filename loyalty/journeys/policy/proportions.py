"""Two groups compared: the rate of each, their difference, and how sure that is."""

from dataclasses import dataclass
from math import sqrt

# The quantile of the normal distribution that leaves 2.5 % above: intervals hold with 95 %.
Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference of two rates with its interval of 95 %; None where a group is empty."""

    value: float | None
    low: float | None
    high: float | None


def rate(hits: int, total: int) -> float | None:
    """Give a share from 0 to 1; None of nobody."""
    return hits / total if total else None


def wilson(hits: int, total: int) -> tuple[float, float]:
    """Give the interval of a share (Wilson 1927)."""
    share, square = hits / total, Z * Z
    centre = share + square / (2 * total)
    spread = Z * sqrt(share * (1 - share) / total + square / (4 * total * total))
    scale = 1 + square / total
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def difference(hits: int, total: int, other_hits: int, other_total: int) -> Difference:
    """Give the difference of the first rate and the other, with the interval of Newcombe (1998, method 10)."""
    if not total or not other_total:
        return Difference(None, None, None)
    one, other = hits / total, other_hits / other_total
    one_low, one_high = wilson(hits, total)
    other_low, other_high = wilson(other_hits, other_total)
    value = one - other
    low = value - sqrt((one - one_low) ** 2 + (other_high - other) ** 2)
    high = value + sqrt((one_high - one) ** 2 + (other - other_low) ** 2)
    return Difference(value, low, high)
