"""Reading constants of a rule as the type their neighbours ask for: money as text, dates as ISO 8601."""

import re
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal

from loyalty.foundation.rules.limits import is_sound_number
from loyalty.foundation.rules.text import exact
from loyalty.foundation.rules.types import Base

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)\Z", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)


def read_number(text: str) -> int | Decimal | None:
    """A plain decimal number such as "0.10", or None."""
    if len(text) > 100 or not _NUMBER.match(text):
        return None
    number = Decimal(text)
    return exact(number) if is_sound_number(number) else None


def read_date(text: str) -> date | None:
    """A day such as "2026-11-20", or None."""
    if not _DATE.match(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def read_instant(text: str) -> datetime | None:
    """An instant such as "2026-11-20T08:00:00+01:00" in UTC, or None; without an offset it is meant in UTC."""
    return read_local_instant(text, UTC)


def read_local_instant(text: str, zone: tzinfo) -> datetime | None:
    """An instant in UTC, or None; without an offset it is meant in the zone.

    None also for what the clocks there never or twice showed, because nobody could say which instant is meant.
    """
    try:
        moment = datetime.fromisoformat(text)
        return _settled(moment, zone) if moment.tzinfo is None else in_utc(moment)
    except (ValueError, OverflowError):
        return None


def _settled(moment: datetime, zone: tzinfo) -> datetime | None:
    earlier, later = (moment.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return earlier if earlier == later else None


def in_utc(moment: datetime) -> datetime:
    """The same instant in UTC; a moment without a zone is meant in UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


READERS = {
    Base.INTEGER: read_number,
    Base.DECIMAL: read_number,
    Base.DATE: read_date,
    Base.DATETIME: read_instant,
}
