"""Operators on texts; positions count characters."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Text, case, cast, false, func, not_
from sqlalchemy import literal as bound

from loyalty.foundation.rules.errors import RuleFault
from loyalty.foundation.rules.frame import Closure, Frame
from loyalty.foundation.rules.loose import to_number, to_text
from loyalty.foundation.rules.operators.spec import Operator
from loyalty.foundation.rules.tree import Node
from loyalty.foundation.rules.types import BOOLEAN, NUMBERS, TEXT, Base

if TYPE_CHECKING:
    from loyalty.foundation.rules.checking import Call, Checker
    from loyalty.foundation.rules.compiling import Compiler
    from loyalty.foundation.rules.wording import Speaker

# A text that doubles inside reduce would fill the memory long before the step budget ends.
RESULT_TEXT_MAX = 65_536

_TEXTS = frozenset({Base.TEXT})
_PRINTABLE = NUMBERS | {Base.TEXT, Base.BOOLEAN}
_WHOLE = frozenset({Base.INTEGER})


def _check_pair(checker: "Checker", call: "Call") -> Node:
    return checker.make(call, checker.require(checker.values(call), _TEXTS, call.name), BOOLEAN)


def _pair_test(test: Callable[[str, str], bool]) -> Callable[[Node, Sequence[Closure]], Closure]:
    """Builds a test of two texts that is false against null."""

    def build(node: Node, args: Sequence[Closure]) -> Closure:
        whole, part = args
        convert: Callable[[Any], str] = str if node.is_typed else to_text

        def value(frame: Frame) -> object:
            first, second = whole(frame), part(frame)
            if first is None or second is None:
                return False
            return test(convert(first), convert(second))

        return value

    return build


def is_inside(part: str, whole: str) -> bool:
    """Whether the part occurs; nothing, not even "", is inside an empty text (as in JavaScript's JSONLogic)."""
    return whole != "" and part in whole


def sql_inside(compiler: "Compiler", part: Node, whole: Node) -> ColumnElement[bool]:
    """The SQL of ``is_inside``; NULL where one of them is."""
    is_empty = compiler.value(whole) == bound("", compiler.text_type)
    return not_(is_empty) & (func.strpos(compiler.value(whole), compiler.value(part)) > 0)


def _is_against_null(node: Node) -> bool:
    """A constant null is settled here, because SQLAlchemy reads "= NULL" as IS NULL."""
    return any(arg.type.base is Base.NULL for arg in node.args)


def _truth_starts(compiler: "Compiler", node: Node, is_total: bool) -> ColumnElement[bool]:
    whole, part = node.args
    if _is_against_null(node):
        return false()
    start = func.left(compiler.value(whole), func.length(compiler.value(part)), type_=Text())
    return compiler.settled(start == compiler.value(part), is_total)


def _truth_ends(compiler: "Compiler", node: Node, is_total: bool) -> ColumnElement[bool]:
    whole, part = node.args
    if _is_against_null(node):
        return false()
    end = func.right(compiler.value(whole), func.length(compiler.value(part)), type_=Text())
    return compiler.settled(end == compiler.value(part), is_total)


def _check_cat(checker: "Checker", call: "Call") -> Node:
    return checker.make(call, checker.require(checker.values(call), _PRINTABLE, call.name), TEXT)


def _build_cat(node: Node, args: Sequence[Closure]) -> Closure:
    def joined(frame: Frame) -> object:
        text = "".join(to_text(arg(frame)) for arg in args)
        if len(text) > RESULT_TEXT_MAX:
            raise RuleFault(f"A text of more than {RESULT_TEXT_MAX} characters came out.")
        return text

    return joined


def _sql_cat(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
    """concat() passes over NULL, which is the empty text of a null."""
    return func.concat(*[_printed(compiler, arg) for arg in node.args], type_=Text())


def _printed(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
    base = node.type.base
    if base in NUMBERS:
        return cast(func.trim_scale(compiler.number(node)), Text())
    if base is Base.BOOLEAN:
        empty, yes, no = (bound(text, compiler.text_type) for text in ("", "true", "false"))
        return case((compiler.value(node).is_(None), empty), (compiler.value(node), yes), else_=no)
    return compiler.value(node) if base is Base.TEXT else bound("", compiler.text_type)


def _check_substr(checker: "Checker", call: "Call") -> Node:
    source = checker.require((checker.value(call, 0),), _TEXTS, call.name)
    places = tuple(checker.value(call, index) for index in range(1, len(call.raw)))
    return checker.make(call, (*source, *checker.require(places, _WHOLE, call.name)), TEXT)


def slice_text(source: str, start: int, length: int | None) -> str:
    """A negative start counts from the end; a negative length leaves so many characters off."""
    rest = source[start:] if start >= 0 else source[max(len(source) + start, 0) :]
    if length is None:
        return rest
    return rest[:length] if length >= 0 else rest[: max(len(rest) + length, 0)]


def _build_substr(node: Node, args: Sequence[Closure]) -> Closure:
    def value(frame: Frame) -> object:
        source, *places = [arg(frame) for arg in args]
        if source is None or any(place is None for place in places):
            return None
        numbers = [int(to_number(place) or 0) for place in places]
        return slice_text(to_text(source), numbers[0], numbers[1] if len(numbers) > 1 else None)

    return value


def _sql_substr(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
    source = compiler.value(node.args[0])
    places = [arg.value for arg in node.args[1:]]
    numbers = [place for place in places if isinstance(place, int) and abs(place) < 2**31 - 1]
    if len(numbers) != len(places):
        raise compiler.refusal(node, "its start and length have to be constants")
    start = numbers[0]
    rest = func.substr(source, start + 1, type_=Text()) if start >= 0 else func.right(source, -start, type_=Text())
    return rest if len(numbers) == 1 else func.left(rest, numbers[1], type_=Text())


def _say_pair(phrase: str) -> Callable[["Speaker", Node], str]:
    def say(speaker: "Speaker", node: Node) -> str:
        return speaker.phrase(phrase, *[speaker.say(arg) for arg in node.args])

    return say


def _say_cat(speaker: "Speaker", node: Node) -> str:
    return speaker.operation("joined_with", node.args)


def _say_substr(speaker: "Speaker", node: Node) -> str:
    said = [speaker.say(arg) for arg in node.args]
    return speaker.phrase("substr_length" if len(said) == 3 else "substr", *said)


OPERATORS = (
    Operator(
        "starts_with",
        (2, 2),
        "Whether the first text begins with the second. False against null.",
        _check_pair,
        _pair_test(str.startswith),
        _say_pair("starts_with"),
        truth=_truth_starts,
    ),
    Operator(
        "ends_with",
        (2, 2),
        "Whether the first text ends with the second. False against null.",
        _check_pair,
        _pair_test(str.endswith),
        _say_pair("ends_with"),
        truth=_truth_ends,
    ),
    Operator(
        "cat", (1, None), "The operands as one text; null is empty.", _check_cat, _build_cat, _say_cat, value=_sql_cat
    ),
    Operator(
        "substr",
        (2, 3),
        "A part of a text from a start, of a length; negative ones count from the end.",
        _check_substr,
        _build_substr,
        _say_substr,
        value=_sql_substr,
    ),
)
