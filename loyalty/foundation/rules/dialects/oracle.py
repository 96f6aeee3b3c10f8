"""Oracle from 12.2 on: no values of yes and no, no empty text, no lists.

A column of yes and no holds 1 and 0. The empty text is NULL, so a text column never holds one; a rule that could tell
an empty text from an unknown one is refused. Instants are compared as times in UTC without a zone, because the driver
binds times without their zone.
"""

import operator
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import reduce
from typing import Any

from sqlalchemy import TIMESTAMP, DateTime, Integer, Numeric, String, case, cast, false, func, literal_column, true
from sqlalchemy import literal as bound
from sqlalchemy.sql.elements import False_, True_

from loyalty.foundation.rules.dialects.bounded import BoundedCompiler
from loyalty.foundation.rules.forms import Sql, Test, naive_utc
from loyalty.foundation.rules.tree import Node, is_literal
from loyalty.foundation.rules.types import Base

# What may give the empty text although it is given none.
_EMPTYING = frozenset({"substr", "trim", "cat"})
# What gives the empty text only for the empty text, and reads nothing else of it.
_PASSING = frozenset({"lower", "upper", *_EMPTYING})
_ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


class OracleCompiler(BoundedCompiler):
    """What Oracle says differently."""

    text_type = String(4_000)
    # INTEGER is NUMBER(38) here; a number with more digits than these makes the statement fail, never come out wrong.
    whole_digits = 18
    _may_be_empty = False

    # Yes and no.

    def settled(self, test: Test, is_total: bool) -> Test:
        """COALESCE takes no tests, so a total one is asked of its verdict."""
        return self.as_test(self.verdict(test)) if is_total else test

    def verdict(self, test: Test) -> Sql:
        """1 and 0."""
        one, zero = literal_column("1", Integer()), literal_column("0", Integer())
        if isinstance(test, (True_, False_)):
            return one if isinstance(test, True_) else zero
        return case((test, one), else_=zero)

    def condition(self, test: Test) -> Test:
        """Oracle has no constant tests."""
        return self.as_test(self.verdict(test)) if isinstance(test, (True_, False_)) else test

    def as_test(self, value: Sql) -> Test:
        """Whether it is 1."""
        test: Test = value == literal_column("1", Integer())
        return test

    def constant(self, value: object) -> Sql:
        """Yes and no as 1 and 0."""
        return literal_column(str(int(value)), Integer()) if isinstance(value, bool) else super().constant(value)

    # The empty text is NULL.

    def value(self, node: Node) -> Sql:
        """The value; a text that may be empty only where its NULL means the same as the empty text."""
        may_be_empty, self._may_be_empty = self._may_be_empty, False
        is_empty = node.operator in _EMPTYING or (is_literal(node) and node.value == "")
        if is_empty and not may_be_empty:
            raise self.refusal(node, "Oracle does not tell an empty text from an unknown one")
        self._may_be_empty = may_be_empty and node.operator in _PASSING
        try:
            return super().value(node)
        finally:
            self._may_be_empty = may_be_empty and node.operator in _PASSING

    def allowing_empty(self, node: Node) -> Sql:
        """A text whose emptiness does not matter here."""
        self._may_be_empty = True
        try:
            return self.value(node)
        finally:
            self._may_be_empty = False

    def is_empty(self, node: Node) -> Test:
        """No text of a column is."""
        self.value(node)
        return false()

    def is_full(self, node: Node) -> Test:
        """Every text that is not NULL is."""
        return self.allowing_empty(node).is_not(None)

    def equality(self, left: Node, right: Node) -> Test:
        """Equality with a constant that is not empty; with the empty text nothing is equal."""
        if not self._is_text(left, right):
            return super().equality(left, right)
        if is_literal(left) and is_literal(right):
            return true() if left.value == right.value else false()
        if self._is_empty_constant(left) or self._is_empty_constant(right):
            return false()
        if not (is_literal(left) or is_literal(right)):
            return super().equality(left, right)
        test: Test = self.allowing_empty(left) == self.allowing_empty(right)
        return test

    def difference_of(self, left: Node, right: Node) -> Test:
        """The opposite of equality."""
        if self._is_text(left, right) and (is_literal(left) or is_literal(right)):
            return self.negated(self.settled(self.equality(left, right), True))
        return super().difference_of(left, right)

    def order(self, symbol: str, left: Node, right: Node) -> Test:
        """An order; every known text is above the empty one."""
        if not self._is_text(left, right):
            return super().order(symbol, left, right)
        if is_literal(left) and is_literal(right):
            return true() if _ORDER[symbol](str(left.value), str(right.value)) else false()
        if self._is_empty_constant(right):
            return self.value(left).is_not(None) if symbol in (">", ">=") else false()
        if self._is_empty_constant(left):
            return self.value(right).is_not(None) if symbol in ("<", "<=") else false()
        return super().order(symbol, left, right)

    def membership(self, needle: Node, items: Sequence[Node]) -> Test:
        """Whether a value is among constants; the empty text is not among a column's."""
        if not self._is_text(needle):
            return super().membership(needle, items)
        if is_literal(needle):
            return true() if needle.value in [item.value for item in items] else false()
        known = [item for item in items if item.value != ""]
        if not known or not all(is_literal(item) for item in known):
            return false() if not known else super().membership(needle, known)
        return self.allowing_empty(needle).in_([self.value(item) for item in known])

    def part_test(self, part: Node, whole: Node, test: Callable[[], Test]) -> Test:
        """Every known text begins with, ends with and holds the empty one."""
        return self.value(whole).is_not(None) if self._is_empty_constant(part) else test()

    def _is_text(self, *nodes: Node) -> bool:
        return any(node.type.base is Base.TEXT for node in nodes)

    def _is_empty_constant(self, node: Node) -> bool:
        return is_literal(node) and node.value == ""

    # Texts.

    def order_texts(self, symbol: str, left: Sql, right: Sql) -> Test:
        """By code points, whatever the session's language."""
        rule = literal_column("'NLS_SORT=BINARY'", String())
        return self.order_values(symbol, func.nlssort(left, rule), func.nlssort(right, rule))

    def position(self, part: Sql, whole: Sql) -> Sql:
        """Where the part begins in the whole; 0 when it is not there."""
        return func.instr(whole, part, type_=Integer())

    def start_of(self, text: Sql, length: Sql) -> Sql:
        """The first so many characters."""
        return func.substr(text, 1, length, type_=self.text_type)

    def end_of(self, text: Sql, length: Sql) -> Sql:
        """The last so many characters; NULL when there are fewer."""
        return func.substr(text, -length, type_=self.text_type)

    def joined(self, parts: Sequence[Sql]) -> Sql:
        """NULL is the empty text."""
        return reduce(lambda left, right: left.op("||")(right), parts)

    def trimmed(self, text: Sql) -> Sql:
        """The text without the spaces around it."""
        return func.trim(text, type_=self.text_type)

    def printed_scale(self, number: Sql) -> Sql:
        """A number with a zero before its point; TO_CHAR alone writes .5."""
        whole, scale = self.digits_of(number)
        form = "FM" + "9" * max(whole - 1, 0) + "0" + ("." + "9" * scale if scale else "")
        return func.to_char(number, bound(form, self.text_type), type_=self.text_type)

    def printed_number(self, number: Sql) -> Sql:
        """A number without idle zeros, which FM leaves out, and without a point at the end."""
        text = self.printed_scale(number)
        return func.rtrim(text, ".", type_=self.text_type) if self.digits_of(number)[1] else text

    # Days and instants.

    def instant(self, column: Sql) -> Sql:
        """The time in UTC without a zone."""
        if isinstance(column.type, DateTime) and column.type.timezone:
            return func.sys_extract_utc(column, type_=TIMESTAMP())
        return column

    def constant_instant(self, moment: datetime) -> Sql:
        """The time in UTC without a zone, with its microseconds."""
        return cast(bound(naive_utc(moment), TIMESTAMP()), TIMESTAMP())

    def day_of(self, moment: Sql) -> Sql:
        """The day of an instant in the zone of the rule."""
        there = func.from_tz(cast(moment, TIMESTAMP()), literal_column("'UTC'", String()))
        return func.trunc(there.op("AT TIME ZONE")(bound(str(self.frame.zone), String())))

    def days_since_day(self, day: Sql) -> Sql:
        """Whole days from a day to today; Oracle's days carry a time."""
        return self.days_between(func.trunc(day), self.constant(self.frame.today))

    # Numbers and what else is refused.

    def bound_number(self, number: Decimal, kind: Numeric[Any]) -> Sql:
        """Bound as a number: the driver keeps its digits, and a text would be read by the session's decimal sign."""
        return bound(number, kind)

    def bucket(self, key: Sql, salt: str, count: int) -> Sql:
        """The first 32 bits of the hash as a whole number, modulo the count."""
        text = bound(f"{salt}:", self.text_type).op("||")(key)
        mark = func.rawtohex(func.standard_hash(text, literal_column("'MD5'", String())))
        bits = func.to_number(func.substr(mark, 1, 8), literal_column("'XXXXXXXX'", String()))
        return func.mod(bits, bound(count, Integer()), type_=Integer())

    def known_items(self, column: Sql, wanted: Any) -> Sql:
        """No form: Oracle has no lists."""
        return self.refuse("lists have no form in Oracle")
