"""Money: an exact amount with its currency."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from loyalty.foundation.kernel.errors import Invalid

# Above this no retail sale of any currency lies; it keeps sums far inside 38 digits.
AMOUNT_MAX = Decimal("1e15")


class MoneyInvalid(Invalid):
    """An amount of money is not a finite decimal in range, or has no currency."""

    code = "money.invalid"
    title = "Not an amount of money"


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount; ``currency`` is an ISO 4217 code."""

    amount: Decimal
    currency: str


def parse_amount(value: object) -> Decimal:
    """Read a decimal amount from a string, an integer or a Decimal; a float is refused because it is not exact.

    :raises MoneyInvalid: not finite, out of range, or a float.
    """
    if isinstance(value, bool | float):
        raise MoneyInvalid('An amount is a decimal string such as "19.99".')
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation as fault:
        raise MoneyInvalid(f"{str(value)[:40]!r} is not an amount.") from fault
    if not amount.is_finite() or abs(amount) > AMOUNT_MAX:
        raise MoneyInvalid("The amount is out of range.")
    return amount
