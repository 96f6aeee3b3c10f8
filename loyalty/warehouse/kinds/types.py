"""From a warehouse's types to those that rules know."""

from typing import Any

from sqlalchemy import types

from loyalty.foundation.rules.contracts import FieldType

_TYPES: tuple[tuple[type[types.TypeEngine[Any]], FieldType], ...] = (
    (types.Boolean, FieldType.BOOLEAN),
    (types.Integer, FieldType.INTEGER),
    (types.Numeric, FieldType.DECIMAL),
    (types.String, FieldType.TEXT),
    (types.DateTime, FieldType.DATETIME),
    (types.Date, FieldType.DATE),
)


def field_type_of(native: types.TypeEngine[Any]) -> FieldType | None:
    """Give the type that rules know, or None; a time without its zone is meant in UTC."""
    if isinstance(native, types.ARRAY):
        inner = field_type_of(native.item_type)
        numbers = (FieldType.INTEGER, FieldType.DECIMAL)
        return FieldType.TEXT_LIST if inner is FieldType.TEXT else FieldType.NUMBER_LIST if inner in numbers else None
    if isinstance(native, types.Uuid | types.LargeBinary | types.JSON | types.Interval):
        return None
    return next((ours for theirs, ours in _TYPES if isinstance(native, theirs)), None)
