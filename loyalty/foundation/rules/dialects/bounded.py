"""Databases whose decimals have at most 38 digits: every number's digits are known, and what needs more is refused.

The type of each numeric expression says its digits, NUMERIC(precision, scale), worked out from the column's type, the
constants and the operators. So no sum overflows, no product is cut and no CASE rounds, which these databases do in
silence otherwise.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, NoReturn

from sqlalchemy import (
    BigInteger,
    Double,
    Float,
    Integer,
    Numeric,
    SmallInteger,
    and_,
    case,
    cast,
    false,
    func,
    null,
    or_,
    true,
    type_coerce,
)
from sqlalchemy import literal as bound
from sqlalchemy.types import TypeEngine

from loyalty.foundation.rules.compiling import Compiler, is_double, is_shortest
from loyalty.foundation.rules.errors import RuleNotCompilable
from loyalty.foundation.rules.forms import Sql, Test
from loyalty.foundation.rules.numbers import MODES
from loyalty.foundation.rules.operators.spec import Operator
from loyalty.foundation.rules.text import plain_number
from loyalty.foundation.rules.tree import Node, is_literal, is_null
from loyalty.foundation.rules.types import NUMBERS, Base

DIGITS_MAX = 38
_WHOLE_DIGITS: tuple[tuple[type[TypeEngine[Any]], int], ...] = ((SmallInteger, 5), (BigInteger, 19), (Integer, 10))


class BoundedCompiler(Compiler):
    """Compiles with decimals of at most 38 digits.

    ``open_numeric`` is what a NUMERIC column without precision holds: (digits before the point, after it), or None
    where that is not known; such a column can be compared but not computed with.
    """

    open_numeric: tuple[int, int] | None = None
    # What is computed with of a whole number whose column says nothing narrower; None: what its type holds.
    whole_digits: int | None = None
    _here: Node | None = None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # Which number an expression is the constant of; the expression is kept so that its id stays its own.
        self._constants: dict[int, tuple[Decimal, Sql]] = {}

    # Digits.

    def digits_of(self, value: Sql) -> tuple[int, int]:
        """How many digits a value may have before and after its point."""
        kind = value.type
        for whole_type, digits in _WHOLE_DIGITS:
            if isinstance(kind, whole_type):
                return self.whole_digits or digits, 0
        if isinstance(kind, Numeric) and not isinstance(kind, Float):
            if kind.precision is not None:
                scale = kind.scale or 0
                is_undeclared = self.whole_digits is not None and (kind.precision, scale) == (DIGITS_MAX, 0)
                return self.whole_digits if is_undeclared and self.whole_digits else kind.precision - scale, scale
            if self.open_numeric is not None:
                return self.open_numeric
        return self.refuse("a number in it has no digits declared; give its column a precision, as NUMERIC(18, 2)")

    def fitted(self, value: Sql, whole: int, scale: int) -> Sql:
        """The value under a type of so many digits; a constant is written under it in the first place."""
        kind = self.numeric(whole, scale)
        constant = self._constants.get(id(value))
        if constant is not None:
            return self._constant_under(constant[0], kind)
        if isinstance(value.type, Numeric) and (value.type.precision, value.type.scale) == (
            kind.precision,
            kind.scale,
        ):
            return value
        return cast(value, kind)

    def numeric(self, whole: int, scale: int) -> Numeric[Any]:
        """The type of so many digits before and after the point."""
        if max(whole, 1) + scale > DIGITS_MAX:
            self.refuse(f"it would need {max(whole, 1) + scale} digits, and the database keeps {DIGITS_MAX}")
        return Numeric(max(whole, 1) + scale, scale)

    def number(self, node: Node) -> Sql:
        """The value under a type that says its digits."""
        if is_literal(node):
            return self.constant_number(node.value)
        value = self.value(node)
        if node.type.base is Base.NULL:
            return cast(null(), Numeric(1, 0))
        return self.fitted(value, *self.digits_of(value))

    def constant_number(self, value: object) -> Sql:
        """A number under the narrowest type that holds it."""
        if value is None:
            return cast(null(), Numeric(1, 0))
        number = Decimal(str(value))
        exponent = number.normalize().as_tuple().exponent
        scale = max(0, -exponent) if isinstance(exponent, int) else 0
        whole = max(1, number.adjusted() + 1)
        return self._constant_under(number, self.numeric(whole, scale))

    def alike(self, values: Sequence[Sql]) -> list[Sql]:
        """Numbers under the one type that holds them all."""
        digits = [self.digits_of(value) for value in values]
        whole, scale = max(one for one, _ in digits), max(one for _, one in digits)
        return [self.fitted(value, whole, scale) for value in values]

    def united(self, nodes: Sequence[Node]) -> list[Sql]:
        """Values of which one is chosen; numbers under the one type that holds them all."""
        if any(node.type.base in NUMBERS and not node.type.is_list for node in nodes):
            return self.alike([self.number(node) for node in nodes])
        return super().united(nodes)

    # Arithmetic: the digits of the result from those of the operands.

    def sum_of(self, numbers: Sequence[Sql]) -> Sql:
        """The exact sum of one or more numbers."""
        whole, scale = self.digits_of(self.alike(numbers)[0])
        kind = self.numeric(whole + len(str(len(numbers))) if len(numbers) > 1 else whole, scale)
        return type_coerce(super().sum_of([cast(number, kind) for number in numbers]), kind)

    def difference(self, left: Sql, right: Sql) -> Sql:
        """The exact difference."""
        whole, scale = self.digits_of(self.alike((left, right))[0])
        kind = self.numeric(whole + 1, scale)
        return type_coerce(cast(left, kind) - cast(right, kind), kind)

    def product(self, numbers: Sequence[Sql]) -> Sql:
        """The exact product of one or more numbers."""
        total = numbers[0]
        for number in numbers[1:]:
            total = self.times(total, number)
        return total

    def times(self, left: Sql, right: Sql) -> Sql:
        """The exact product of two numbers."""
        (whole, scale), (other_whole, other_scale) = self.digits_of(left), self.digits_of(right)
        kind = self.numeric(whole + other_whole, scale + other_scale)
        return type_coerce(left * right, kind)

    def quotient(self, dividend: Sql, divisor: Sql) -> Sql:
        """No form: see ``order`` and ``equality``, which need none."""
        self.refuse("the database does not keep 38 decimals of a quotient; compare the quotient with a number")

    def remainder(self, dividend: Sql, divisor: Sql) -> Sql:
        """The remainder with the sign of the dividend; NULL for a division by zero."""
        first, second = self.alike((dividend, divisor))
        zero = self.fitted(self.constant_number(0), *self.digits_of(second))
        return type_coerce(func.mod(first, func.nullif(second, zero)), first.type)

    def extreme(self, name: str, numbers: Sequence[Sql]) -> Sql:
        """``least`` or ``greatest`` of numbers that are not NULL."""
        same = self.alike(numbers)
        return type_coerce(getattr(func, name)(*same), same[0].type)

    def rounded(self, number: Callable[[], Sql], places: int, mode: str) -> Sql:
        """The other modes are corrections of ROUND, which is half away from zero in all these databases."""
        whole, scale = self.digits_of(number())
        if places >= scale:
            return number()
        kind = self.numeric(max(whole + 1, 1 - min(places, 0)), scale)

        def value() -> Sql:
            return cast(number(), kind)

        def near() -> Sql:
            return cast(func.round(value(), places), kind)

        step = self._constant_under(Decimal(1).scaleb(-places), kind) if places >= 0 else None
        if step is None:
            step = self._constant_under(Decimal(10) ** -places, kind)
        signed = case((value() < 0, -step), else_=step)
        zero = self._constant_under(Decimal(0), kind)
        if mode == "half_even":
            # A tie that ROUND carried to an odd neighbour goes back by one step.
            double = func.abs(near() - value()) * 2
            is_odd = func.mod(near(), step * 2) != 0
            off = case((and_(double == step, is_odd), signed), else_=zero)
            return type_coerce(near() - off, kind)
        if mode in ("down", "floor"):
            too_far = near() > value() if mode == "floor" else func.abs(near()) > func.abs(value())
            return type_coerce(near() - case((too_far, step if mode == "floor" else signed), else_=zero), kind)
        if mode in ("up", "ceil"):
            too_near = near() < value() if mode == "ceil" else func.abs(near()) < func.abs(value())
            return type_coerce(near() + case((too_near, step if mode == "ceil" else signed), else_=zero), kind)
        assert mode in MODES
        return near()

    def as_number(self, value: Sql) -> Sql:
        """A number that came from outside the rule, under the digits it says it has."""
        return self.fitted(value, *self.digits_of(value))

    def printed_number(self, number: Sql) -> Sql:
        """A number as people write it: these databases print the whole scale, so the idle zeros are taken off."""
        text = self.printed_scale(number)
        if self.digits_of(number)[1] == 0:
            return text
        return func.rtrim(func.rtrim(text, "0"), ".", type_=self.text_type)

    def printed_scale(self, number: Sql) -> Sql:
        """A number with every digit of its scale."""
        return cast(number, self.text_type)

    def exact_float(self, node: Node, column: Sql) -> Sql:
        """A binary fraction is compared with constants and its like only."""
        raise self.refusal(node, "its column holds binary fractions, which cannot be computed with exactly here")

    def typed_element(self, element: Sql, source: Node) -> Sql:
        """An item under the type that its column declares for items."""
        kind = self.raw_column(source)[1].type
        item = getattr(kind, "item_type", None)
        if source.type.base not in NUMBERS or item is None:
            return super().typed_element(element, source)
        return type_coerce(element, Numeric(*self._precision_of(item)))

    def _precision_of(self, item: TypeEngine[Any]) -> tuple[int, int]:
        whole, scale = self.digits_of(type_coerce(null(), item))
        return whole + scale, scale

    # Comparisons.

    def order(self, symbol: str, left: Node, right: Node) -> Test:
        """An order; that of a quotient is one of products, because a quotient has no exact form here."""
        if left.operator == "/" or right.operator == "/":
            return self._order_of_quotient(symbol, left, right)
        return super().order(symbol, left, right)

    def equality(self, left: Node, right: Node) -> Test:
        """Equality, of a quotient by products."""
        if right.operator == "/":
            left, right = right, left
        if left.operator != "/":
            return false() if self._is_between(left, right) else super().equality(left, right)
        first, divisor, product = self._cross(left, right)
        return and_(divisor() != 0, self.order_values_equal(first, product()))

    def _is_between(self, left: Node, right: Node) -> bool:
        """Whether a constant lies between two neighbours of what a column can hold, so that nothing equals it."""
        if is_literal(left):
            left, right = right, left
        return self.stepped(left, right) is not None

    def order_values_equal(self, left: Sql, right: Sql) -> Test:
        """Equality of two numbers."""
        first, second = self.alike((left, right))
        test: Test = first == second
        return test

    def sameness(self, left: Node, right: Node) -> Test:
        """Equality in which NULL equals NULL."""
        if left.operator == "/" or right.operator == "/":
            self.refuse("a quotient can be compared only with what is never null")
        return super().sameness(left, right)

    def difference_of(self, left: Node, right: Node) -> Test:
        """The opposite of sameness; of a quotient that of equality, which is false for an unknown one."""
        if left.operator != "/" and right.operator != "/":
            return true() if self._is_between(left, right) else super().difference_of(left, right)
        if not (self.is_never_null(left) or self.is_never_null(right)):
            self.refuse("a quotient can be compared only with what is never null")
        return self.negated(self.settled(self.equality(left, right), True))

    def comparable_numbers(self, nodes: Sequence[Node]) -> list[Sql]:
        """Numbers under one type; a column stays bare where the constants fit its type, so that it can be scanned."""
        plain = [node for node in nodes if node.operator == "var" and not node.args]
        constants = [node for node in nodes if is_literal(node) and node.value is not None]
        columns = [self.raw_column(node)[1] for node in plain]
        if any(isinstance(column.type, Float) for column in columns):
            return self._comparable_floats(nodes, columns, constants)
        if len(plain) + len(constants) == len(nodes):
            if all(isinstance(column.type, Integer) for column in columns) and all(
                isinstance(node.value, int) and abs(node.value) < 2**63 for node in constants
            ):
                return [self.value(node) for node in nodes]
            if any(self._is_open(column) for column in columns):
                return [self.constant_number(node.value) if is_literal(node) else self.value(node) for node in nodes]
        return self.alike([self.number(node) for node in nodes])

    def contains_item(self, needle: Node, haystack: Node) -> Test:
        """Numbers are compared one by one, because a search would bring both sides to a type that may not hold them."""
        if needle.type.base not in NUMBERS:
            return super().contains_item(needle, haystack)

        def test(element: Sql) -> Test:
            return self.order_values_equal(self.typed_element(element, haystack), self.number(needle))

        return self.some_item(self.items_of(haystack), self.fresh_name(), test)

    def refuse(self, reason: str) -> NoReturn:
        """Refuse at the node that is being written."""
        if self._here is None:
            raise RuleNotCompilable(reason)
        raise self.refusal(self._here, reason)

    def _line(self, node: Node) -> Operator:
        self._here = node
        return super()._line(node)

    def _is_open(self, column: Sql) -> bool:
        kind = column.type
        return isinstance(kind, Numeric) and kind.precision is None and self.open_numeric is None

    def _comparable_floats(self, nodes: Sequence[Node], columns: Sequence[Sql], constants: Sequence[Node]) -> list[Sql]:
        if len(columns) + len(constants) < len(nodes) or not all(is_double(column) for column in columns):
            self.refuse("binary fractions are compared only with constants and with each other")
        if not all(is_shortest(node.value) for node in constants):
            self.refuse("the constant has more digits than a binary fraction")
        made: list[Sql] = []
        for node in nodes:
            made.append(bound(float(str(node.value)), Double()) if is_literal(node) else self.raw_column(node)[1])
        return made

    def _constant_under(self, number: Decimal, kind: Numeric[Any]) -> Sql:
        """A number under a type, remembered, so that it is written anew where another type is asked for."""
        made = cast(self.bound_number(number, kind), kind)
        self._constants[id(made)] = (number, made)
        return made

    def bound_number(self, number: Decimal, kind: Numeric[Any]) -> Sql:
        """Bound as text, because some drivers and SQLAlchemy itself bind decimals as binary fractions."""
        return bound(plain_number(number), self.text_type)

    def _cross(self, quotient: Node, other: Node) -> tuple[Sql, Callable[[], Sql], Callable[[], Sql]]:
        """The dividend, the divisor and the product of divisor and other side, if comparing these is exact.

        The quotient is cut after 38 decimals. As long as dividend/divisor cannot differ from the other side by less
        than one unit of the 38th decimal, the cut does not matter and both comparisons say the same.
        """
        if other.operator == "/":
            self.refuse("two quotients cannot be compared here; multiply instead")
        above, below = quotient.args
        dividend = self.number(above)

        def divisor() -> Sql:
            return self.number(below)

        def product() -> Sql:
            return self.times(self.number(below), self.number(other))

        divisor_digits, divisor_scale = self.digits_of(divisor())
        scale = max(self.digits_of(dividend)[1], divisor_scale + self.digits_of(self.number(other))[1])
        if scale + divisor_digits > DIGITS_MAX:
            self.refuse("the quotient has too many digits to be compared exactly")
        return dividend, divisor, product

    def _order_of_quotient(self, symbol: str, left: Node, right: Node) -> Test:
        mirrored = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
        if left.operator != "/":
            left, right, symbol = right, left, mirrored[symbol]
        if is_null(right):
            return false()
        dividend, divisor, product = self._cross(left, right)
        first, second = self.alike((dividend, product()))
        return or_(
            and_(divisor() > 0, self.order_values(symbol, first, second)),
            and_(divisor() < 0, self.order_values(mirrored[symbol], first, second)),
        )
