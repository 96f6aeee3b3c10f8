"""JSON whose decimal numbers survive: they go in and come out digit for digit, never through a float."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import orjson


def _exact(value: object) -> object:
    if isinstance(value, Decimal):
        # A fragment is written as it stands, so 0.10 stays 0.10.
        return orjson.Fragment(format(value, "f").encode())
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def dumps_exact(value: object) -> bytes:
    """Write JSON with Decimals as number literals, and datetimes and UUIDs as strings."""
    return orjson.dumps(value, default=_exact, option=orjson.OPT_NON_STR_KEYS)


class ExactEncoder(json.JSONEncoder):
    """The encoder for JSON columns: Decimals become number literals."""

    def encode(self, o: Any) -> str:
        """Write one value."""
        return dumps_exact(o).decode()


class ExactDecoder(json.JSONDecoder):
    """The decoder for JSON columns: fractions become Decimals."""

    def __init__(self, **options: Any) -> None:
        parse: Callable[[str], Any] = Decimal
        super().__init__(**{**options, "parse_float": parse})
