"""Operators that compute with exact decimals; null in, null out."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, case, null, or_

from loyalty.foundation.rules.frame import Closure, Frame
from loyalty.foundation.rules.loose import to_number
from loyalty.foundation.rules.numbers import EXACT, WHOLE_BITS_MAX, Number, quotient, remainder
from loyalty.foundation.rules.operators.spec import Operator
from loyalty.foundation.rules.tree import Node
from loyalty.foundation.rules.types import DECIMAL, INTEGER, NUMBERS, Base

if TYPE_CHECKING:
    from loyalty.foundation.rules.checking import Call, Checker
    from loyalty.foundation.rules.compiling import Compiler
    from loyalty.foundation.rules.wording import Speaker

Fold = Callable[[Number, Number], Number | None]


def _check_whole_or_decimal(checker: "Checker", call: "Call") -> Node:
    """Whole operands give a whole result."""
    nodes = checker.require(checker.values(call), NUMBERS, call.name)
    is_whole = all(node.type.base is Base.INTEGER for node in nodes)
    return checker.make(call, nodes, INTEGER if is_whole else DECIMAL)


def _check_decimal(checker: "Checker", call: "Call") -> Node:
    return checker.make(call, checker.require(checker.values(call), NUMBERS, call.name), DECIMAL)


def numeric(node: Node, args: Sequence[Closure]) -> Sequence[Closure]:
    """The operands as numbers: as they are with a schema, converted as in JavaScript without one."""
    return args if node.is_typed else [_converted(arg) for arg in args]


def _converted(arg: Closure) -> Closure:
    return lambda frame: to_number(arg(frame))


def _folding(fold: Fold, alone: Callable[[Number], Number] = lambda value: value) -> Any:
    """Builds a left fold over the operands that is null as soon as one of them is."""

    def build(node: Node, args: Sequence[Closure]) -> Closure:
        operands = numeric(node, args)
        if len(operands) == 1:
            only = operands[0]

            def single(frame: Frame) -> object:
                value: Any = only(frame)
                return None if value is None else alone(value)

            return single

        def folded(frame: Frame) -> object:
            total: Any = operands[0](frame)
            for operand in operands[1:]:
                value: Any = operand(frame)
                if total is None or value is None:
                    return None
                total = fold(total, value)
            return total

        return folded

    return build


def plus(left: Number, right: Number) -> Number:
    """The exact sum."""
    if isinstance(left, int) and isinstance(right, int):
        return left + right
    return EXACT.add(Decimal(left), Decimal(right))


def minus(left: Number, right: Number) -> Number:
    """The exact difference."""
    if isinstance(left, int) and isinstance(right, int):
        return left - right
    return EXACT.subtract(Decimal(left), Decimal(right))


def times(left: Number, right: Number) -> Number:
    """The exact product."""
    if isinstance(left, int) and isinstance(right, int) and left.bit_length() + right.bit_length() < WHOLE_BITS_MAX:
        return left * right
    return EXACT.multiply(Decimal(left), Decimal(right))


def negated(value: Number) -> Number:
    """The opposite number; never minus zero."""
    return minus(0, value)


def _sql_sum(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
    return compiler.sum_of([compiler.number(arg) for arg in node.args])


def _sql_product(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
    return compiler.product([compiler.number(arg) for arg in node.args])


def _sql_minus(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
    operands = [compiler.number(arg) for arg in node.args]
    if len(operands) == 1:
        return compiler.difference(compiler.constant_number(0), operands[0])
    return compiler.difference(operands[0], operands[1])


def sql_quotient(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
    """The exact quotient."""
    dividend, divisor = (compiler.number(arg) for arg in node.args)
    return compiler.quotient(dividend, divisor)


def _sql_remainder(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
    dividend, divisor = (compiler.number(arg) for arg in node.args)
    return compiler.remainder(dividend, divisor)


def _sql_extreme(name: str) -> Callable[["Compiler", Node], ColumnElement[Any]]:
    """LEAST and GREATEST pass over NULL in PostgreSQL; the profile says that an unknown operand makes it unknown."""

    def value(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
        operands = [compiler.number(arg) for arg in node.args]
        unknown = [compiler.number(arg).is_(None) for arg in node.args if not compiler.is_never_null(arg)]
        extreme = compiler.extreme(name, operands)
        return case((or_(*unknown), null()), else_=extreme) if unknown else extreme

    return value


def _say_joined(word: str) -> Callable[["Speaker", Node], str]:
    def say(speaker: "Speaker", node: Node) -> str:
        return speaker.operation(word, node.args)

    return say


def _say_minus(speaker: "Speaker", node: Node) -> str:
    if len(node.args) == 1:
        return speaker.phrase("negative", speaker.part(node.args[0]))
    return speaker.operation("minus", node.args)


def _say_modulo(speaker: "Speaker", node: Node) -> str:
    return speaker.phrase("modulo", *[speaker.part(arg) for arg in node.args])


def _say_named(phrase: str) -> Callable[["Speaker", Node], str]:
    def say(speaker: "Speaker", node: Node) -> str:
        return speaker.phrase(phrase, speaker.listed([speaker.say(arg) for arg in node.args]))

    return say


OPERATORS = (
    Operator(
        "+",
        (1, None),
        "The exact sum; one operand is read as a number.",
        _check_whole_or_decimal,
        _folding(plus),
        _say_joined("plus"),
        value=_sql_sum,
    ),
    Operator(
        "-",
        (1, 2),
        "The exact difference; one operand is negated.",
        _check_whole_or_decimal,
        _folding(minus, negated),
        _say_minus,
        value=_sql_minus,
    ),
    Operator(
        "*",
        (1, None),
        "The exact product.",
        _check_whole_or_decimal,
        _folding(times),
        _say_joined("times"),
        value=_sql_product,
    ),
    Operator(
        "/",
        (2, 2),
        "The quotient, cut after 38 decimals; null when divided by zero.",
        _check_decimal,
        _folding(quotient),
        _say_joined("divided_by"),
        value=sql_quotient,
    ),
    Operator(
        "%",
        (2, 2),
        "The remainder, with the sign of the dividend; null when divided by zero.",
        _check_whole_or_decimal,
        _folding(remainder),
        _say_modulo,
        value=_sql_remainder,
    ),
    Operator(
        "min",
        (1, None),
        "The least operand; null when one is null.",
        _check_whole_or_decimal,
        _folding(min),
        _say_named("least"),
        value=_sql_extreme("least"),
    ),
    Operator(
        "max",
        (1, None),
        "The greatest operand; null when one is null.",
        _check_whole_or_decimal,
        _folding(max),
        _say_named("greatest"),
        value=_sql_extreme("greatest"),
    ),
)
