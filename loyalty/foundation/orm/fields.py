"""JSON columns whose numbers survive: Decimals go in and come out digit for digit."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import orjson
from django.db import models


def _exact(value: object) -> object:
    if isinstance(value, Decimal):
        # A fragment is written as it stands, so 0.10 stays 0.10 and never passes through a float.
        return orjson.Fragment(format(value, "f").encode())
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def dumps_exact(value: object) -> bytes:
    """Write JSON with Decimals as number literals, and datetimes and UUIDs as strings."""
    return orjson.dumps(value, default=_exact)


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


class ExactJSONField(models.JSONField):
    """A jsonb column that keeps decimal numbers exact."""

    def __init__(self, **options: Any) -> None:
        options["encoder"] = ExactEncoder
        options["decoder"] = ExactDecoder
        super().__init__(**options)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        """Leave the fixed encoder and decoder out of migrations."""
        name, path, arguments, options = super().deconstruct()
        options.pop("encoder", None)
        options.pop("decoder", None)
        return name, path, list(arguments), dict(options)
