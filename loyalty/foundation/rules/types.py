"""The static types of rule expressions and how two of them meet."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from loyalty.foundation.rules.contracts import FieldType


class Base(StrEnum):
    """What one value is; ANY means "not known before it runs", the type of the untyped mode."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    TEXT = "text"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    NULL = "null"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Type:
    """A value or a list of values of one base."""

    base: Base
    is_list: bool = False

    def __str__(self) -> str:
        return f"list of {self.base}" if self.is_list else str(self.base)


NUMBERS = frozenset({Base.INTEGER, Base.DECIMAL})
OPEN = frozenset({Base.NULL, Base.ANY})

ANY = Type(Base.ANY)
NULL = Type(Base.NULL)
BOOLEAN = Type(Base.BOOLEAN)
INTEGER = Type(Base.INTEGER)
DECIMAL = Type(Base.DECIMAL)
TEXT = Type(Base.TEXT)
DATE = Type(Base.DATE)
DATETIME = Type(Base.DATETIME)
TEXT_LIST = Type(Base.TEXT, is_list=True)
NUMBER_LIST = Type(Base.DECIMAL, is_list=True)

OF_FIELD: dict[FieldType, Type] = {
    FieldType.INTEGER: INTEGER,
    FieldType.DECIMAL: DECIMAL,
    FieldType.TEXT: TEXT,
    FieldType.BOOLEAN: BOOLEAN,
    FieldType.DATE: DATE,
    FieldType.DATETIME: DATETIME,
    FieldType.TEXT_LIST: TEXT_LIST,
    FieldType.NUMBER_LIST: NUMBER_LIST,
}


def common(types: Iterable[Type]) -> Type | None:
    """The one type that can hold all of these, or None when they do not meet."""
    met = NULL
    for other in types:
        if other in (met, NULL):
            continue
        joined = other if met == NULL else _joined(met, other)
        if joined is None:
            return None
        met = joined
    return met


def _joined(one: Type, other: Type) -> Type | None:
    if Base.ANY in (one.base, other.base):
        return ANY
    if one.is_list != other.is_list:
        return None
    if one.base == other.base or other.base is Base.NULL:
        return one
    if one.base is Base.NULL:
        return other
    return Type(Base.DECIMAL, one.is_list) if {one.base, other.base} <= NUMBERS else None
