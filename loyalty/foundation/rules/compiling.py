"""From a checked rule to SQL: the same tree as SQLAlchemy Core expressions, exact about NULL.

Polarity: where NULL already counts as false (under WHERE, AND, OR, CASE WHEN) a comparison is emitted bare, so that an
index can serve it; where the answer is used otherwise (under NOT, as a value) it is made total with COALESCE.

An operand that appears twice in the SQL is asked for twice, so that the compiler counts what will be written.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Double,
    Float,
    Integer,
    Numeric,
    Text,
    cast,
    false,
    func,
    null,
    type_coerce,
)
from sqlalchemy import literal as bound
from sqlalchemy.dialects.postgresql import BIT
from sqlalchemy.types import ARRAY, NullType, String, TypeEngine

from loyalty.foundation.rules.contracts import Field, FieldType, Rule, SetContext
from loyalty.foundation.rules.errors import RuleNotCompilable
from loyalty.foundation.rules.evaluating import root_of
from loyalty.foundation.rules.frame import Frame
from loyalty.foundation.rules.numbers import QUOTIENT_DECIMALS
from loyalty.foundation.rules.operators.spec import Operator, Table
from loyalty.foundation.rules.operators.table import OPERATORS
from loyalty.foundation.rules.tree import Node, is_literal
from loyalty.foundation.rules.types import NUMBERS, Base

Columns = Mapping[str, ColumnElement[Any]]

_INT4_MAX = 2**31 - 1
_INT8_MAX = 2**63 - 1
# Some operators write an operand twice, so nesting them doubles the SQL; no rule that people write comes near this.
PIECES_MAX = 10_000
_CALENDAR = frozenset({"days_ago", "today", "now", "midnight"})

SQL_TYPES: dict[FieldType, TypeEngine[Any]] = {
    FieldType.INTEGER: BigInteger(),
    FieldType.DECIMAL: Numeric(),
    FieldType.TEXT: Text(),
    FieldType.BOOLEAN: Boolean(),
    FieldType.DATE: Date(),
    FieldType.DATETIME: DateTime(timezone=True),
    FieldType.TEXT_LIST: ARRAY(Text()),
    FieldType.NUMBER_LIST: ARRAY(Numeric()),
}


class Compiler:
    """Compiles one tree over one set of columns; the operator table says how each operator looks."""

    number_type = Numeric()
    text_type = Text()
    boolean_type = Boolean()

    def __init__(
        self,
        columns: Columns,
        now: datetime,
        table: Table,
        *,
        zone: str = "UTC",
        context: SetContext | None = None,
    ) -> None:
        self.columns = columns
        self.frame = Frame(None, now, zone)
        self._context = context
        self._table = table
        self._elements: list[ColumnElement[Any]] = []
        self._names = 0
        self._pieces_left = PIECES_MAX

    def value(self, node: Node) -> ColumnElement[Any]:
        """The value, NULL exactly where the evaluator gives null."""
        line = self._line(node)
        if line.value is not None:
            return line.value(self, node)
        if line.truth is not None:
            return line.truth(self, node, True)
        raise self.refusal(node, "it has no form in SQL")

    def truth(self, node: Node, is_total: bool) -> ColumnElement[bool]:
        """Whether the value is true as JSONLogic sees it; without ``is_total`` NULL may stand for false."""
        line = self._line(node)
        if line.truth is not None:
            return line.truth(self, node, is_total)
        return self.settled(self._truthiness(node), is_total)

    def settled(self, test: ColumnElement[bool], is_total: bool) -> ColumnElement[bool]:
        """The test, made total where that is needed."""
        return func.coalesce(test, false()) if is_total else test

    def context(self, node: Node) -> SetContext:
        """Who turns questions beyond the facts into SQL.

        :raises RuleNotCompilable: the caller named nobody.
        """
        if self._context is None:
            raise self.refusal(node, "nobody answers for it where this set is")
        return self._context

    def number(self, node: Node) -> ColumnElement[Any]:
        """The value as NUMERIC, so that no arithmetic is done in integers that overflow or in binary fractions."""
        if is_literal(node):
            return self.constant_number(node.value)
        value = self.value(node)
        if isinstance(value.type, Numeric) and not isinstance(value.type, Float):
            return value
        return cast(value, self.number_type)

    def as_number(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        """A number that came from outside the rule, under the exact type."""
        return cast(value, self.number_type)

    def or_zero(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        """The number, 0 where there is none."""
        return func.coalesce(value, self.constant_number(0))

    def quotient(self, node: Node, dividend: ColumnElement[Any], divisor: ColumnElement[Any]) -> ColumnElement[Any]:
        """Cut after 38 decimals like the evaluator: a whole division of the shifted dividend, shifted back.

        NULLIF is the CASE that keeps SQL from ever dividing by zero, whichever order it evaluates in.
        """
        shifted = dividend * self.constant_number(10**QUOTIENT_DECIMALS)
        whole = func.div(shifted, func.nullif(divisor, self.constant_number(0)), type_=self.number_type)
        return whole * self.constant_number(Decimal(1).scaleb(-QUOTIENT_DECIMALS))

    def days_since_instant(self, moment: ColumnElement[Any]) -> ColumnElement[Any]:
        """Whole days from the day of an instant, in the zone of the rule, to today."""
        day = cast(func.timezone(str(self.frame.zone), moment), Date())
        return self.constant(self.frame.today) - day

    def bucket(self, key: ColumnElement[str], salt: str, count: int) -> ColumnElement[Any]:
        """The bucket of ``bucket_of``: the first 32 bits of the hash as a whole number, modulo the count."""
        mark = func.md5(func.concat(bound(f"{salt}:", Text()), key))
        bits = func.concat(bound("x", Text()), func.left(mark, 8))
        return cast(cast(bits, BIT(32)), BigInteger()) % bound(count, BigInteger())

    def constant_number(self, value: object) -> ColumnElement[Any]:
        """A number as an exact NUMERIC bind value."""
        if value is None:
            return cast(null(), self.number_type)
        return cast(bound(Decimal(str(value)), self.number_type), self.number_type)

    def constant(self, value: object) -> ColumnElement[Any]:
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
            return bound(value, DateTime(timezone=True))
        return bound(value, Date()) if isinstance(value, date) else bound(value, Text())

    def comparable(self, nodes: Sequence[Node]) -> list[ColumnElement[Any]]:
        """Operands of a comparison; constants take the type of the column they meet, so that its index serves."""
        if any(node.type.base in NUMBERS for node in nodes):
            return self._comparable_numbers(nodes)
        return [self.value(node) for node in nodes]

    def column(self, node: Node) -> ColumnElement[Any]:
        """The column of a field, brought to the declared type where the column has another one."""
        field, column = self._raw_column(node)
        wanted = SQL_TYPES[field.type]
        if isinstance(column.type, NullType):
            column = type_coerce(column, wanted)
        if isinstance(column.type, Float):
            # By its shortest text, as the evaluator reads a float; a plain cast would keep only 15 digits.
            return cast(cast(column, Text()), Numeric())
        if isinstance(column.type, DateTime) and not column.type.timezone and field.type is FieldType.DATETIME:
            return func.timezone("UTC", column, type_=wanted)
        if field.type is FieldType.TEXT and not isinstance(column.type, String):
            return cast(column, Text())
        if isinstance(wanted, ARRAY) and not isinstance(column.type, ARRAY):
            raise self.refusal(node, f'the column of "{field.name}" is not a list')
        if isinstance(wanted, ARRAY):
            # Nulls inside a list say nothing; the evaluator leaves them out of a fact in the same way.
            return func.array_remove(column, null(), type_=wanted)
        return column

    def item(self, node: Node) -> ColumnElement[Any]:
        """The element that the body of a list operator sees."""
        if not self._elements:
            raise self.refusal(node, "there is no element in view")
        return self._elements[-1]

    def inside(self, element: ColumnElement[Any], body: Node, *, is_total: bool) -> ColumnElement[bool]:
        """The truth of a body on one element."""
        self._elements.append(element)
        try:
            return self.truth(body, is_total)
        finally:
            self._elements.pop()

    def typed_element(self, element: ColumnElement[Any], source: Node) -> ColumnElement[Any]:
        """An unnested element under the type of its list."""
        return type_coerce(element, Numeric() if source.type.base in NUMBERS else Text())

    def fresh_name(self) -> str:
        """A name for a derived table that no other in the statement bears."""
        self._names += 1
        return f"elements_{self._names}"

    def is_never_null(self, node: Node) -> bool:
        """Whether the value is known without looking at data, or is a test that always answers."""
        if is_literal(node):
            return node.value is not None
        line = self._table[node.operator]
        return node.operator in _CALENDAR or (line.truth is not None and line.value is None)

    def refusal(self, node: Node, reason: str) -> RuleNotCompilable:
        """The refusal that names the operator, the place and the reason."""
        place = node.path or "the top of the rule"
        return RuleNotCompilable(
            f"{node.operator} at {place} cannot be run over a set of customers: {reason}.",
            operator=node.operator,
            path=node.path,
        )

    def _line(self, node: Node) -> Operator:
        """The operator's line, counted against the length that a statement may have."""
        self._pieces_left -= 1
        if self._pieces_left < 0:
            raise self.refusal(node, "its SQL would be too long")
        return self._table[node.operator]

    def _raw_column(self, node: Node) -> tuple[Field, ColumnElement[Any]]:
        if not isinstance(node.value, Field):
            raise self.refusal(node, "the rule was checked without a schema")
        column = self.columns.get(node.value.name)
        if column is None:
            raise self.refusal(node, f'there is no column for the field "{node.value.name}"')
        return node.value, column

    def _truthiness(self, node: Node) -> ColumnElement[bool]:
        """NULL for null; false for 0, the empty text and the empty list."""
        if is_literal(node):
            return bound(bool(node.value), Boolean())
        value = self.value(node)
        if node.type.is_list:
            return func.cardinality(value) > 0
        if node.type.base is Base.BOOLEAN:
            return value
        if node.type.base in NUMBERS:
            return value != 0
        return value != bound("", Text()) if node.type.base is Base.TEXT else value.is_not(None)

    def _comparable_numbers(self, nodes: Sequence[Node]) -> list[ColumnElement[Any]]:
        """A double column is compared as double only with constants that are exactly its shortest text."""
        plain = [node for node in nodes if node.operator == "var" and not node.args]
        constants = [node for node in nodes if is_literal(node) and node.value is not None]
        if len(plain) == 1 and len(plain) + len(constants) == len(nodes):
            _, column = self._raw_column(plain[0])
            if isinstance(column.type, Float) and all(_is_shortest(node.value) for node in constants):
                return [column if node is plain[0] else bound(float(str(node.value)), Double()) for node in nodes]
            if isinstance(column.type, Integer):
                return [self.value(node) for node in nodes]
        return [self.constant_number(node.value) if is_literal(node) else self.value(node) for node in nodes]


def compile_predicate(
    rule: Rule,
    columns: Columns,
    *,
    now: datetime,
    dialect_name: str = "postgresql",
    context: SetContext | None = None,
) -> ColumnElement[bool]:
    """A condition for WHERE that is true for exactly the rows for which ``evaluate`` gives a true value.

    :param columns: a column for each field of ``uses_fields(rule)``.
    :param dialect_name: the SQLAlchemy name of the database that will run it.
    :param context: who answers for events, segments and buckets, where the rule asks for them.
    :raises RuleNotCompilable: the rule uses something that this database, or a set at all, has no exact form for.
    """
    return Compiler(columns, now, OPERATORS, zone=rule.zone, context=context).truth(_typed_root(rule), False)


def compile_value(
    rule: Rule,
    columns: Columns,
    *,
    now: datetime,
    dialect_name: str = "postgresql",
    context: SetContext | None = None,
) -> ColumnElement[Any]:
    """An expression that has for every row the value that ``evaluate`` gives.

    :raises RuleNotCompilable: as ``compile_predicate``.
    """
    return Compiler(columns, now, OPERATORS, zone=rule.zone, context=context).value(_typed_root(rule))


def _typed_root(rule: Rule) -> Node:
    if rule.schema is None:
        raise RuleNotCompilable("A rule checked without a schema cannot be run over a set of customers.")
    return root_of(rule)


def _is_shortest(value: object) -> bool:
    number = Decimal(str(value))
    return Decimal(repr(float(number))) == number
