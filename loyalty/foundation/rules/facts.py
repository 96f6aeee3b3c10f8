"""Reading facts: by path in the untyped mode, by declared type in the typed one."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal

from loyalty.foundation.rules.contracts import Field, FieldType
from loyalty.foundation.rules.errors import RuleFault
from loyalty.foundation.rules.limits import DIGITS_MAX, is_sound_number
from loyalty.foundation.rules.literals import in_utc, read_date, read_instant
from loyalty.foundation.rules.text import exact


def walk_path(data: object, name: object) -> object:
    """The value at a dotted path, or None; the empty path is the data itself."""
    if name is None or name == "":
        return data
    for part in str(name).split("."):
        if isinstance(data, Mapping):
            data = data.get(part)
        elif isinstance(data, (list, tuple)):
            data = data[int(part)] if part.isascii() and part.isdigit() and int(part) < len(data) else None
        else:
            return None
    return data


def look_up(data: object, name: str) -> object:
    """The fact of a declared field: under its full name, or by path when the facts are nested."""
    if isinstance(data, Mapping) and (name in data or "." not in name):
        return data.get(name)
    return walk_path(data, name)


def reader_of(field: Field) -> Callable[[object], object]:
    """A function that brings a fact to the declared type of its field; None and absence stay None.

    :raises RuleFault: (when called) the fact is of another type.
    """
    convert = _CONVERTERS[field.type]

    def read(data: object) -> object:
        raw = look_up(data, field.name)
        if raw is None:
            return None
        value = convert(raw)
        if value is None:
            raise RuleFault(
                f'The fact "{field.name}" should be {field.type}, not {type(raw).__name__}.',
                field=field.name,
            )
        return value

    return read


def _number(raw: object) -> int | Decimal | None:
    """A float counts by its shortest text, which is the number that was written where it came from."""
    if isinstance(raw, Decimal):
        # The cheap half of is_sound_number: this runs for every fact, and arithmetic bounds the decimals itself.
        return raw if raw.is_finite() and -2 * DIGITS_MAX <= raw.adjusted() < DIGITS_MAX else None
    if isinstance(raw, bool) or not isinstance(raw, (int, float)) or not is_sound_number(raw):
        return None
    return exact(raw) if isinstance(raw, float) else raw


def _whole(raw: object) -> int | None:
    number = _number(raw)
    if number is None or number != int(number):
        return None
    return int(number)


def _text(raw: object) -> str | None:
    return raw if isinstance(raw, str) else None


def _boolean(raw: object) -> bool | None:
    return raw if isinstance(raw, bool) else None


def _date(raw: object) -> date | None:
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    return read_date(raw) if isinstance(raw, str) else None


def _instant(raw: object) -> datetime | None:
    if isinstance(raw, datetime):
        return in_utc(raw)
    return read_instant(raw) if isinstance(raw, str) else None


def _list_of(convert: Callable[[object], object]) -> Callable[[object], object]:
    """Nulls inside a list say nothing and are left out, as the compiled form does."""

    def read(raw: object) -> object:
        if not isinstance(raw, (list, tuple)):
            return None
        values = [convert(one) for one in raw if one is not None]
        return None if any(value is None for value in values) else values

    return read


_CONVERTERS: dict[FieldType, Callable[[object], object]] = {
    FieldType.INTEGER: _whole,
    FieldType.DECIMAL: _number,
    FieldType.TEXT: _text,
    FieldType.BOOLEAN: _boolean,
    FieldType.DATE: _date,
    FieldType.DATETIME: _instant,
    FieldType.TEXT_LIST: _list_of(_text),
    FieldType.NUMBER_LIST: _list_of(_number),
}
