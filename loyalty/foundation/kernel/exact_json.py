"""JSON whose decimal numbers survive: they go in and come out digit for digit, never through a float."""

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any

import orjson

# JSON itself has no bound, but its writer has: longer whole numbers are Decimals, like fractions.
WHOLE_MIN, WHOLE_MAX = -(2**63), 2**63 - 1


def _exact(value: object) -> object:
    if isinstance(value, Decimal):
        # A fragment is written as it stands, so 0.10 stays 0.10.
        return orjson.Fragment(format(value, "f").encode())
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def _widened(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _widened(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {name: _widened(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_widened(inner) for inner in value]
    if isinstance(value, int) and not WHOLE_MIN <= value <= WHOLE_MAX:
        return Decimal(value)
    return value


def dumps_exact(value: object) -> bytes:
    """Write JSON with Decimals as number literals, datetimes and UUIDs as strings, dataclasses as objects."""
    try:
        return orjson.dumps(value, default=_exact, option=orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError:
        # orjson writes no whole number beyond 64 bits, and a rule may well multiply its way there.
        return orjson.dumps(_widened(value), default=_exact, option=orjson.OPT_NON_STR_KEYS)


class ExactEncoder(json.JSONEncoder):
    """The encoder for JSON columns: Decimals become number literals."""

    def encode(self, o: Any) -> str:
        """Write one value."""
        return dumps_exact(o).decode()


def _whole(text: str) -> int | Decimal:
    # PostgreSQL keeps 9e30 as thirty-one digits; as an int it could not be written again.
    number = Decimal(text)
    return int(number) if WHOLE_MIN <= number <= WHOLE_MAX else number


class ExactDecoder(json.JSONDecoder):
    """The decoder for JSON columns: fractions, and whole numbers beyond 64 bits, become Decimals."""

    def __init__(self, **options: Any) -> None:
        parse: Callable[[str], Any] = Decimal
        super().__init__(**{**options, "parse_float": parse, "parse_int": _whole})
