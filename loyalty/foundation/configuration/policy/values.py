"""Reads values of fields as they come from people, and tells what changed; no value of a secret leaves here."""

from collections.abc import Mapping
from typing import Any

from loyalty.foundation.configuration.contracts import Field, FieldType, SectionSpec
from loyalty.foundation.kernel.errors import FieldProblem

TEXT_CHARACTERS_MAX = 2_000
QUERY_CHARACTERS_MAX = 100_000
ITEMS_MAX = 500
CHANGED = "changed"


class _Unusable(Exception):
    """Why a value cannot be used."""


def read_values(spec: SectionSpec, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[FieldProblem]]:
    """Give the values that can be used, and what is wrong with the others; None means "back to the default"."""
    values: dict[str, Any] = {}
    problems: list[FieldProblem] = []
    for name, value in given.items():
        field = spec.field(str(name))
        if field is None:
            problems.append(FieldProblem(str(name)[:50], "unknown", "There is no such field."))
            continue
        try:
            values[field.name] = None if value is None else _read(field, value)
        except _Unusable as reason:
            problems.append(FieldProblem(field.name, "invalid", str(reason)))
    return values, problems


def _read(field: Field, value: Any) -> Any:
    match field.type:
        case FieldType.FLAG:
            if not isinstance(value, bool):
                raise _Unusable("This is true or false.")
            return value
        case FieldType.WHOLE:
            return _whole(field, value)
        case FieldType.CHOICE:
            if value not in field.choices:
                raise _Unusable(f"This is one of {', '.join(field.choices)}.")
            return value
        case FieldType.LIST:
            return _items(field, value)
        case FieldType.TABLE:
            return _table(field, value)
        case _:
            return _text(field, value)


def _whole(field: Field, value: Any) -> int:
    low, high = field.low if field.low is not None else 0, field.high if field.high is not None else 2**31 - 1
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise _Unusable(f"This is a whole number from {low} to {high}.")
    return value


def _text(field: Field, value: Any) -> str:
    is_long = field.type is FieldType.QUERY
    most = field.high if field.high is not None else QUERY_CHARACTERS_MAX if is_long else TEXT_CHARACTERS_MAX
    if not isinstance(value, str) or len(value) > most or len(value) < (field.low or 0):
        raise _Unusable(f"This is a text of {field.low or 0} to {most} characters.")
    lawful = "\n\r\t" if is_long or field.has_lines else ""
    if any(ord(letter) < 32 and letter not in lawful or ord(letter) == 127 for letter in value):
        raise _Unusable("This has control characters.")
    # Whoever pastes a host brings spaces along; a secret may begin with one.
    return value if field.is_secret or is_long else value.strip()


def _items(field: Field, value: Any) -> list[str]:
    most = field.high if field.high is not None else ITEMS_MAX
    if not isinstance(value, list) or len(value) > most or not all(isinstance(one, str) for one in value):
        raise _Unusable(f"This is a list of at most {most} texts.")
    return [_text(Field("", FieldType.TEXT, "", lambda: ""), one) for one in value]


def _table(field: Field, value: Any) -> dict[str, str]:
    most = field.high if field.high is not None else ITEMS_MAX
    if not isinstance(value, dict) or len(value) > most:
        raise _Unusable(f"This is a table of at most {most} rows.")
    return dict(zip(_items(field, list(value)), _items(field, list(value.values())), strict=True))


def changes_between(
    spec: SectionSpec, before: Mapping[str, Any], after: Mapping[str, Any], secrets: set[str]
) -> list[dict[str, Any]]:
    """Tell what differs between two sets of saved values, with the secrets that changed; None is "not saved"."""
    rows = [
        {"field": one.name, "before": before.get(one.name), "after": after.get(one.name), "is_secret": False}
        for one in spec.fields
        if not one.is_secret and before.get(one.name) != after.get(one.name)
    ]
    return rows + [{"field": name, "before": None, "after": CHANGED, "is_secret": True} for name in sorted(secrets)]


def moves(spec: SectionSpec, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Tell whether the connection of a section leads elsewhere, or as somebody else, than before."""
    return any(before.get(one.name) != after.get(one.name) for one in spec.endpoint)
