"""Operators on lists: membership, tests over elements, and the reshaping that only the row path knows."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, false, or_, true

from loyalty.foundation.rules.frame import Closure, Frame
from loyalty.foundation.rules.loose import is_identical, is_truthy, to_text
from loyalty.foundation.rules.operators.spec import Operator
from loyalty.foundation.rules.operators.text import is_inside, sql_inside
from loyalty.foundation.rules.tree import Node, is_null, walk
from loyalty.foundation.rules.types import ANY, BOOLEAN, NULL, NUMBER_LIST, NUMBERS, OPEN, TEXT_LIST, Base, Type, common

if TYPE_CHECKING:
    from loyalty.foundation.rules.checking import Call, Checker
    from loyalty.foundation.rules.compiling import Compiler
    from loyalty.foundation.rules.wording import Speaker


def _check_in(checker: "Checker", call: "Call") -> Node:
    part, whole = (1, 0) if call.name == "contains" else (0, 1)
    needle, written = checker.value(call, part), call.raw[whole]
    if checker.is_typed and isinstance(written, (list, tuple)):
        # The items are brought to the needle's type one by one: numbers and dates may be written as texts.
        path = call.paths[whole]
        found = [checker.node(raw, f"{path}/{index}", call.scope) for index, raw in enumerate(written)]
        needle, *items = checker.align(call, (needle, *found))
        return checker.make(call, (needle, checker.list_of(tuple(items), path)), BOOLEAN)
    haystack = checker.value(call, whole)
    if haystack.type.base is Base.ANY:
        return checker.make(call, (needle, haystack), BOOLEAN)
    if haystack.type.is_list:
        element = Node("item", (), Type(haystack.type.base), haystack.path)
        return checker.make(call, (checker.align(call, (needle, element))[0], haystack), BOOLEAN)
    pair = checker.require((needle, haystack), frozenset({Base.TEXT}), call.name)
    return checker.make(call, pair, BOOLEAN)


def build_in(node: Node, args: Sequence[Closure]) -> Closure:
    """Membership in a list, or occurrence in a text."""
    if node.is_typed and node.args[1].operator == "list" and isinstance(node.args[1].value, list):
        members, needle = frozenset(node.args[1].value), args[0]
        return lambda frame: needle(frame) in members
    if node.is_typed and node.args[1].type.is_list:
        return _build_in_list(args)
    return _build_in_loose(args)


def _build_in_list(args: Sequence[Closure]) -> Closure:
    def value(frame: Frame) -> object:
        members: Any = args[1](frame)
        return members is not None and args[0](frame) in members

    return value


def _build_in_loose(args: Sequence[Closure]) -> Closure:
    def value(frame: Frame) -> object:
        needle, haystack = args[0](frame), args[1](frame)
        if isinstance(haystack, (list, tuple)):
            frame.spend(len(haystack))
            return any(is_identical(needle, one) for one in haystack)
        if needle is None or not isinstance(haystack, str):
            return False
        return is_inside(to_text(needle), haystack)

    return value


def truth_in(compiler: "Compiler", node: Node, is_total: bool) -> ColumnElement[bool]:
    """SQL's IN never meets NULL, so a null in the list is asked for by itself."""
    needle, haystack = node.args
    if haystack.operator == "list":
        return _in_constants(compiler, node, is_total)
    if haystack.type.is_list:
        if haystack.operator != "var":
            compiler.value(haystack)
            raise compiler.refusal(node, "its list has to be a field or written out")
        if needle.type.base is Base.NULL:
            return false()
        return compiler.settled(compiler.contains_item(needle, haystack), is_total)
    if Base.NULL in (needle.type.base, haystack.type.base):
        return false()
    return compiler.settled(sql_inside(compiler, needle, haystack), is_total)


def _in_constants(compiler: "Compiler", node: Node, is_total: bool) -> ColumnElement[bool]:
    needle, haystack = node.args
    known = [item for item in haystack.args if not is_null(item)]
    tests: list[ColumnElement[bool]] = []
    if len(known) < len(haystack.args):
        tests.append(true() if is_null(needle) else compiler.is_unknown(needle))
    if known and not is_null(needle):
        if all(compiler.is_never_null(item) for item in known):
            tests.append(compiler.settled(compiler.membership(needle, known), is_total))
        else:
            tests += [compiler.sameness(needle, item) for item in known]
    elif known:
        tests += [compiler.is_unknown(item) for item in known]
    return or_(*tests) if tests else false()


def _check_elements(checker: "Checker", call: "Call") -> tuple[Node, Node]:
    """The list and the body that sees one of its elements as {"var": ""}."""
    source = checker.require_list(checker.value(call, 0), call.name)
    element = Type(source.type.base) if source.type.base not in OPEN else (ANY if not checker.is_typed else NULL)
    wants_truth = call.name in ("all", "some", "none", "filter")
    return source, checker.body(call, 1, {"": element}, wants_truth=wants_truth)


def _check_quantifier(checker: "Checker", call: "Call") -> Node:
    return checker.make(call, _check_elements(checker, call), BOOLEAN)


def _check_filter(checker: "Checker", call: "Call") -> Node:
    source, body = _check_elements(checker, call)
    return checker.make(call, (source, body), source.type)


def _check_map(checker: "Checker", call: "Call") -> Node:
    source, body = _check_elements(checker, call)
    if body.type.is_list:
        return checker.problem("rule.type_mismatch", "map gives a list of single values.", body.path)
    return checker.make(call, (source, body), Type(body.type.base, is_list=True))


def _check_reduce(checker: "Checker", call: "Call") -> Node:
    if checker.is_typed and len(call.raw) < 3:
        return checker.problem("rule.arity", "reduce takes a list, a body and a first value.", call.path)
    source = checker.require_list(checker.value(call, 0), call.name)
    first = checker.value(call, 2) if len(call.raw) > 2 else checker.literal(None, call.path)
    # A sum that starts at the whole number 0 may pass through decimals.
    start = common([first.type, Type(Base.DECIMAL)]) if first.type.base in NUMBERS else first.type
    scope = {"current": Type(source.type.base), "accumulator": start or first.type}
    body = checker.body(call, 1, scope, wants_truth=False)
    met = common([scope["accumulator"], body.type])
    if met is None:
        return checker.problem("rule.type_mismatch", f"The body gives {body.type}, the start {first.type}.", body.path)
    return checker.make(call, (source, body, first), met)


def _check_merge(checker: "Checker", call: "Call") -> Node:
    nodes = checker.values(call)
    met = common(Type(node.type.base) for node in nodes)
    if checker.is_typed and (met is None or met.base not in NUMBERS | OPEN | {Base.TEXT}):
        return checker.problem("rule.type_mismatch", "merge joins lists of one type.", call.path)
    if not checker.is_typed or met is None or met.base is Base.ANY:
        return checker.make(call, nodes, ANY)
    if met.base is Base.NULL:
        return checker.make(call, nodes, Type(Base.NULL, is_list=True))
    return checker.make(call, nodes, TEXT_LIST if met.base is Base.TEXT else NUMBER_LIST)


def _size(body: Node) -> int:
    """What one element costs of the step budget."""
    return sum(1 for _ in walk(body))


def _elements(value: object) -> Sequence[object]:
    return value if isinstance(value, (list, tuple)) else ()


def _quantifier(wanted: bool, found: bool, empty: bool) -> Callable[[Node, Sequence[Closure]], Closure]:
    """``found`` as soon as one element's truth is ``wanted``, its opposite at the end, ``empty`` for no elements."""

    def build(node: Node, args: Sequence[Closure]) -> Closure:
        source, body = args
        steps = _size(node.args[1])

        def value(frame: Frame) -> object:
            elements = _elements(source(frame))
            for element in elements:
                frame.spend(steps)
                if is_truthy(frame.within(element, body)) is wanted:
                    return found
            return (not found) if elements else empty

        return value

    return build


def _build_filter(node: Node, args: Sequence[Closure]) -> Closure:
    steps = _size(node.args[1])

    def value(frame: Frame) -> object:
        kept = []
        for element in _elements(args[0](frame)):
            frame.spend(steps)
            if is_truthy(frame.within(element, args[1])):
                kept.append(element)
        return kept

    return value


def _build_map(node: Node, args: Sequence[Closure]) -> Closure:
    steps = _size(node.args[1])

    def value(frame: Frame) -> object:
        made = []
        for element in _elements(args[0](frame)):
            frame.spend(steps)
            made.append(frame.within(element, args[1]))
        return made

    return value


def _build_reduce(node: Node, args: Sequence[Closure]) -> Closure:
    steps = _size(node.args[1])

    def value(frame: Frame) -> object:
        total = args[2](frame)
        for element in _elements(args[0](frame)):
            frame.spend(steps)
            total = frame.within({"current": element, "accumulator": total}, args[1])
        return total

    return value


def _build_merge(node: Node, args: Sequence[Closure]) -> Closure:
    def value(frame: Frame) -> object:
        joined: list[object] = []
        for arg in args:
            part = arg(frame)
            joined.extend(part if isinstance(part, (list, tuple)) else [part])
            frame.spend(len(joined))
        return joined

    return value


def _truth_quantifier(name: str) -> Callable[["Compiler", Node, bool], ColumnElement[bool]]:
    def truth(compiler: "Compiler", node: Node, is_total: bool) -> ColumnElement[bool]:
        source, body = node.args
        if source.operator != "var" or source.args:
            raise compiler.refusal(node, "its list has to be a field")

        def test(element: ColumnElement[Any]) -> ColumnElement[bool]:
            inside = compiler.inside(compiler.typed_element(element, source), body, is_total=name == "all")
            return compiler.negated(inside) if name == "all" else inside

        found = compiler.some_item(compiler.items_of(source), compiler.fresh_name(), test)
        if name == "some":
            return found
        if name == "none":
            return compiler.negated(found)
        return compiler.truth(source, True) & compiler.negated(found)

    return truth


def _refuse(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
    raise compiler.refusal(node, "it makes a new list, which only the rules of one customer may do")


def _say_in(speaker: "Speaker", node: Node) -> str:
    needle, haystack = node.args
    if haystack.operator == "list":
        return speaker.phrase("one_of", speaker.say(needle), speaker.say(haystack))
    return speaker.phrase("contains", speaker.say(haystack), speaker.say(needle))


def _say_quantifier(phrase: str) -> Callable[["Speaker", Node], str]:
    def say(speaker: "Speaker", node: Node) -> str:
        return speaker.phrase(phrase, *[speaker.say(arg) for arg in node.args])

    return say


def _say_merge(speaker: "Speaker", node: Node) -> str:
    return speaker.phrase(
        "merge", speaker.listed([speaker.say(arg) for arg in node.args]) or speaker.phrase("empty_list")
    )


OPERATORS = (
    Operator(
        "in",
        (2, 2),
        "Whether the first is an item of a list, or occurs in a text.",
        _check_in,
        build_in,
        _say_in,
        truth=truth_in,
    ),
    Operator(
        "contains", (2, 2), "in, with its operands the other way round.", _check_in, build_in, _say_in, truth=truth_in
    ),
    Operator(
        "all",
        (2, 2),
        "Whether the body is true for every element; false for an empty list.",
        _check_quantifier,
        _quantifier(False, False, False),
        _say_quantifier("all"),
        truth=_truth_quantifier("all"),
        is_scoped=True,
    ),
    Operator(
        "some",
        (2, 2),
        "Whether the body is true for an element.",
        _check_quantifier,
        _quantifier(True, True, False),
        _say_quantifier("some"),
        truth=_truth_quantifier("some"),
        is_scoped=True,
    ),
    Operator(
        "none",
        (2, 2),
        "Whether the body is true for no element; true for an empty list.",
        _check_quantifier,
        _quantifier(True, False, True),
        _say_quantifier("none"),
        truth=_truth_quantifier("none"),
        is_scoped=True,
    ),
    Operator(
        "filter",
        (2, 2),
        "The elements for which the body is true. One customer at a time only.",
        _check_filter,
        _build_filter,
        _say_quantifier("filter"),
        value=_refuse,
        is_scoped=True,
    ),
    Operator(
        "map",
        (2, 2),
        "The body's value for every element. One customer at a time only.",
        _check_map,
        _build_map,
        _say_quantifier("map"),
        value=_refuse,
        is_scoped=True,
    ),
    Operator(
        "reduce",
        (2, 3),
        "One value, made by the body from current and accumulator. One customer at a time only.",
        _check_reduce,
        _build_reduce,
        _say_quantifier("reduce"),
        value=_refuse,
        is_scoped=True,
    ),
    Operator(
        "merge",
        (0, None),
        "One list of all operands' items. One customer at a time only.",
        _check_merge,
        _build_merge,
        _say_merge,
        value=_refuse,
    ),
)
