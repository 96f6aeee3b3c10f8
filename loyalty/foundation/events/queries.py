"""The types of facts that this version publishes, each with the JSON Schema of its data."""

import dataclasses
import types
import typing
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from importlib import import_module
from typing import Any

from loyalty.foundation.events import registry
from loyalty.foundation.events.contracts import Fact, Sighting, TypeView
from loyalty.foundation.orm import sql

# Far enough back to be of use, near enough to be read in milliseconds: the store knows its order, not its types.
SIGHTINGS_OF = 50_000
SIGHTINGS = """
    SELECT type, count(*) AS count, max(recorded_at) AS last_at FROM events_stored
    WHERE position > (SELECT coalesce(max(position), 0) FROM events_stored) - %(newest)s
    GROUP BY type
"""
MISSING = "SELECT CASE WHEN events_kept_since() > %(since)s THEN events_kept_since() END AS missing_until"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
PLAIN: Mapping[Any, Mapping[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    Decimal: {"type": "number"},
    uuid.UUID: {"type": "string", "format": "uuid"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    type(None): {"type": "null"},
    dict: {"type": "object"},
    list: {"type": "array"},
    Any: {},
}


def _descendants(base: type[Fact]) -> Iterator[type[Fact]]:
    for child in base.__subclasses__():
        yield child
        yield from _descendants(child)


def _is_published(kind: type[Fact]) -> bool:
    """Tell whether a class is the one that its module names (a dataclass with slots is made twice) and has a type."""
    if not kind.__module__.startswith("loyalty.") or not isinstance(vars(kind).get("type"), str):
        return False
    return getattr(import_module(kind.__module__), kind.__name__, None) is kind


def list_types() -> list[TypeView]:
    """Give every type whose module is loaded, by name."""
    heard: dict[str, list[str]] = {}
    for subscription in registry.subscriptions():
        for one in [subscription.event_type] if subscription.event_type else []:
            heard.setdefault(one, []).append(subscription.name)
    found = {kind.type: kind for kind in _descendants(Fact) if _is_published(kind)}
    return [
        TypeView(
            name=name,
            version=found[name].version,
            title=(found[name].__doc__ or "").strip().split("\n")[0],
            schema=schema_of(found[name]),
            handlers=tuple(heard.get(name, [])),
        )
        for name in sorted(found)
    ]


def list_type_names() -> frozenset[str]:
    """Give the names of all types whose module is loaded."""
    return frozenset(kind.type for kind in _descendants(Fact) if _is_published(kind))


def find_type(name: str) -> TypeView | None:
    """Give a type, or None when this version publishes none of that name."""
    return next((one for one in list_types() if one.name == name), None)


def list_sightings() -> dict[str, Sighting]:
    """Give how often and when each type was seen among the newest facts of the store, by name."""
    rows = sql.fetch_all(SIGHTINGS, {"newest": SIGHTINGS_OF})
    return {row["type"]: Sighting(count=row["count"], last_at=row["last_at"]) for row in rows}


def find_missing_until(since: datetime) -> datetime | None:
    """Give the instant before which facts are gone, or None when all that were recorded from ``since`` on are there."""
    row = sql.fetch_one(MISSING, {"since": since})
    return row["missing_until"] if row else None


def schema_of(kind: type[Fact]) -> dict[str, Any]:
    """Give the JSON Schema (draft 2020-12) of a fact's data; fields that have no default are always there."""
    hints = typing.get_type_hints(kind)
    fields = dataclasses.fields(kind)
    return {
        "$schema": DIALECT,
        "title": f"{kind.type} {kind.version}",
        "type": "object",
        "properties": {field.name: _schema(hints[field.name]) for field in fields},
        "required": sorted(
            field.name
            for field in fields
            if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        ),
    }


def _schema(hint: Any) -> dict[str, Any]:
    """Give the schema of a field's type.

    :raises TypeError: it is none that goes into JSON.
    """
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_schema(one) for one in inner]}
    if origin in (list, tuple, frozenset, Sequence):
        items = [one for one in inner if one is not Ellipsis]
        return {"type": "array", "items": _schema(items[0]) if items else {}}
    if origin in (dict, Mapping):
        return {"type": "object"}
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return {"type": "string"}
    if hint in PLAIN:
        return dict(PLAIN[hint])
    raise TypeError(f"{hint} has no form in JSON.")
