"""JavaScript's conversions, for rules without a schema; null and decimals follow the profile."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from loyalty.foundation.rules.limits import is_bounded, is_sound_number
from loyalty.foundation.rules.text import exact, plain_number

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?\Z", re.ASCII)


def to_number(value: object) -> int | Decimal | None:
    """The number a value stands for; None for null and for what JavaScript calls NaN."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float, Decimal)):
        return exact(value) if is_bounded(value) else None
    if isinstance(value, (list, tuple)):
        return to_number(to_text(value))
    if not isinstance(value, str):
        return None
    text = value.strip()
    if not text:
        return 0
    if len(text) > 100 or not _NUMBER.match(text):
        return None
    number = Decimal(text)
    return exact(number) if is_sound_number(number) else None


def to_text(value: object) -> str:
    """The text a value stands for; null is empty, as in ``cat``."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)):
        return plain_number(exact(value)) if is_bounded(value) else str(value)
    if isinstance(value, (list, tuple)):
        return ",".join(to_text(one) for one in value)
    if isinstance(value, date):
        return value.isoformat()
    return "[object Object]"


def is_truthy(value: object) -> bool:
    """JavaScript's truth: 0, "", null, NaN and (as JSONLogic adds) the empty list are false."""
    if value is True or value is False:
        return value
    if isinstance(value, Mapping):
        return True
    return bool(value) and value == value


def is_equal(left: object, right: object) -> bool:
    """``==`` with JavaScript's conversions; null equals only null."""
    if left is None or right is None:
        return left is right
    if _kind(left) == _kind(right):
        return _same_kind_equal(left, right)
    if {_kind(left), _kind(right)} == {"list", "str"}:
        return to_text(left) == to_text(right)
    first, second = to_number(left), to_number(right)
    return first is not None and first == second


def is_identical(left: object, right: object) -> bool:
    """``===``: no conversion."""
    if left is None or right is None:
        return left is right
    return _kind(left) == _kind(right) and _same_kind_equal(left, right)


def is_less(left: object, right: object) -> bool:
    """``<`` with JavaScript's conversions, except that nothing is ordered against null."""
    pair = _ordered_pair(left, right)
    return pair is not None and pair[0] < pair[1]


def is_less_or_equal(left: object, right: object) -> bool:
    """``<=`` with JavaScript's conversions, except that nothing is ordered against null."""
    pair = _ordered_pair(left, right)
    return pair is not None and pair[0] <= pair[1]


def _ordered_pair(left: object, right: object) -> tuple[Decimal, Decimal] | None:
    """Both values as one orderable type; typed as numbers because texts and dates order by the same operators."""
    if left is None or right is None:
        return None
    if isinstance(left, (str, date)) and type(left) is type(right):
        return left, right  # type: ignore[return-value]
    first, second = to_number(left), to_number(right)
    if first is None or second is None:
        return None
    return Decimal(first), Decimal(second)


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float, Decimal)):
        return "number"
    return "list" if isinstance(value, (list, tuple)) else type(value).__name__


def _same_kind_equal(left: object, right: object) -> bool:
    """Lists and objects are equal only to themselves, as in JavaScript."""
    if isinstance(left, (list, tuple, Mapping)):
        return left is right
    if isinstance(left, (int, float, Decimal)) and not isinstance(left, bool):
        return to_number(left) == to_number(right)
    return left == right
