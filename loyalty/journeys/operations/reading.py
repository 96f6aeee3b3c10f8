"""The event and the context of people as columns: read out of their JSON by type, in doubt where they are of another.

A value that is there and is not of the type in which the rule reads it has no column: whose row holds one is in doubt,
and is asked alone, so that a set never answers otherwise than the interpreter.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Numeric, Text, and_, case, cast, false, func, null, or_
from sqlalchemy import literal as bound
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH

from loyalty.foundation.rules import api as rules
from loyalty.foundation.rules.contracts import FieldType
from loyalty.journeys.policy.conditions import CONTEXT_PREFIX

Sql = ColumnElement[Any]
Test = ColumnElement[bool]
# Well inside what the evaluator takes for a sound number on both sides of the point.
GREAT, SMALL = Decimal("1e37"), Decimal("1e-30")
WHOLE_MAX = 2**63 - 1
# What Python and PostgreSQL read alike: no leap second, no hour 24, milli- or microseconds, a year far from both ends.
INSTANT = (
    r"^[1-8]\d{3}-\d{2}-\d{2}[T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{3}|\.\d{6})?)?(Z|[+-](0\d|1[0-3]):[0-5]\d)?$"
)
# Items that are not of the list's type; "strict" so that a list inside the list counts as one item.
OTHER_THAN_TEXTS = 'strict $[*] ? (@.type() != "string" && @.type() != "null")'
OTHER_THAN_NUMBERS = (
    'strict $[*] ? (@.type() != "null" && (@.type() != "number" || @ > 1e37 || @ < -1e37 || '
    "(@ > -1e-30 && @ < 1e-30 && @ != 0)))"
)


@dataclass(frozen=True, slots=True)
class Read:
    """A value as a column of its type, NULL where nothing is there, and whether what is there is of another type."""

    value: Sql
    is_doubtful: Test


def read(data: Sql, name: str, kind: FieldType) -> Read:
    """Read ``event.…`` or ``context.…`` out of the context's JSON.

    :raises LookupError: a step of the path is a number: whether a list or an object is meant shows only in the data.
    """
    steps = name.removeprefix(CONTEXT_PREFIX).split(".")
    if any(step.isdigit() for step in steps):
        raise LookupError(name)
    raw = func.jsonb_extract_path(data, *(bound(step, Text()) for step in steps), type_=JSONB())
    value, is_odd, shape = _READERS[kind](raw)
    found = func.jsonb_typeof(raw, type_=Text())
    return Read(
        value,
        case(
            (or_(raw.is_(null()), found == bound("null", Text())), false()),
            (found != bound(shape, Text()), bound(value=True)),
            else_=is_odd,
        ),
    )


def _text(raw: Sql) -> tuple[Sql, Test, str]:
    value = _called("events_text", raw, FieldType.TEXT)
    return value, func.length(value) > rules.TEXT_MAX, "string"


def _number(raw: Sql) -> tuple[Sql, Test, str]:
    value = _called("events_number", raw, FieldType.DECIMAL)
    return value, _is_extreme(value), "number"


def _whole(raw: Sql) -> tuple[Sql, Test, str]:
    number = _called("events_number", raw, FieldType.DECIMAL)
    is_whole = and_(number == func.trunc(number), func.abs(number) <= bound(WHOLE_MAX, Numeric()))
    return case((is_whole, cast(number, BigInteger())), else_=null()), ~is_whole, "number"


def _boolean(raw: Sql) -> tuple[Sql, Test, str]:
    return _called("events_boolean", raw, FieldType.BOOLEAN), false(), "boolean"


def _date(raw: Sql) -> tuple[Sql, Test, str]:
    value = _called("events_date", raw, FieldType.DATE)
    return value, value.is_(null()), "string"


def _instant(raw: Sql) -> tuple[Sql, Test, str]:
    written = _called("events_text", raw, FieldType.TEXT)
    value = _called("events_instant", raw, FieldType.DATETIME)
    is_plain = written.regexp_match(bound(INSTANT, Text()))
    return case((is_plain, value), else_=null()), or_(~is_plain, value.is_(null())), "string"


def _texts(raw: Sql) -> tuple[Sql, Test, str]:
    return _called("events_texts", raw, FieldType.TEXT_LIST), _is_odd_list(raw, OTHER_THAN_TEXTS), "array"


def _numbers(raw: Sql) -> tuple[Sql, Test, str]:
    return _called("events_numbers", raw, FieldType.NUMBER_LIST), _is_odd_list(raw, OTHER_THAN_NUMBERS), "array"


def _called(name: str, raw: Sql, kind: FieldType) -> Sql:
    value: Sql = getattr(func, name)(raw, type_=rules.SQL_TYPES[kind])
    return value


def _is_extreme(number: Sql) -> Test:
    size = func.abs(number, type_=Numeric())
    return or_(size >= bound(GREAT, Numeric()), and_(size < bound(SMALL, Numeric()), size != 0))


def _is_odd_list(raw: Sql, path: str) -> Test:
    odd: Test = func.jsonb_path_exists(raw, cast(bound(path, Text()), JSONPATH()))
    return or_(func.jsonb_array_length(raw) > rules.LIST_MAX, odd)


_READERS: Mapping[FieldType, Callable[[Sql], tuple[Sql, Test, str]]] = {
    FieldType.TEXT: _text,
    FieldType.DECIMAL: _number,
    FieldType.INTEGER: _whole,
    FieldType.BOOLEAN: _boolean,
    FieldType.DATE: _date,
    FieldType.DATETIME: _instant,
    FieldType.TEXT_LIST: _texts,
    FieldType.NUMBER_LIST: _numbers,
}
