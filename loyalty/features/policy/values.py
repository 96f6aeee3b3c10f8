"""Whether a value is of the type that the catalogue promises; one that is not is left out, never guessed."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from loyalty.foundation.rules.contracts import FieldType

_NUMBER = re.compile(r"[+-]?\d{1,30}(\.\d{1,30})?\Z", re.ASCII)


class NotFitting(ValueError):
    """The value is of another type."""


def _decimal(value: object) -> object:
    if isinstance(value, bool):
        raise NotFitting
    if isinstance(value, int | Decimal | float):
        if isinstance(value, int) or Decimal(str(value)).is_finite():
            return value
    elif isinstance(value, str) and _NUMBER.match(value.strip()):
        return Decimal(value.strip())
    raise NotFitting


def _integer(value: object) -> object:
    number = _decimal(value)
    assert isinstance(number, int | Decimal | float)
    if number != int(number):
        raise NotFitting
    return int(number)


def _text(value: object) -> object:
    if isinstance(value, str):
        return value
    raise NotFitting


def _boolean(value: object) -> object:
    if isinstance(value, bool):
        return value
    raise NotFitting


def _date(value: object) -> object:
    if isinstance(value, datetime):
        raise NotFitting
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        return date.fromisoformat(value)
    raise NotFitting


def _datetime(value: object) -> object:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(moment, datetime):
        raise NotFitting
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _list_of(one: Callable[[object], object]) -> Callable[[object], object]:
    def read(value: object) -> object:
        if not isinstance(value, list | tuple):
            raise NotFitting
        return [one(item) for item in value if item is not None]

    return read


_READERS: dict[str, Callable[[object], object]] = {
    FieldType.INTEGER: _integer,
    FieldType.DECIMAL: _decimal,
    FieldType.TEXT: _text,
    FieldType.BOOLEAN: _boolean,
    FieldType.DATE: _date,
    FieldType.DATETIME: _datetime,
    FieldType.TEXT_LIST: _list_of(_text),
    FieldType.NUMBER_LIST: _list_of(_decimal),
}


def fitted(value: Any, field_type: str) -> tuple[Any, bool]:
    """Give the value in its type and whether it fits; what does not fit is None, which is unknown and not a guess.

    A number may come as a plain decimal text, a day or instant in ISO 8601; an instant without a zone is meant in UTC.
    """
    if value is None:
        return None, True
    try:
        return _READERS[field_type](value), True
    except ValueError:
        return None, False
