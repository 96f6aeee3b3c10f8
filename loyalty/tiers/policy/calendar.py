"""The calendar of qualification: periods, rolling windows, and how long a tier is kept.

``sql/calendar.sql`` says the same for sets, and a test compares the two.
"""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

from loyalty.tiers.contracts import FOREVER, Span, Terms

DAWN = date(1, 1, 1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """What counts on a day, and what a tier reached by it means; every end is exclusive."""

    counts_from: date
    counts_until: date
    kept_until: date
    step_until: date
    period_start: date
    period_end: date


def add_months(day: date, months: int) -> date:
    """Move a date by months; the 31st becomes the last day of a shorter month, as PostgreSQL has it."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def period_number(anchor: date, months: int, day: date) -> int:
    """Give the number k of the period of a day; period k begins at ``anchor + k * months``."""
    number = ((day.year - anchor.year) * 12 + day.month - anchor.month) // months
    return number - (add_months(anchor, number * months) > day)


def period_begin(anchor: date, months: int, number: int) -> date:
    """Give the first day of a period, counted from the anchor, so that a 29th of February does not drift."""
    return add_months(anchor, number * months)


def window_on(terms: Terms, joined: date, day: date) -> Window:
    """Give what counts on a day for a member that joined on another."""
    month = day.replace(day=1)
    last = month - DAY if terms.is_next else day
    if terms.span is Span.LIFETIME:
        return Window(DAWN, last + DAY, FOREVER, FOREVER, DAWN, add_months(month, 1))
    if terms.span is Span.ROLLING:
        kept = add_months(month if terms.is_next else day, terms.months)
        if not terms.is_long:
            kept = add_months(month, 1) if terms.is_next else day + DAY
        return Window(
            counts_from=add_months(last, -terms.months) + DAY,
            counts_until=last + DAY,
            kept_until=kept,
            step_until=add_months(day, terms.months),
            period_start=date(day.year, 1, 1),
            period_end=add_months(month, 1),
        )
    anchor = terms.anchor or joined
    number = period_number(anchor, terms.months, day)
    begins = [period_begin(anchor, terms.months, number + offset) for offset in (-1, 0, 1, 2)]
    return Window(
        counts_from=begins[0] if terms.is_next else begins[1],
        counts_until=begins[1] if terms.is_next else day + DAY,
        kept_until=begins[3] if terms.is_long else begins[2],
        step_until=begins[2],
        period_start=begins[1],
        period_end=begins[2],
    )


def tenure_months(joined: date, day: date) -> int:
    """Give the whole months of membership on a day."""
    return max(0, period_number(joined, 1, day))
