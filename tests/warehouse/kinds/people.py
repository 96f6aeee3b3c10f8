"""The people of every world: the same rows in each kind of warehouse, with every sign that a copy could break on."""

import hashlib
import uuid
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

COUNT = 2_500
# Texts that a quote, a copy or a driver could trip over; None is a text that is not known.
CITIES: tuple[str | None, ...] = (
    "C1", "Ta'izz", 'the "old" town', "tab\there", "line\nbreak", "back\\slash", "\\N", "صنعاء", "%s 100%",
    ":colon", "", "🙂", None, "'; DROP TABLE people; --", "{a,b}", "carriage\rreturn",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """One row of the table ``people``."""

    customer_id: uuid.UUID
    revenue: Decimal | None
    visits: int
    score: float
    city: str | None
    is_new: bool
    joined_on: date | None
    seen_at: datetime


def key(number: int) -> uuid.UUID:
    """Give the id of a person."""
    return uuid.UUID(hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest())


def person(number: int) -> Person:
    """Give a person by number, from 1."""
    return Person(
        customer_id=key(number),
        revenue=None if number % 7 == 0 else Decimal(number).quantize(Decimal("1.00")),
        visits=number,
        score=number / 2,
        city=CITIES[number % len(CITIES)],
        is_new=number % 2 == 0,
        joined_on=None if number % 11 == 0 else date(2026, 1, 1) + timedelta(days=number % 300),
        seen_at=datetime(2026, 11, 20, 12, tzinfo=UTC) + timedelta(seconds=number),
    )


PEOPLE = tuple(person(number) for number in range(1, COUNT + 1))
ROWS = [astuple(one) for one in PEOPLE]
COLUMNS = ("customer_id", "revenue", "visits", "score", "city", "is_new", "joined_on", "seen_at")
