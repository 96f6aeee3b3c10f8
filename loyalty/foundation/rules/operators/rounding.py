"""Operators that state a rounding: round, floor, ceil."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, case, func

from loyalty.foundation.rules.frame import Closure, Frame
from loyalty.foundation.rules.numbers import MODES, PLACES_MAX, Number, floored, raised, rounded
from loyalty.foundation.rules.operators.arithmetic import numeric
from loyalty.foundation.rules.operators.spec import Operator
from loyalty.foundation.rules.tree import Node
from loyalty.foundation.rules.types import DECIMAL, INTEGER, NUMBERS

if TYPE_CHECKING:
    from loyalty.foundation.rules.checking import Call, Checker
    from loyalty.foundation.rules.compiling import Compiler
    from loyalty.foundation.rules.wording import Speaker


def _check_rounding(checker: "Checker", call: "Call") -> Node:
    """The places and the mode are constants, so that a rule's precision can be read off its text."""
    operand = checker.require((checker.value(call, 0),), NUMBERS, call.name)[0]
    places = checker.whole(call.raw[1]) if len(call.raw) > 1 else 0
    mode = call.raw[2] if len(call.raw) > 2 else "half_up"
    if places is None or abs(places) > PLACES_MAX:
        return checker.problem("rule.bad_literal", f"The places are a whole number up to {PLACES_MAX}.", call.path)
    if not isinstance(mode, str) or mode not in MODES:
        return checker.problem("rule.bad_literal", f"The mode is one of {', '.join(MODES)}.", call.path)
    return checker.make(call, (operand,), DECIMAL if places > 0 else INTEGER, (places, mode))


def _places(node: Node) -> tuple[int, str]:
    places, mode = node.value if isinstance(node.value, tuple) else (0, "half_up")
    return int(places), str(mode)


def _building(apply: Callable[[Number, int, str], Number]) -> Callable[[Node, Sequence[Closure]], Closure]:
    def build(node: Node, args: Sequence[Closure]) -> Closure:
        operand = numeric(node, args)[0]
        places, mode = _places(node)

        def value(frame: Frame) -> object:
            number: Any = operand(frame)
            return None if number is None else apply(number, places, mode)

        return value

    return build


def _sql_round(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
    """PostgreSQL's round of NUMERIC is half away from zero; the other modes are built from it."""
    places, mode = _places(node)
    operand = node.args[0]
    if mode == "half_up":
        return func.round(compiler.number(operand), places, type_=compiler.number_type)
    if mode == "down":
        return func.trunc(compiler.number(operand), places, type_=compiler.number_type)
    up, down = _shift(compiler, places)
    if mode == "up":
        sign = func.sign(compiler.number(operand), type_=compiler.number_type)
        return sign * func.ceil(func.abs(compiler.number(operand) * up)) * down
    half, two = compiler.constant_number(Decimal("0.5")), compiler.constant_number(2)
    is_tie = func.abs(compiler.number(operand) * up - func.trunc(compiler.number(operand) * up)) == half
    even = func.round(compiler.number(operand) * up * half, type_=compiler.number_type) * two * down
    return case((is_tie, even), else_=func.round(compiler.number(operand), places, type_=compiler.number_type))


def _sql_toward(name: str) -> Callable[["Compiler", Node], ColumnElement[Any]]:
    def value(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
        places, _ = _places(node)
        number = compiler.number(node.args[0])
        if places == 0:
            return getattr(func, name)(number, type_=compiler.number_type)  # type: ignore[no-any-return]
        up, down = _shift(compiler, places)
        return getattr(func, name)(number * up, type_=compiler.number_type) * down  # type: ignore[no-any-return]

    return value


def _shift(compiler: "Compiler", places: int) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    return (
        compiler.constant_number(Decimal(1).scaleb(places)),
        compiler.constant_number(Decimal(1).scaleb(-places)),
    )


def _saying(phrase: str) -> Callable[["Speaker", Node], str]:
    def say(speaker: "Speaker", node: Node) -> str:
        places, mode = _places(node)
        operand = speaker.part(node.args[0])
        suffix = speaker.phrase("places", str(places)) if places else ""
        how = speaker.phrase(f"mode_{mode}") if phrase == "round" and mode != "half_up" else ""
        return speaker.phrase(phrase, operand) + suffix + how

    return say


OPERATORS = (
    Operator(
        "round",
        (1, 3),
        "Rounded to so many places (0) in a mode: half_up, half_even, down, up.",
        _check_rounding,
        _building(rounded),
        _saying("round"),
        value=_sql_round,
    ),
    Operator(
        "floor",
        (1, 2),
        "The next number below with so many places (0).",
        _check_rounding,
        _building(lambda value, places, mode: floored(value, places)),
        _saying("floor"),
        value=_sql_toward("floor"),
    ),
    Operator(
        "ceil",
        (1, 2),
        "The next number above with so many places (0).",
        _check_rounding,
        _building(lambda value, places, mode: raised(value, places)),
        _saying("ceil"),
        value=_sql_toward("ceil"),
    ),
)
