"""The nearest value for which a test holds: along the line of numbers, days and instants, or among marked values."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from loyalty.foundation.rules.contracts import Field, FieldType
from loyalty.foundation.rules.errors import RuleFault
from loyalty.foundation.rules.facts import reader_of
from loyalty.foundation.rules.tree import Node, walk
from loyalty.foundation.rules.types import Base

# Doublings of the distance: two to the seventieth is beyond every number of points.
_DOUBLINGS = 70
_SCALE_MAX = 18
_LENGTH_MAX = 200


@dataclass(frozen=True)
class Axis:
    """Where a value may move: ``unit`` is the least step of a number; ``marks`` are values that a rule names."""

    NOTHING: ClassVar[object] = object()

    base: Base
    is_list: bool
    current: object
    marks: tuple[object, ...]
    unit: Decimal
    now: datetime

    @classmethod
    def of(cls, measured: Node, root: Node, current: object, now: datetime) -> "Axis":
        """The axis of what a node reads, with the constants of the rule as marks."""
        constants = [value for node in walk(root) if node.operator == "literal" for value in [node.value]]
        field = measured.value if isinstance(measured.value, Field) else None
        base, is_list = measured.type.base, measured.type.is_list
        if field is not None:
            current = _read(field, current)
            base, is_list = _BASES[field.type]
        numbers = [value for value in (*constants, current) if isinstance(value, (int, Decimal))]
        scale = field.scale if field is not None and field.scale is not None else max([2, *map(_decimals, numbers)])
        unit = Decimal(1) if base is Base.INTEGER else Decimal(1).scaleb(-min(scale, _SCALE_MAX))
        return cls(base, is_list, current, tuple(constants), unit, now)


_BASES = {
    FieldType.INTEGER: (Base.INTEGER, False),
    FieldType.DECIMAL: (Base.DECIMAL, False),
    FieldType.TEXT: (Base.TEXT, False),
    FieldType.BOOLEAN: (Base.BOOLEAN, False),
    FieldType.DATE: (Base.DATE, False),
    FieldType.DATETIME: (Base.DATETIME, False),
    FieldType.TEXT_LIST: (Base.TEXT, True),
    FieldType.NUMBER_LIST: (Base.DECIMAL, True),
}


def _read(field: Field, current: object) -> object:
    try:
        return reader_of(field)({field.name: current})
    except RuleFault:
        return None


def _decimals(number: int | Decimal | bool) -> int:
    exponent = Decimal(number).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def nearest(axis: Axis, is_wanted: Callable[[object], bool]) -> object:
    """The nearest value other than the current one for which the test holds, or ``Axis.NOTHING``."""
    if axis.is_list:
        return _first(_lists(axis), is_wanted)
    if axis.base is Base.TEXT:
        return _first(_texts(axis), is_wanted)
    if axis.base is Base.BOOLEAN:
        return _first([value for value in (True, False, None) if value is not axis.current], is_wanted)
    return _on_line(axis, is_wanted)


def _first(values: Iterable[object], is_wanted: Callable[[object], bool]) -> object:
    return next((value for value in values if is_wanted(value)), Axis.NOTHING)


def _texts(axis: Axis) -> list[object]:
    lengths = [value for value in axis.marks if type(value) is int and 0 <= value <= _LENGTH_MAX]
    marked = [value for value in axis.marks if isinstance(value, str)]
    made = ["x" * (length + more) for length in lengths for more in (-1, 0, 1)]
    values: list[object] = [*marked, "-", *made, "", None]
    return [value for value in values if value != axis.current]


def _lists(axis: Axis) -> list[object]:
    held = list(axis.current) if isinstance(axis.current, (list, tuple)) else []
    kind: tuple[type, ...] = (str,) if axis.base is Base.TEXT else (int, Decimal)
    items = [value for value in axis.marks if isinstance(value, kind) and not isinstance(value, bool)]
    without = [[one for one in held if one != item] for item in items]
    joined = [[*held, item] for item in items]
    return [*joined, *without, *([item] for item in items), [], None]


def _on_line(axis: Axis, is_wanted: Callable[[object], bool]) -> object:
    """The marks and their neighbours, and what a search in both directions meets; the nearest of those."""
    start = _place(axis, axis.current)
    origin = start if start is not None else (axis.now.date().toordinal() if axis.base is Base.DATE else 0)
    found = [place for place in _marked(axis) if place != start and is_wanted(_at(axis, place))]
    for direction in (1, -1):
        met = _met(axis, origin, direction, is_wanted)
        if met is not None:
            found.append(met)
    if found:
        return _at(axis, min(found, key=lambda place: (abs(place - origin), place)))
    return None if axis.current is not None and is_wanted(None) else Axis.NOTHING


def _met(axis: Axis, start: int, direction: int, is_wanted: Callable[[object], bool]) -> int | None:
    """Double the distance until the test holds, then halve the last step until the first such value is found."""
    before, distance = start, 0
    for _ in range(_DOUBLINGS):
        place = start + direction * distance
        value = _at(axis, place)
        if value is None:
            return None
        if (distance or axis.current is None) and is_wanted(value):
            return _narrowed(axis, before, place, is_wanted)
        before, distance = place, max(1, distance * 2)
    return None


def _narrowed(axis: Axis, outside: int, inside: int, is_wanted: Callable[[object], bool]) -> int:
    while abs(inside - outside) > 1:
        middle = (inside + outside) // 2
        if is_wanted(_at(axis, middle)):
            inside = middle
        else:
            outside = middle
    return inside


def _marked(axis: Axis) -> list[int]:
    places = [_place(axis, value) for value in axis.marks]
    return [place + step for place in places if place is not None for step in (-1, 0, 1)]


def _place(axis: Axis, value: object) -> int | None:
    """Where on the line a value is: numbers in units, days by their ordinal, instants in seconds from now."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, datetime):
        return int((value.astimezone(UTC) - axis.now).total_seconds()) if axis.base is Base.DATETIME else None
    if isinstance(value, date):
        return value.toordinal() if axis.base is Base.DATE else None
    if isinstance(value, (int, Decimal)) and axis.base in (Base.INTEGER, Base.DECIMAL):
        return int(Decimal(value) / axis.unit)
    return None


def _at(axis: Axis, place: int) -> object:
    """The value at a place; None beyond the calendar."""
    try:
        if axis.base is Base.DATE:
            return date.fromordinal(place)
        if axis.base is Base.DATETIME:
            return axis.now + timedelta(seconds=place)
    except (ValueError, OverflowError):
        return None
    if axis.base is Base.INTEGER:
        return place
    number = axis.unit * place
    return int(number) if number == number.to_integral_value() else number
