"""From a checked rule to SQL: the same tree as SQLAlchemy Core expressions, exact about NULL.

Polarity: where NULL already counts as false (under WHERE, AND, OR, CASE WHEN) a comparison is emitted bare, so that an
index can serve it; where the answer is used otherwise (under NOT, as a value) it is made total with COALESCE.

An operand that appears twice in the SQL is asked for twice, so that the compiler counts what will be written.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
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
    null,
    true,
    type_coerce,
)
from sqlalchemy import literal as bound
from sqlalchemy.types import ARRAY, NullType, String, TypeEngine

from loyalty.foundation.rules.contracts import Field, FieldType, SetContext
from loyalty.foundation.rules.errors import RuleNotCompilable
from loyalty.foundation.rules.forms import Forms, Sql, Test
from loyalty.foundation.rules.frame import Frame
from loyalty.foundation.rules.numbers import floored
from loyalty.foundation.rules.operators.behaviour import question_of, window_of
from loyalty.foundation.rules.operators.dates import DAYS_MAX, midnight
from loyalty.foundation.rules.operators.spec import Operator, Table
from loyalty.foundation.rules.tree import Node, is_literal
from loyalty.foundation.rules.types import NULL, NUMBERS, Base

Columns = Mapping[str, ColumnElement[Any]]

# Some operators write an operand twice, so nesting them doubles the SQL; no rule that people write comes near this.
PIECES_MAX = 10_000
_CALENDAR = frozenset({"days_ago", "today", "now", "midnight"})
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}

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


class Compiler(Forms):
    """Compiles one tree over one set of columns; the operator table says how each operator looks.

    In itself it writes for PostgreSQL; the other dialects are subclasses.
    """

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
        self._elements: list[Sql] = []
        self._names = 0
        self._pieces_left = PIECES_MAX

    def value(self, node: Node) -> Sql:
        """The value, NULL exactly where the evaluator gives null."""
        line = self._line(node)
        if node.type == NULL:
            # Whatever it is made of, it is null; a CASE of nothing but NULLs would be a text to the database.
            return null()
        if line.value is not None:
            return line.value(self, node)
        if line.truth is not None:
            return self.verdict(line.truth(self, node, True))
        raise self.refusal(node, "it has no form in SQL")

    def truth(self, node: Node, is_total: bool) -> Test:
        """Whether the value is true as JSONLogic sees it; without ``is_total`` NULL may stand for false."""
        line = self._line(node)
        if line.truth is not None:
            return line.truth(self, node, is_total)
        return self.settled(self._truthiness(node), is_total)

    def united(self, nodes: Sequence[Node]) -> list[Sql]:
        """Values of which one is chosen, under one type."""
        return [self.value(node) for node in nodes]

    def context(self, node: Node) -> SetContext:
        """Who turns questions beyond the facts into SQL.

        :raises RuleNotCompilable: the caller named nobody.
        """
        if self._context is None:
            raise self.refusal(node, "nobody answers for it where this set is")
        return self._context

    def number(self, node: Node) -> Sql:
        """The value as NUMERIC, so that no arithmetic is done in integers that overflow or in binary fractions."""
        if is_literal(node):
            return self.constant_number(node.value)
        value = self.value(node)
        if isinstance(value.type, Numeric) and not isinstance(value.type, Float):
            return value
        return cast(value, self.number_type)

    def comparable(self, nodes: Sequence[Node]) -> list[Sql]:
        """Operands of a comparison; constants take the type of the column they meet, so that its index serves."""
        if any(node.type.base in NUMBERS for node in nodes):
            return self.comparable_numbers(nodes)
        return [self.value(node) for node in nodes]

    def order(self, symbol: str, left: Node, right: Node) -> Test:
        """An order of two values, NULL where one of them is."""
        days = self._order_of_days(symbol, left, right)
        if days is None:
            days = self._order_of_days(_MIRRORED[symbol], right, left)
        if days is not None:
            return days
        for one, other, sign in ((left, right, symbol), (right, left, _MIRRORED[symbol])):
            below = self.stepped(one, other)
            if below is not None:
                return self.order_values(">" if sign in (">", ">=") else "<=", self.value(one), below)
        first, second = self.comparable((left, right))
        is_text = Base.TEXT in (left.type.base, right.type.base)
        return self.order_texts(symbol, first, second) if is_text else self.order_values(symbol, first, second)

    def stepped(self, column: Node, constant: Node) -> Sql | None:
        """The greatest value that a column can hold below a constant it cannot hold, under the column's own type.

        An index on whole numbers serves "above 2" and not "above 2.5". None where the column can hold the constant or
        its steps are not known.
        """
        number = constant.value if is_literal(constant) else None
        if column.operator != "var" or column.args or not isinstance(number, Decimal):
            return None
        kind = self.raw_column(column)[1].type
        if isinstance(kind, Integer):
            scale = 0
        elif isinstance(kind, Numeric) and not isinstance(kind, Float) and kind.precision is not None:
            scale = kind.scale or 0
        else:
            return None
        below = floored(number, scale)
        if below == number:
            return None
        return self.constant(below) if isinstance(kind, Integer) else self.constant_number(below)

    def equality(self, left: Node, right: Node) -> Test:
        """Equality of two values, NULL where one of them is."""
        first, second = self.comparable((left, right))
        test: Test = first == second
        return test

    def sameness(self, left: Node, right: Node) -> Test:
        """Equality in which NULL equals NULL; never NULL."""
        first, second = self.comparable((left, right))
        return first.is_not_distinct_from(second)

    def difference_of(self, left: Node, right: Node) -> Test:
        """The opposite of ``sameness``; never NULL."""
        first, second = self.comparable((left, right))
        return first.is_distinct_from(second)

    def membership(self, needle: Node, items: Sequence[Node]) -> Test:
        """Whether a value is among constants, NULL where it is NULL."""
        first, *others = self.comparable((needle, *items))
        return first.in_(others)

    def is_empty(self, node: Node) -> Test:
        """Whether a text is empty; NULL where it is NULL."""
        test: Test = self.value(node) == bound("", self.text_type)
        return test

    def is_unknown(self, node: Node) -> Test:
        """Whether a value is NULL."""
        return self.value(node).is_(None)

    def printed(self, node: Node) -> Sql:
        """A value as ``cat`` prints it; NULL where that is empty."""
        if node.type.base in NUMBERS:
            return self.printed_number(self.number(node))
        return self.printed_boolean(self.value(node)) if node.type.base is Base.BOOLEAN else self.value(node)

    def column(self, node: Node) -> Sql:
        """The column of a field, brought to the declared type where the column has another one."""
        field, column = self.raw_column(node)
        wanted = SQL_TYPES[field.type]
        if isinstance(column.type, NullType):
            column = type_coerce(column, wanted)
        if isinstance(column.type, Float):
            return self.exact_float(node, column)
        if field.type is FieldType.DATETIME:
            return self.instant(column)
        if field.type is FieldType.TEXT and not isinstance(column.type, String):
            return cast(column, self.text_type)
        if isinstance(wanted, ARRAY) and not isinstance(column.type, ARRAY):
            raise self.refusal(node, f'the column of "{field.name}" is not a list')
        return self.known_items(column, wanted) if isinstance(wanted, ARRAY) else column

    def exact_float(self, node: Node, column: Sql) -> Sql:
        """A binary fraction by its shortest text, as the evaluator reads it; a plain cast would keep only 15 digits."""
        return cast(cast(column, Text()), Numeric())

    def item(self, node: Node) -> Sql:
        """The element that the body of a list operator sees."""
        if not self._elements:
            raise self.refusal(node, "there is no element in view")
        return self._elements[-1]

    def inside(self, element: Sql, body: Node, *, is_total: bool) -> Test:
        """The truth of a body on one element."""
        self._elements.append(element)
        try:
            return self.truth(body, is_total)
        finally:
            self._elements.pop()

    def typed_element(self, element: Sql, source: Node) -> Sql:
        """An unnested element under the type of its list."""
        return type_coerce(element, Numeric() if source.type.base in NUMBERS else self.text_type)

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

    def raw_column(self, node: Node) -> tuple[Field, Sql]:
        """The field that a node reads and its column as the caller gave it."""
        if not isinstance(node.value, Field):
            raise self.refusal(node, "the rule was checked without a schema")
        column = self.columns.get(node.value.name)
        if column is None:
            raise self.refusal(node, f'there is no column for the field "{node.value.name}"')
        return node.value, column

    def comparable_numbers(self, nodes: Sequence[Node]) -> list[Sql]:
        """A double column is compared as double only with constants that are exactly its shortest text."""
        plain = [node for node in nodes if node.operator == "var" and not node.args]
        constants = [node for node in nodes if is_literal(node) and node.value is not None]
        if len(plain) == 1 and len(plain) + len(constants) == len(nodes):
            _, column = self.raw_column(plain[0])
            if is_double(column) and all(is_shortest(node.value) for node in constants):
                return [column if node is plain[0] else bound(float(str(node.value)), Double()) for node in nodes]
            if isinstance(column.type, Integer):
                return [self.value(node) for node in nodes]
        return [self.constant_number(node.value) if is_literal(node) else self.value(node) for node in nodes]

    def _line(self, node: Node) -> Operator:
        """The operator's line, counted against the length that a statement may have."""
        self._pieces_left -= 1
        if self._pieces_left < 0:
            raise self.refusal(node, "its SQL would be too long")
        return self._table[node.operator]

    def _truthiness(self, node: Node) -> Test:
        """NULL for null; false for 0, the empty text and the empty list."""
        if is_literal(node):
            return true() if node.value else false()
        if node.type.is_list:
            return self.count_items(node) > 0
        if node.type.base is Base.BOOLEAN:
            return self.as_test(self.value(node))
        if node.type.base in NUMBERS:
            return self.value(node) != 0
        return self.is_full(node) if node.type.base is Base.TEXT else self.value(node).is_not(None)

    def part_test(self, part: Node, whole: Node, test: Callable[[], Test]) -> Test:
        """A test for a part of a text; a dialect without an empty text has to say it otherwise."""
        return test()

    def contains_item(self, needle: Node, haystack: Node) -> Test:
        """Whether a value is among the items of a list; NULL where one of them is."""
        return self.is_item(self.value(needle), self.items_of(haystack))

    def items_of(self, node: Node) -> Sql:
        """A list to count or to search."""
        return self.value(node)

    def count_items(self, node: Node) -> Sql:
        """How many items a list has; NULL for NULL."""
        return self.items_count(self.items_of(node))

    def is_full(self, node: Node) -> Test:
        """Whether a text is not empty; NULL where it is NULL."""
        test: Test = self.value(node) != bound("", self.text_type)
        return test

    def _order_of_days(self, symbol: str, left: Node, right: Node) -> Test | None:
        """Days since a moment against a constant, as an order of moments: an index serves it, and no zone is needed."""
        days = right.value if is_literal(right) else None
        if isinstance(days, bool) or not isinstance(days, int) or abs(days) > DAYS_MAX:
            return None
        if left.operator == "days_since" and left.args[0].type.base in (Base.DATE, Base.DATETIME):
            moment, is_day = self._moment(left.args[0]), left.args[0].type.base is Base.DATE
        elif left.operator == "events_last_days":
            question = question_of(left)
            moment, is_day = (lambda: self.context(left).last(question, window_of(question, self.frame))), False
        else:
            return None
        # days < n: the day is after today - n, so at or after the day behind it.
        limit = self.frame.today - timedelta(days=days - (1 if symbol in ("<", ">=") else 0))
        edge: date = limit if is_day else midnight(limit, self.frame.zone)
        is_recent = symbol in ("<", "<=")
        return self.order_values(">=" if is_recent else "<", moment(), self.constant(edge))

    def _moment(self, node: Node) -> Callable[[], Sql]:
        return lambda: self.value(node)


def is_double(column: Sql) -> bool:
    """Whether a column holds binary fractions of 64 bits; of 32 bits the shortest text means another number."""
    kind = column.type
    return isinstance(kind, Double) or (isinstance(kind, Float) and kind.precision is None and not _is_real(kind))


def _is_real(kind: TypeEngine[Any]) -> bool:
    return kind.__visit_name__ in ("REAL", "real")


def is_shortest(value: object) -> bool:
    """Whether a constant is exactly the shortest text of a binary fraction."""
    number = Decimal(str(value))
    return Decimal(repr(float(number))) == number
