"""Terms as JSON and back: what a version stores, what it says exactly."""

import types
import typing
import uuid
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from loyalty.programs.contracts import ProgramTerms
from loyalty.programs.policy.forms import terms_of

AnyPart = TypeVar("AnyPart")


def store_terms(whole: ProgramTerms) -> dict[str, Any]:
    """Give the terms of a document or a plan as JSON; decimals stay Decimals for an exact JSON column."""
    return asdict(terms_of(whole))


def read_terms(stored: Mapping[str, Any]) -> ProgramTerms:
    """Build terms from what ``store_terms`` gave; what a version does not say takes its default."""
    return read_part(ProgramTerms, stored)


def read_part(part: type[AnyPart], stored: Mapping[str, Any]) -> AnyPart:
    """Build one contract from JSON by its type hints; a name that it does not know raises TypeError."""
    hints = _hints(part)
    return part(**{name: _read(hints[name], value) if name in hints else value for name, value in stored.items()})


# The type hints of each contract, learnt once; looking them up is slow.
_HINTS: dict[type, dict[str, Any]] = {}


def _hints(part: type) -> dict[str, Any]:
    if part not in _HINTS:
        names = {one.name for one in fields(part)}
        _HINTS[part] = {name: hint for name, hint in typing.get_type_hints(part).items() if name in names}
    return _HINTS[part]


def _read(hint: Any, value: Any) -> Any:
    if value is None or hint is Any:
        return value
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is types.UnionType:
        return _read(next(one for one in inner if one is not type(None)), value)
    if origin is tuple:
        return tuple(_read(inner[0], one) for one in value)
    if origin is Mapping:
        return {str(name): _read(inner[1], one) for name, one in value.items()}
    if is_dataclass(hint):
        # What a writer hands over may be read already.
        return read_part(typing.cast(type, hint), value) if isinstance(value, Mapping) else value
    return _plain(hint, value)


def _plain(hint: Any, value: Any) -> Any:
    if hint is Decimal:
        return Decimal(str(value))
    if hint is date and isinstance(value, str):
        return date.fromisoformat(value)
    if hint is uuid.UUID:
        return uuid.UUID(str(value))
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint(value)
    return value
