"""Days and months of a program's own zone: midnights, months that clamp, days of the year."""

import re
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

MONTHS_OF_YEAR = 12
MONTH_DAY = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")
# A leap year: it has every day of the year that there is.
LEAP_YEAR = 2000


def midnight(timezone: str, day: date) -> datetime:
    """Give the instant, in UTC, at which a day begins in a zone; where clocks skip midnight, the first one after it."""
    return datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(UTC)


def add_months(day: date, months: int) -> date | None:
    """Give the same day some months on (or back), clamped to the month's last day; None beyond the calendar."""
    index = day.year * MONTHS_OF_YEAR + day.month - 1 + months
    year, month = index // MONTHS_OF_YEAR, index % MONTHS_OF_YEAR + 1
    if not date.min.year <= year <= date.max.year:
        return None
    return date(year, month, min(day.day, days_of_month(year, month)))


def add_days(day: date, days: int) -> date | None:
    """Give the day some days on; None beyond the calendar."""
    ordinal = day.toordinal() + days
    return date.fromordinal(ordinal) if date.min.toordinal() <= ordinal <= date.max.toordinal() else None


def days_of_month(year: int, month: int) -> int:
    """Give the number of days of a month."""
    if month == MONTHS_OF_YEAR:
        return 31
    return (date(year, month + 1, 1) - date(year, month, 1)).days


def read_month_day(text: str) -> tuple[int, int] | None:
    """Read ``MM-DD``; None when no year has that day. 02-29 is a day of leap years and 02-28 of the others."""
    if not MONTH_DAY.fullmatch(text):
        return None
    month, day = int(text[:2]), int(text[3:])
    return (month, day) if day <= days_of_month(LEAP_YEAR, month) else None


def month_day_in(year: int, month_day: tuple[int, int]) -> date:
    """Give a day of the year in a year."""
    month, day = month_day
    return date(year, month, min(day, days_of_month(year, month)))
