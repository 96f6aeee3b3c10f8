"""Operators on texts; positions count characters."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Integer, and_, case, false, func, null, or_
from sqlalchemy import cast as sql_cast
from sqlalchemy import literal as bound

from loyalty.foundation.rules.errors import RuleFault
from loyalty.foundation.rules.frame import Closure, Frame
from loyalty.foundation.rules.loose import to_number, to_text
from loyalty.foundation.rules.operators.spec import Operator
from loyalty.foundation.rules.tree import Node, is_literal
from loyalty.foundation.rules.types import BOOLEAN, INTEGER, NUMBERS, TEXT, Base

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

    def is_found() -> ColumnElement[bool]:
        return compiler.position(compiler.value(part), compiler.value(whole)) > 0

    return and_(compiler.is_full(whole), compiler.part_test(part, whole, is_found))


def _is_against_null(node: Node) -> bool:
    """A constant null is settled here, because SQLAlchemy reads "= NULL" as IS NULL."""
    return any(arg.type.base is Base.NULL for arg in node.args)


def _truth_edge(edge: str) -> Callable[["Compiler", Node, bool], ColumnElement[bool]]:
    """Whether the ``start_of`` or the ``end_of`` a text is another."""

    def truth(compiler: "Compiler", node: Node, is_total: bool) -> ColumnElement[bool]:
        whole, part = node.args
        if _is_against_null(node):
            return false()

        def is_equal() -> ColumnElement[bool]:
            taken = getattr(compiler, edge)(compiler.value(whole), compiler.length(compiler.value(part)))
            return taken == compiler.value(part)  # type: ignore[no-any-return]

        return compiler.settled(compiler.part_test(part, whole, is_equal), is_total)

    return truth


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
    parts = [compiler.printed(arg) for arg in node.args if arg.type.base is not Base.NULL]
    return compiler.joined(parts or [bound("", compiler.text_type)])


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
    """The places are brought inside the text first, so that no database has to be asked what it thinks beyond it."""
    if any(arg.type.base is Base.NULL for arg in node.args):
        return sql_cast(null(), compiler.text_type)
    source, *places = node.args
    start = places[0]
    if is_literal(start) and isinstance(start.value, int) and 0 <= start.value < RESULT_TEXT_MAX:
        first: Callable[[], Any] = lambda: bound(start.value, Integer())  # noqa: E731
    else:
        first = _place(compiler, source, start)
    rest = func.greatest(compiler.length(compiler.value(source)) - first(), 0)
    if len(places) == 1:
        return _unless_unknown(compiler, places, compiler.cut(compiler.value(source), first() + 1, rest))
    length = _whole(compiler, places[1])
    kept = case((length() >= 0, func.least(length(), rest)), else_=func.greatest(rest + length(), 0))
    return _unless_unknown(compiler, places, compiler.cut(compiler.value(source), first() + 1, kept))


def _unless_unknown(compiler: "Compiler", places: Sequence[Node], cut: ColumnElement[Any]) -> ColumnElement[Any]:
    """LEAST and GREATEST pass over an unknown place, so CASE makes the part unknown."""
    unknown = [compiler.is_unknown(place) for place in places if not is_literal(place)]
    return case((or_(*unknown), null()), else_=cut) if unknown else cut


def _place(compiler: "Compiler", source: Node, start: Node) -> Callable[[], ColumnElement[Any]]:
    """How many characters stand before the part: counted from the end when the start is negative."""
    number = _whole(compiler, start)

    def first() -> ColumnElement[Any]:
        length = compiler.length(compiler.value(source))
        return case((number() >= 0, func.least(number(), length)), else_=func.greatest(length + number(), 0))

    return first


def _whole(compiler: "Compiler", node: Node) -> Callable[[], ColumnElement[Any]]:
    """A whole number as one of 32 bits, which no text is longer than."""
    edge = RESULT_TEXT_MAX * 2

    def number() -> ColumnElement[Any]:
        if is_literal(node):
            return bound(max(-edge, min(edge, int(str(node.value)))), Integer())
        value = compiler.number(node)
        return sql_cast(func.greatest(func.least(value, edge), -edge), Integer())

    return number


def _say_pair(phrase: str) -> Callable[["Speaker", Node], str]:
    def say(speaker: "Speaker", node: Node) -> str:
        return speaker.phrase(phrase, *[speaker.say(arg) for arg in node.args])

    return say


def _say_cat(speaker: "Speaker", node: Node) -> str:
    return speaker.operation("joined_with", node.args)


def _say_substr(speaker: "Speaker", node: Node) -> str:
    said = [speaker.say(arg) for arg in node.args]
    return speaker.phrase("substr_length" if len(said) == 3 else "substr", *said)


def _check_length(checker: "Checker", call: "Call") -> Node:
    operand = checker.value(call, 0)
    if not operand.type.is_list:
        operand = checker.require((operand,), _TEXTS, call.name)[0]
    return checker.make(call, (operand,), INTEGER)


def _build_length(node: Node, args: Sequence[Closure]) -> Closure:
    def value(frame: Frame) -> object:
        operand = args[0](frame)
        if operand is None:
            return None
        return len(operand if isinstance(operand, (list, tuple)) else to_text(operand))

    return value


def _sql_length(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
    operand = node.args[0]
    return compiler.count_items(operand) if operand.type.is_list else compiler.length(compiler.value(operand))


def _check_text(checker: "Checker", call: "Call") -> Node:
    return checker.make(call, checker.require((checker.value(call, 0),), _TEXTS, call.name), TEXT)


def _changing(change: Callable[[str], str]) -> Callable[[Node, Sequence[Closure]], Closure]:
    """Builds what makes one text of another; null stays null."""

    def build(node: Node, args: Sequence[Closure]) -> Closure:
        def value(frame: Frame) -> object:
            operand = args[0](frame)
            return None if operand is None else change(to_text(operand))

        return value

    return build


def _letter_pairs() -> tuple[str, str]:
    """Large letters and small ones, of those that are each other's only partner: Latin, Greek, Cyrillic, Armenian.

    A table of our own, because every database and every language of its settings has another idea of the rest.
    """
    large = [chr(code) for code in range(0x41, 0x590) if _has_partner(chr(code))]
    return "".join(large), "".join(letter.lower() for letter in large)


def _has_partner(letter: str) -> bool:
    small = letter.lower()
    return small != letter and len(small) == 1 and small.upper() == letter


LARGE, SMALL = _letter_pairs()
_TO_SMALL, _TO_LARGE = str.maketrans(LARGE, SMALL), str.maketrans(SMALL, LARGE)


def _sql_letters(letters: str, others: str) -> Callable[["Compiler", Node], ColumnElement[Any]]:
    return lambda compiler, node: compiler.translated(compiler.value(node.args[0]), letters, others)


def _sql_trim(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
    return compiler.trimmed(compiler.value(node.args[0]))


OPERATORS = (
    Operator(
        "starts_with",
        (2, 2),
        "Whether the first text begins with the second. False against null.",
        _check_pair,
        _pair_test(str.startswith),
        _say_pair("starts_with"),
        truth=_truth_edge("start_of"),
    ),
    Operator(
        "ends_with",
        (2, 2),
        "Whether the first text ends with the second. False against null.",
        _check_pair,
        _pair_test(str.endswith),
        _say_pair("ends_with"),
        truth=_truth_edge("end_of"),
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
    Operator(
        "length",
        (1, 1),
        "How many characters a text has, or items a list; null for null.",
        _check_length,
        _build_length,
        _say_pair("length"),
        value=_sql_length,
    ),
    Operator(
        "lower",
        (1, 1),
        "The text in small letters, so that Paris and PARIS are alike.",
        _check_text,
        _changing(lambda text: text.translate(_TO_SMALL)),
        _say_pair("lower"),
        value=_sql_letters(LARGE, SMALL),
    ),
    Operator(
        "upper",
        (1, 1),
        "The text in large letters.",
        _check_text,
        _changing(lambda text: text.translate(_TO_LARGE)),
        _say_pair("upper"),
        value=_sql_letters(SMALL, LARGE),
    ),
    Operator(
        "trim",
        (1, 1),
        "The text without the spaces around it.",
        _check_text,
        _changing(lambda text: text.strip(" ")),
        _say_pair("trim"),
        value=_sql_trim,
    ),
)
