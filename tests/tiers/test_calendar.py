"""The calendar of qualification in Python and in SQL, and what it says in examples."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.foundation.orm import sql
from loyalty.tiers.contracts import FOREVER, Column, Span, Terms
from loyalty.tiers.policy import calendar

DAYS = st.dates(date(2019, 12, 1), date(2028, 3, 31))
# Compared in sets, because a statement for each day would make the test slow.
COMPARE = """
    SELECT w.* FROM jsonb_to_recordset(%s::jsonb) AS c
        (position integer, span text, months integer, anchor date, is_next boolean, is_long boolean, day date)
    CROSS JOIN LATERAL tiers_window(c.span, c.months, c.anchor, c.is_next, c.is_long, c.day) w ORDER BY c.position
"""


def terms(
    span: Span = Span.PERIOD,
    months: int = 12,
    anchor: date | None = date(2000, 1, 1),
    *,
    is_next: bool = False,
    is_long: bool = False,
) -> Terms:
    """Make terms of which only the calendar matters."""
    return Terms(
        span=span, column=Column.POINTS, months=months, anchor=anchor, is_next=is_next, is_long=is_long,
        downgrade="by_balance", grace_days=0, zone="UTC", has_status=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    "day, months, moved",
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 1, 1), -1, date(2025, 12, 1)),
    ],
)
def test_add_months__short_month__takes_its_last_day(day: date, months: int, moved: date) -> None:
    assert calendar.add_months(day, months) == moved


def test_window__leap_day_anniversary__does_not_drift() -> None:
    joined = date(2024, 2, 29)
    years = [calendar.period_begin(joined, 12, number) for number in range(5)]
    assert years == [joined, date(2025, 2, 28), date(2026, 2, 28), date(2027, 2, 28), date(2028, 2, 29)]


def test_window__calendar_year__ends_with_it_or_with_the_next() -> None:
    day, joined = date(2026, 11, 20), date(2026, 3, 1)
    short = calendar.window_on(terms(), joined, day)
    assert (short.counts_from, short.counts_until) == (date(2026, 1, 1), date(2026, 11, 21))
    assert short.kept_until == date(2027, 1, 1)
    assert calendar.window_on(terms(is_long=True), joined, day).kept_until == date(2028, 1, 1)
    following = calendar.window_on(terms(is_next=True), joined, day)
    assert (following.counts_from, following.counts_until) == (date(2025, 1, 1), date(2026, 1, 1))


def test_window__anniversary__begins_on_the_members_own_day() -> None:
    window = calendar.window_on(terms(anchor=None), date(2024, 5, 10), date(2026, 5, 9))
    assert (window.period_start, window.period_end) == (date(2025, 5, 10), date(2026, 5, 10))


def test_window__rolling__looks_back_and_is_kept_a_day_or_the_months() -> None:
    joined, day = date(2020, 1, 1), date(2026, 11, 20)
    window = calendar.window_on(terms(Span.ROLLING), joined, day)
    assert (window.counts_from, window.counts_until, window.kept_until) == (
        date(2025, 11, 21), date(2026, 11, 21), date(2026, 11, 21),
    )  # fmt: skip
    assert calendar.window_on(terms(Span.ROLLING, is_long=True), joined, day).kept_until == date(2027, 11, 20)


def test_window__lifetime__is_kept_for_ever() -> None:
    assert calendar.window_on(terms(Span.LIFETIME), date(2020, 1, 1), date(2026, 11, 20)).kept_until == FOREVER


@pytest.mark.parametrize("day, months", [(date(2026, 1, 30), 0), (date(2026, 2, 28), 2), (date(2025, 1, 1), 0)])
def test_tenure__whole_months__are_counted(day: date, months: int) -> None:
    assert calendar.tenure_months(date(2025, 12, 31), day) == months


CASES = st.tuples(
    st.sampled_from(list(Span)), st.integers(1, 24), DAYS, st.booleans(), st.booleans(), DAYS
)  # fmt: skip


@pytest.mark.django_db
@given(st.lists(CASES, min_size=20, max_size=60))
def test_window__any_day__is_the_same_in_sql(cases: list[tuple[Span, int, date, bool, bool, date]]) -> None:
    rows = [
        {"position": n, "span": span.value, "months": months, "anchor": str(anchor), "is_next": is_next,
         "is_long": is_long, "day": str(day)}
        for n, (span, months, anchor, is_next, is_long, day) in enumerate(cases)
    ]  # fmt: skip
    found = sql.fetch_all(COMPARE, [json.dumps(rows)])
    for row, (span, months, anchor, is_next, is_long, day) in zip(found, cases, strict=True):
        window = calendar.window_on(terms(span, months, anchor, is_next=is_next, is_long=is_long), anchor, day)
        assert row == {name: getattr(window, name) for name in row}, (span, months, anchor, is_next, is_long, day)
