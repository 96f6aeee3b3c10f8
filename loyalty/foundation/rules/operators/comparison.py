"""Operators that compare: equality and order."""

import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, false, not_, true

from loyalty.foundation.rules import loose
from loyalty.foundation.rules.frame import Closure, Frame
from loyalty.foundation.rules.operators.spec import Operator
from loyalty.foundation.rules.repairs import is_number_like
from loyalty.foundation.rules.text import PROFILE_FIRST
from loyalty.foundation.rules.tree import Node, is_null
from loyalty.foundation.rules.types import BOOLEAN, Base

if TYPE_CHECKING:
    from loyalty.foundation.rules.checking import Call, Checker
    from loyalty.foundation.rules.compiling import Compiler
    from loyalty.foundation.rules.wording import Speaker

Compare = Callable[[Any, Any], Any]


def _check_comparison(checker: "Checker", call: "Call") -> Node:
    return checker.make(call, checker.align(call, checker.values(call)), BOOLEAN)


def _check_order(checker: "Checker", call: "Call") -> Node:
    nodes = checker.align(call, checker.values(call))
    unordered = [node for node in nodes if node.type.base is Base.BOOLEAN]
    if unordered:
        return checker.problem(
            "rule.type_mismatch", "Yes and no have no order.", unordered[0].path, "Ask with == or !=."
        )
    if checker.is_typed and checker.profile > PROFILE_FIRST and nodes and nodes[0].type.base is Base.TEXT:
        alike = [node for node in nodes if is_number_like(node)]
        if alike:
            message = f'Texts are ordered letter by letter, so "10" is below "9"; "{alike[0].value}" reads as a number.'
            repair = "Give the field a number's type in the catalogue, or ask with == or in."
            return checker.problem("rule.ambiguous", message, alike[0].path, repair)
    return checker.make(call, nodes, BOOLEAN)


def _equality(compare: Compare, *, is_negated: bool) -> Callable[[Node, Sequence[Closure]], Closure]:
    def build(node: Node, args: Sequence[Closure]) -> Closure:
        left, right = args
        if node.is_typed:
            if is_negated:
                return lambda frame: left(frame) != right(frame)
            return lambda frame: left(frame) == right(frame)
        return lambda frame: compare(left(frame), right(frame)) is not is_negated

    return build


def ordering(strict: Compare, converting: Compare) -> Callable[[Node, Sequence[Closure]], Closure]:
    """Builds an order test that is false when any operand is null."""

    def build(node: Node, args: Sequence[Closure]) -> Closure:
        compare = strict if node.is_typed else converting

        def two(frame: Frame) -> object:
            left = args[0](frame)
            if left is None:
                return False
            right = args[1](frame)
            return right is not None and bool(compare(left, right))

        def between(frame: Frame) -> object:
            values = [arg(frame) for arg in args]
            if any(value is None for value in values):
                return False
            return bool(compare(values[0], values[1])) and bool(compare(values[1], values[2]))

        return two if len(args) == 2 else between

    return build


def truth_equal(compiler: "Compiler", node: Node, is_total: bool) -> ColumnElement[bool]:
    """``==``: null equals null and nothing else."""
    left, right = node.args
    if is_null(left) or is_null(right):
        other = right if is_null(left) else left
        return true() if is_null(other) else compiler.is_unknown(other)
    if not (compiler.is_never_null(left) or compiler.is_never_null(right)):
        return compiler.sameness(left, right)
    return compiler.settled(compiler.equality(left, right), is_total)


def truth_different(compiler: "Compiler", node: Node, is_total: bool) -> ColumnElement[bool]:
    """``!=``: the opposite of ``==``, so null differs from every known value."""
    left, right = node.args
    if is_null(left) or is_null(right):
        other = right if is_null(left) else left
        return false() if is_null(other) else not_(compiler.is_unknown(other))
    return compiler.difference_of(left, right)


def order_truth(symbol: str) -> Callable[["Compiler", Node, bool], ColumnElement[bool]]:
    """SQL gives NULL for a null operand, which stands for false unless a total answer is needed."""

    def truth(compiler: "Compiler", node: Node, is_total: bool) -> ColumnElement[bool]:
        if any(arg.type.base is Base.NULL for arg in node.args):
            return false()
        tests = [compiler.order(symbol, *node.args[index : index + 2]) for index in range(len(node.args) - 1)]
        return compiler.settled(and_(*tests), is_total)

    return truth


def _say_equality(phrase: str) -> Callable[["Speaker", Node], str]:
    def say(speaker: "Speaker", node: Node) -> str:
        left, right = node.args
        if is_null(right):
            return speaker.phrase(f"{phrase}_null", speaker.say(left))
        return speaker.phrase(phrase, speaker.say(left), speaker.say(right))

    return say


def _say_order(phrase: str, between: str = "") -> Callable[["Speaker", Node], str]:
    def say(speaker: "Speaker", node: Node) -> str:
        said = [speaker.say(arg) for arg in node.args]
        is_date = any(arg.type.base in (Base.DATE, Base.DATETIME) for arg in node.args)
        if len(said) == 3:
            return speaker.phrase(_OF_DATES[between] if is_date else between, said[1], said[0], said[2])
        return speaker.phrase(_OF_DATES[phrase] if is_date else phrase, *said)

    return say


# Days and instants are not less or more but before or after.
_OF_DATES = {
    "less": "before",
    "at_most": "on_or_before",
    "more": "after",
    "at_least": "on_or_after",
    "between": "from_to",
    "between_open": "between_dates",
}


def _swapped(compare: Compare) -> Compare:
    return lambda left, right: compare(right, left)


_LESS = ordering(operator.lt, loose.is_less)
_LESS_OR_EQUAL = ordering(operator.le, loose.is_less_or_equal)
_MORE = ordering(operator.gt, _swapped(loose.is_less))
_MORE_OR_EQUAL = ordering(operator.ge, _swapped(loose.is_less_or_equal))

OPERATORS = (
    Operator(
        "==",
        (2, 2),
        "Equal; null equals only null.",
        _check_comparison,
        _equality(loose.is_equal, is_negated=False),
        _say_equality("equal"),
        truth=truth_equal,
    ),
    Operator(
        "!=",
        (2, 2),
        "Not equal.",
        _check_comparison,
        _equality(loose.is_equal, is_negated=True),
        _say_equality("different"),
        truth=truth_different,
    ),
    Operator(
        "===",
        (2, 2),
        "Equal without any conversion; with a schema the same as ==.",
        _check_comparison,
        _equality(loose.is_identical, is_negated=False),
        _say_equality("equal"),
        truth=truth_equal,
    ),
    Operator(
        "!==",
        (2, 2),
        "Not equal without any conversion; with a schema the same as !=.",
        _check_comparison,
        _equality(loose.is_identical, is_negated=True),
        _say_equality("different"),
        truth=truth_different,
    ),
    Operator(
        "<",
        (2, 3),
        "Less; with three operands: between, without the ends. False against null.",
        _check_order,
        _LESS,
        _say_order("less", "between_open"),
        truth=order_truth("<"),
    ),
    Operator(
        "<=",
        (2, 3),
        "At most; with three operands: between, with the ends. False against null.",
        _check_order,
        _LESS_OR_EQUAL,
        _say_order("at_most", "between"),
        truth=order_truth("<="),
    ),
    Operator(
        ">",
        (2, 2),
        "More. False against null.",
        _check_order,
        _MORE,
        _say_order("more"),
        truth=order_truth(">"),
    ),
    Operator(
        ">=",
        (2, 2),
        "At least. False against null.",
        _check_order,
        _MORE_OR_EQUAL,
        _say_order("at_least"),
        truth=order_truth(">="),
    ),
)
