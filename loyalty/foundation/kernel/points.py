"""Points are whole numbers within a stated range."""

from loyalty.foundation.kernel.errors import Invalid

# A bigint holds 9.2e18; the bound leaves room for sums over a billion accounts.
POINTS_MAX = 1_000_000_000_000


class PointsAmountInvalid(Invalid):
    """A number of points is not a whole number from 1 to the bound."""

    code = "points.amount_invalid"
    title = "Not a number of points"


def check_points_amount(value: object) -> int:
    """Give the value back when it is a whole number of points from 1 to ``POINTS_MAX``.

    :raises PointsAmountInvalid: anything else, also ``True``, 1.0 and "1".
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise PointsAmountInvalid("Points are a whole number.")
    if not 1 <= value <= POINTS_MAX:
        raise PointsAmountInvalid(f"Points lie between 1 and {POINTS_MAX}.")
    return value
