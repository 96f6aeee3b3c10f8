"""JSON from outside, read strictly: what cannot be stored later, or says two things at once, is refused here."""

import json
from decimal import Decimal
from typing import Any

# A 64-bit whole number has at most 19 digits; nothing we store is longer.
WHOLE_DIGITS_MAX = 19
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
# Beyond this exponent a number is no amount of anything, and expanding it would cost memory.
EXPONENT_MAX = 40
# Nothing we keep is nested like this; what is could not be written again, because the writer ends at 254 levels.
NESTING_MAX = 200


class JsonRefused(ValueError):
    """The text is no JSON, or has something that cannot be stored."""


class MemberTwice(JsonRefused):
    """An object names a member twice, and which of the two counts would be anybody's guess."""

    def __init__(self, member: str) -> None:
        self.member = member[:100]
        super().__init__(f"The body names {self.member!r} twice in one object.")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise MemberTwice(next(name for place, name in enumerate(names) if name in names[:place]))
    return found


def _whole(text: str) -> int:
    if len(text) > WHOLE_DIGITS_MAX + 1:
        raise JsonRefused("A whole number has too many digits.")
    number = int(text)
    if not INT64_MIN <= number <= INT64_MAX:
        raise JsonRefused("A whole number is out of range.")
    return number


def _fraction(text: str) -> Decimal:
    number = Decimal(text)
    if number and abs(number.adjusted()) > EXPONENT_MAX or len(text) > 2 * EXPONENT_MAX:
        raise JsonRefused("A number is out of range.")
    return number


def _constant(text: str) -> Any:
    raise JsonRefused(f"{text} is not a JSON number.")


# One for all texts: making it costs as much as reading a text of ordinary size with it.
_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_float=_fraction, parse_int=_whole, parse_constant=_constant)


def read_strictly(raw: bytes) -> Any:
    """Read JSON with Decimals for fractions.

    :raises MemberTwice: an object names a member twice.
    :raises JsonRefused: it is not JSON in UTF-8, is nested too deeply, or has a number or a character that cannot be
        stored.
    """
    try:
        text = raw.decode("utf-8")
        value = _DECODER.decode(text)
    except JsonRefused:
        raise
    except ValueError as fault:
        raise JsonRefused(f"The body is not JSON: {fault}") from fault
    except RecursionError as fault:
        raise JsonRefused("The JSON is nested too deeply.") from fault
    _check_nesting(value)
    if "\\u" in text or "\x00" in text:
        _check_characters(value)
    return value


def _check_nesting(value: Any) -> None:
    level = [value]
    for _ in range(NESTING_MAX + 1):
        level = [
            inner
            for item in level
            if isinstance(item, dict | list)
            for inner in (item.values() if isinstance(item, dict) else item)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise JsonRefused("The JSON is nested too deeply.")


def _check_characters(value: Any) -> None:
    """Refuse NUL and lone surrogates anywhere: PostgreSQL cannot store them."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if "\x00" in item or any("\ud800" <= letter <= "\udfff" for letter in item):
                raise JsonRefused("A text has a character that cannot be stored.")
        elif isinstance(item, dict):
            waiting += item.keys()
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
