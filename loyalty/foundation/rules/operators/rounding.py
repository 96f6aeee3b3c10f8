"""Operators that state a rounding: round, floor, ceil."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement

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
    places, mode = _places(node)
    return compiler.rounded(lambda: compiler.number(node.args[0]), places, mode)


def _sql_toward(name: str) -> Callable[["Compiler", Node], ColumnElement[Any]]:
    return lambda compiler, node: compiler.rounded(lambda: compiler.number(node.args[0]), _places(node)[0], name)


def _saying(phrase: str) -> Callable[["Speaker", Node], str]:
    def say(speaker: "Speaker", node: Node) -> str:
        places, mode = _places(node)
        operand = speaker.part(node.args[0])
        suffix = speaker.phrase("places", speaker.counted("place", places)) if places else ""
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
