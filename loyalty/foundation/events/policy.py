"""What may change in the schema of a published type, and what may not."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]


def _types_of(schema: Schema) -> set[str]:
    """Give the JSON types that a place may have; empty means any."""
    if "anyOf" in schema:
        found = [_types_of(one) for one in schema["anyOf"]]
        return set() if any(not one for one in found) else set().union(*found)
    kind = schema.get("type")
    if kind is None:
        return set()
    return set(kind) if isinstance(kind, list) else {str(kind)}


def _formats_of(schema: Schema) -> set[str]:
    return {str(one["format"]) for one in [schema, *schema.get("anyOf", [])] if "format" in one}


def list_breaks(before: Schema, after: Schema, place: str = "data") -> list[str]:
    """Tell what a reader of the schema before would stumble over in the schema after; empty when nothing.

    A field may come; none may go, become another type or format, be null that never was, or be left out that was always
    there.
    """
    breaks = []
    was, now = _types_of(before), _types_of(after)
    # Every whole number is a number, so a reader of numbers reads them too.
    widened = was | ({"integer"} if "number" in was else set())
    if was and (not now or not now <= widened):
        breaks.append(f"{place} was {sorted(was)} and is {sorted(now) or 'anything'}")
    if _formats_of(before) - _formats_of(after):
        breaks.append(f"{place} is no longer {sorted(_formats_of(before) - _formats_of(after))}")
    fields_before, fields_after = before.get("properties", {}), after.get("properties", {})
    for name, schema in fields_before.items():
        if name not in fields_after:
            breaks.append(f"{place}.{name} is gone")
        else:
            breaks += list_breaks(schema, fields_after[name], f"{place}.{name}")
    breaks += [
        f"{place}.{name} may be left out"
        for name in before.get("required", [])
        if name in fields_after and name not in after.get("required", [])
    ]
    if "items" in before:
        breaks += list_breaks(before["items"], after.get("items", {}), f"{place}[]")
    return breaks
