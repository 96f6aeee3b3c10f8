"""How single things are written in SQL: tests, texts, instants, lists, exact numbers. These are PostgreSQL's forms.

A dialect overrides what its database says differently; the compiler and the operators know only these names.
"""

import operator
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Numeric,
    Text,
    any_,
    case,
    cast,
    collate,
    exists,
    false,
    func,
    not_,
    null,
    select,
    type_coerce,
)
from sqlalchemy import literal as bound
from sqlalchemy.dialects.postgresql import BIT
from sqlalchemy.sql.elements import Grouping
from sqlalchemy.types import TypeEngine

from loyalty.foundation.rules.frame import Frame
from loyalty.foundation.rules.numbers import QUOTIENT_DECIMALS

Sql = ColumnElement[Any]
Test = ColumnElement[bool]

_INT4_MAX = 2**31 - 1
_INT8_MAX = 2**63 - 1
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Forms:
    """PostgreSQL's way to write what operators need; ``frame`` holds the moment and the zone of the rule."""

    number_type: TypeEngine[Any] = Numeric()
    text_type: TypeEngine[str] = Text()
    frame: Frame

    # Tests: a test is true, false or NULL, and NULL stands for false until it is settled.

    def settled(self, test: Test, is_total: bool) -> Test:
        """The test, made total where that is needed."""
        return func.coalesce(test, false()) if is_total else test

    def negated(self, test: Test) -> Test:
        """The opposite of a test that is never NULL.

        In brackets, because "NOT a IS NULL" and "NOT a IS DISTINCT FROM b" ask for NOT (a IS NULL), NOT (a IS ...).
        """
        return Grouping(not_(test))

    def condition(self, test: Test) -> Test:
        """A test as CASE WHEN takes it."""
        return test

    def verdict(self, test: Test) -> Sql:
        """A test as a value that can stand in a column; a database without such values writes 1 and 0."""
        return test

    def as_test(self, value: Sql) -> Test:
        """A value of yes or no as a test."""
        return value

    # Constants: bind values of their own type.

    def constant_number(self, value: object) -> Sql:
        """A number as an exact bind value."""
        if value is None:
            return cast(null(), self.number_type)
        return cast(bound(Decimal(str(value)), self.number_type), self.number_type)

    def constant(self, value: object) -> Sql:
        """A constant as a bind value of its own type."""
        if value is None:
            return null()
        if isinstance(value, bool):
            return bound(value, Boolean())
        if isinstance(value, int) and abs(value) <= _INT8_MAX:
            return bound(value, Integer() if abs(value) <= _INT4_MAX else BigInteger())
        if isinstance(value, (int, Decimal)):
            return self.constant_number(value)
        if isinstance(value, datetime):
            return self.constant_instant(value)
        return bound(value, Date()) if isinstance(value, date) else bound(value, self.text_type)

    def constant_instant(self, moment: datetime) -> Sql:
        """An instant."""
        return bound(moment, DateTime(timezone=True))

    # Days and instants.

    def instant(self, column: Sql) -> Sql:
        """A column of instants as all instants are compared; without a zone it holds instants in UTC."""
        if isinstance(column.type, DateTime) and not column.type.timezone:
            return func.timezone("UTC", column, type_=DateTime(timezone=True))
        return column

    def day_of(self, moment: Sql) -> Sql:
        """The day of an instant in the zone of the rule."""
        return cast(func.timezone(str(self.frame.zone), moment), Date())

    def days_between(self, first: Sql, last: Sql) -> Sql:
        """Whole days from one day to another."""
        return type_coerce(last - first, Integer())

    def days_since_day(self, day: Sql) -> Sql:
        """Whole days from a day to today."""
        return self.days_between(cast(day, Date()), self.constant(self.frame.today))

    def days_since_instant(self, moment: Sql) -> Sql:
        """Whole days from the day of an instant, in the zone of the rule, to today."""
        return self.days_between(self.day_of(moment), self.constant(self.frame.today))

    # Texts; positions count characters from 1.

    def order_texts(self, symbol: str, left: Sql, right: Sql) -> Test:
        """An order of texts by code points, as Python orders, whatever the collation of the column."""
        return self.order_values(symbol, collate(left, "C"), right)

    def order_values(self, symbol: str, left: Sql, right: Sql) -> Test:
        """An order of two values of one type."""
        test: Test = _COMPARE[symbol](left, right)
        return test

    def position(self, part: Sql, whole: Sql) -> Sql:
        """Where the part begins in the whole; 0 when it is not there."""
        return func.strpos(whole, part, type_=Integer())

    def length(self, text: Sql) -> Sql:
        """How many characters."""
        return func.length(text, type_=Integer())

    def start_of(self, text: Sql, length: Sql) -> Sql:
        """The first so many characters."""
        return func.left(text, length, type_=self.text_type)

    def end_of(self, text: Sql, length: Sql) -> Sql:
        """The last so many characters."""
        return func.right(text, length, type_=self.text_type)

    def cut(self, text: Sql, first: Sql, length: Sql) -> Sql:
        """So many characters (never below 0) from a position."""
        return func.substr(text, first, length, type_=self.text_type)

    def joined(self, parts: Sequence[Sql]) -> Sql:
        """Texts behind each other; a NULL is an empty one."""
        return func.concat(*parts, type_=self.text_type)

    def translated(self, text: Sql, letters: str, others: str) -> Sql:
        """The text with each of these letters replaced by the other at its place."""
        return func.translate(text, bound(letters, self.text_type), bound(others, self.text_type), type_=self.text_type)

    def trimmed(self, text: Sql) -> Sql:
        """The text without the spaces around it."""
        return func.btrim(text, bound(" ", self.text_type), type_=self.text_type)

    def printed_number(self, number: Sql) -> Sql:
        """An exact number as people write it, without idle zeros."""
        return cast(func.trim_scale(number), self.text_type)

    def printed_boolean(self, value: Sql) -> Sql:
        """The words true and false."""
        yes, no = (bound(text, self.text_type) for text in ("true", "false"))
        return case((value.is_(None), null()), (self.as_test(value), yes), else_=no)

    # Lists.

    def known_items(self, column: Sql, wanted: Any) -> Sql:
        """A list without its nulls, which say nothing; the evaluator leaves them out of a fact in the same way."""
        return func.array_remove(column, null(), type_=wanted)

    def items_count(self, items: Sql) -> Sql:
        """How many items a list has; NULL for NULL."""
        return func.cardinality(items, type_=Integer())

    def is_item(self, needle: Sql, items: Sql) -> Test:
        """Whether a value that is not NULL is among the items."""
        return needle == any_(items)

    def some_item(self, items: Sql, name: str, test: Callable[[Sql], Test]) -> Test:
        """Whether a test is true for an item; never NULL."""
        element = func.unnest(items).column_valued(name)
        return exists(select(1).where(element.is_not(None), test(element)))

    # Numbers of which the database keeps every digit.

    def sum_of(self, numbers: Sequence[Sql]) -> Sql:
        """The exact sum of one or more numbers."""
        total = numbers[0]
        for number in numbers[1:]:
            total = total + number
        return total

    def difference(self, left: Sql, right: Sql) -> Sql:
        """The exact difference."""
        return left - right

    def product(self, numbers: Sequence[Sql]) -> Sql:
        """The exact product of one or more numbers."""
        total = numbers[0]
        for number in numbers[1:]:
            total = total * number
        return total

    def quotient(self, dividend: Sql, divisor: Sql) -> Sql:
        """Cut after 38 decimals like the evaluator: a whole division of the shifted dividend, shifted back.

        NULLIF is the CASE that keeps SQL from ever dividing by zero, whichever order it evaluates in.
        """
        shifted = dividend * self.constant_number(10**QUOTIENT_DECIMALS)
        whole = func.div(shifted, func.nullif(divisor, self.constant_number(0)), type_=self.number_type)
        return whole * self.constant_number(Decimal(1).scaleb(-QUOTIENT_DECIMALS))

    def remainder(self, dividend: Sql, divisor: Sql) -> Sql:
        """The remainder with the sign of the dividend; NULL for a division by zero."""
        return func.mod(dividend, func.nullif(divisor, self.constant_number(0)), type_=self.number_type)

    def extreme(self, name: str, numbers: Sequence[Sql]) -> Sql:
        """``least`` or ``greatest`` of numbers that are not NULL."""
        return getattr(func, name)(*numbers, type_=self.number_type)  # type: ignore[no-any-return]

    def rounded(self, number: Callable[[], Sql], places: int, mode: str) -> Sql:
        """Rounded to so many places: ``half_up``, ``half_even``, ``down``, ``up``, ``floor`` or ``ceil``.

        PostgreSQL's round of NUMERIC is half away from zero; the other modes are built from it.

        :param number: gives the number; asked as often as it is written, so that the compiler counts it.
        """
        if mode == "half_up":
            return func.round(number(), places, type_=self.number_type)
        if mode == "down":
            return func.trunc(number(), places, type_=self.number_type)
        up = self.constant_number(Decimal(1).scaleb(places))
        down = self.constant_number(Decimal(1).scaleb(-places))
        if mode in ("floor", "ceil"):
            if places == 0:
                return getattr(func, mode)(number(), type_=self.number_type)  # type: ignore[no-any-return]
            return getattr(func, mode)(number() * up, type_=self.number_type) * down  # type: ignore[no-any-return]
        if mode == "up":
            sign = func.sign(number(), type_=self.number_type)
            return sign * func.ceil(func.abs(number() * up)) * down
        half, two = self.constant_number(Decimal("0.5")), self.constant_number(2)
        is_tie = func.abs(number() * up - func.trunc(number() * up)) == half
        even = func.round(number() * up * half, type_=self.number_type) * two * down
        return case((is_tie, even), else_=func.round(number(), places, type_=self.number_type))

    def as_number(self, value: Sql) -> Sql:
        """A number that came from outside the rule, under the exact type."""
        return cast(value, self.number_type)

    def or_zero(self, value: Sql) -> Sql:
        """The number, 0 where there is none."""
        return func.coalesce(value, self.constant_number(0))

    def bucket(self, key: Sql, salt: str, count: int) -> Sql:
        """The bucket of ``bucket_of``: the first 32 bits of the hash as a whole number, modulo the count."""
        mark = func.md5(func.concat(bound(f"{salt}:", self.text_type), key))
        bits = func.concat(bound("x", self.text_type), func.left(mark, 8))
        return cast(cast(bits, BIT(32)), BigInteger()) % bound(count, BigInteger())


def naive_utc(moment: datetime) -> datetime:
    """An instant as the clock in UTC shows it, without a zone."""
    return moment.astimezone(UTC).replace(tzinfo=None)
