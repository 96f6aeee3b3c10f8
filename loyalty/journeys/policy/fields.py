"""Holding a config against the fields that its kind has: unknown ones, missing ones, values of another type."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from loyalty.journeys.contracts import FieldKind, FieldSpec, Problem

_TEXTS = frozenset(
    {
        FieldKind.TEXT, FieldKind.LONG_TEXT, FieldKind.CHOICE, FieldKind.EVENT_TYPE, FieldKind.FIELD, FieldKind.SEGMENT,
        FieldKind.CAMPAIGN, FieldKind.PROGRAM, FieldKind.JOURNEY, FieldKind.TEMPLATE, FieldKind.ADDRESS,
        FieldKind.ATTRIBUTE,
    }
)  # fmt: skip
# A value of another type than its field, or out of its bounds.
UNFIT = "journeys.field_invalid"
_OBJECTS = frozenset({FieldKind.OBJECT, FieldKind.RULE, FieldKind.FILTER, FieldKind.VARIABLES})


def problems_of(config: Mapping[str, Any], specs: Sequence[FieldSpec], prefix: str = "") -> Iterator[Problem]:
    """Give what is wrong with a config by its fields alone; the node is named by the caller."""
    known = {spec.name: spec for spec in specs}
    for name in config:
        if name not in known:
            told = ", ".join(known) or "none"
            yield Problem(
                "journeys.unknown_field", f"The field {name!r} is not known here.",
                f"Remove it, or use one of: {told}.", field=prefix + str(name),
            )  # fmt: skip
    for spec in specs:
        value = config.get(spec.name)
        if value is None or value in ("", [], {}):
            if spec.is_required:
                yield Problem(
                    "journeys.field_missing", f"{spec.title} is missing.", f"Fill in {spec.title.lower()}.",
                    field=prefix + spec.name,
                )  # fmt: skip
            continue
        wrong = _wrong(value, spec)
        if wrong:
            yield Problem(
                UNFIT, f"{spec.title}: {wrong}", f"Correct {spec.title.lower()}.",
                field=prefix + spec.name,
            )  # fmt: skip


def _wrong(value: Any, spec: FieldSpec) -> str:
    """Say why a value does not fit its field; empty when it does."""
    if spec.type in _TEXTS:
        if not isinstance(value, str):
            return "this is a text."
        if spec.choices and value not in spec.choices:
            return f"this is one of {', '.join(spec.choices)}."
        return _outside(len(value), spec, "characters")
    if spec.type in (FieldKind.INTEGER, FieldKind.NUMBER):
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        if not is_whole and (spec.type == FieldKind.INTEGER or not isinstance(value, float | Decimal)):
            return "this is a whole number." if spec.type == FieldKind.INTEGER else "this is a number."
        return _outside(value, spec, "")
    if spec.type == FieldKind.BOOLEAN:
        return "" if isinstance(value, bool) else "this is true or false."
    if spec.type in _OBJECTS:
        return "" if isinstance(value, Mapping) else "this is a JSON object."
    if not isinstance(value, list | tuple):
        return "this is a list."
    return _outside(len(value), spec, "items")


def _outside(size: Any, spec: FieldSpec, unit: str) -> str:
    words = f" {unit}" if unit else ""
    if spec.minimum is not None and size < spec.minimum:
        return f"at least {spec.minimum:,}{words}."
    if spec.maximum is not None and size > spec.maximum:
        return f"at most {spec.maximum:,}{words}."
    return ""
