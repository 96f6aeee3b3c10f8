"""Exact decimal arithmetic with one meaning in Python and in SQL."""

from decimal import (
    ROUND_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)

from loyalty.foundation.rules.limits import COMPUTED_DIGITS_MAX

Number = int | Decimal

# Sums, differences and products are exact; if one ever needed more digits, Inexact raises instead of rounding in
# silence.
EXACT = Context(prec=COMPUTED_DIGITS_MAX, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
ROUNDING = Context(prec=COMPUTED_DIGITS_MAX, traps=[InvalidOperation, DivisionByZero, Overflow])
# Whole numbers beyond this are multiplied as decimals, where the limit above holds.
WHOLE_BITS_MAX = 4_096

# A quotient that does not come out even is cut after so many decimals. Cut and not rounded, because a cut is the
# same in every database and never lifts a quotient over the next whole number.
QUOTIENT_DECIMALS = 38
PLACES_MAX = 18

MODES = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "down": ROUND_DOWN, "up": ROUND_UP}


def quotient(dividend: Number, divisor: Number) -> Number | None:
    """Dividend by divisor, cut after QUOTIENT_DECIMALS; None for a division by zero."""
    if not divisor:
        return None
    shifted = EXACT.scaleb(Decimal(dividend), QUOTIENT_DECIMALS)
    return tidy(EXACT.scaleb(EXACT.divide_int(shifted, Decimal(divisor)), -QUOTIENT_DECIMALS))


def remainder(dividend: Number, divisor: Number) -> Number | None:
    """What a division to a whole number leaves, with the sign of the dividend; None for a division by zero."""
    if not divisor:
        return None
    return EXACT.remainder(Decimal(dividend), Decimal(divisor))


def tidy(value: Decimal) -> Number:
    """The same number without idle zeros; whole numbers as integers."""
    if value == value.to_integral_value():
        return int(value)
    return value.normalize(EXACT)


def rounded(value: Number, places: int, mode: str) -> Number:
    """Rounded to so many decimals; negative places round to tens, hundreds and so on."""
    return _quantized(value, places, MODES[mode])


def floored(value: Number, places: int) -> Number:
    """The greatest number with so many decimals that is not above the value."""
    return _quantized(value, places, "ROUND_FLOOR")


def raised(value: Number, places: int) -> Number:
    """The least number with so many decimals that is not below the value."""
    return _quantized(value, places, "ROUND_CEILING")


def _quantized(value: Number, places: int, rounding: str) -> Number:
    number = Decimal(value)
    if places > 0:
        return number.quantize(Decimal(1).scaleb(-places), rounding=rounding, context=ROUNDING)
    return int(number.quantize(Decimal(1).scaleb(-places), rounding=rounding, context=ROUNDING))
