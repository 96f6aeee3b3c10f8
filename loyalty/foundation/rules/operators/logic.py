"""Operators of truth: and, or, not, if."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, case, false, not_, null, or_

from loyalty.foundation.rules.frame import Closure, Frame
from loyalty.foundation.rules.loose import is_truthy
from loyalty.foundation.rules.operators.spec import Operator
from loyalty.foundation.rules.tree import Node
from loyalty.foundation.rules.types import BOOLEAN

if TYPE_CHECKING:
    from loyalty.foundation.rules.checking import Call, Checker
    from loyalty.foundation.rules.compiling import Compiler
    from loyalty.foundation.rules.wording import Speaker


def _check_junction(checker: "Checker", call: "Call") -> Node:
    """``and`` and ``or`` give one of their operands, so these share a type unless only their truth matters."""
    if call.wants_truth:
        nodes = tuple(checker.truth(call, index) for index in range(len(call.raw)))
    else:
        nodes = checker.values(call)
    nodes, kind = checker.unite(call, nodes, may_differ=call.wants_truth)
    return checker.make(call, nodes, kind)


def _all_boolean(nodes: Sequence[Node]) -> bool:
    return all(node.type == BOOLEAN for node in nodes)


def _build_and(node: Node, args: Sequence[Closure]) -> Closure:
    def conjunction(frame: Frame) -> object:
        value: object = None
        for arg in args:
            value = arg(frame)
            if not is_truthy(value):
                return value
        return value

    return conjunction


def _build_or(node: Node, args: Sequence[Closure]) -> Closure:
    def disjunction(frame: Frame) -> object:
        value: object = None
        for arg in args:
            value = arg(frame)
            if is_truthy(value):
                return value
        return value

    return disjunction


def _truth_and(compiler: "Compiler", node: Node, is_total: bool) -> ColumnElement[bool]:
    return and_(*[compiler.truth(arg, is_total) for arg in node.args])


def _truth_or(compiler: "Compiler", node: Node, is_total: bool) -> ColumnElement[bool]:
    return or_(*[compiler.truth(arg, is_total) for arg in node.args])


def _are_verdicts(compiler: "Compiler", node: Node) -> bool:
    """Whether every operand is a yes or a no and never null: then the operand given is the verdict itself."""
    return _all_boolean(node.args) and all(compiler.is_never_null(arg) for arg in node.args)


def _value_and(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
    """The first operand that is not true, else the last one."""
    if _are_verdicts(compiler, node):
        return compiler.verdict(_truth_and(compiler, node, True))
    *before, last = compiler.united(node.args)
    branches = [
        (compiler.condition(not_(compiler.truth(arg, True))), value)
        for arg, value in zip(node.args, before, strict=False)
    ]
    return case(*branches, else_=last) if branches else last


def _value_or(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
    """The first operand that is true, else the last one."""
    if _are_verdicts(compiler, node):
        return compiler.verdict(_truth_or(compiler, node, True))
    *before, last = compiler.united(node.args)
    branches = [
        (compiler.condition(compiler.truth(arg, False)), value) for arg, value in zip(node.args, before, strict=False)
    ]
    return case(*branches, else_=last) if branches else last


def _decisive_and(node: Node, values: Sequence[object]) -> Sequence[int]:
    """A false conjunction hangs on every operand that is false, a true one on all."""
    against = [index for index, value in enumerate(values) if not is_truthy(value)]
    return against or range(len(values))


def _decisive_or(node: Node, values: Sequence[object]) -> Sequence[int]:
    """A true disjunction hangs on every operand that is true, a false one on all."""
    for_it = [index for index, value in enumerate(values) if is_truthy(value)]
    return for_it or range(len(values))


def _check_not(checker: "Checker", call: "Call") -> Node:
    return checker.make(call, (checker.truth(call, 0),), BOOLEAN)


def _build_not(node: Node, args: Sequence[Closure]) -> Closure:
    operand = args[0]
    return lambda frame: not is_truthy(operand(frame))


def _build_is_true(node: Node, args: Sequence[Closure]) -> Closure:
    operand = args[0]
    return lambda frame: is_truthy(operand(frame))


def truth_not(compiler: "Compiler", node: Node, is_total: bool) -> ColumnElement[bool]:
    """NOT over a truth that is never NULL: NOT NULL would be NULL where the rule says true."""
    return compiler.negated(compiler.truth(node.args[0], True))


def _truth_is_true(compiler: "Compiler", node: Node, is_total: bool) -> ColumnElement[bool]:
    return compiler.truth(node.args[0], is_total)


def _decisive_operand(node: Node, values: Sequence[object]) -> Sequence[int]:
    return (0,)


def _check_if(checker: "Checker", call: "Call") -> Node:
    count = len(call.raw)
    if checker.is_typed and count < 2:
        return checker.problem("rule.arity", f"{call.name} takes a condition and a value.", call.path)
    nodes, results = [], []
    for index in range(count):
        is_condition = index % 2 == 0 and index + 1 < count
        read = checker.truth if is_condition or call.wants_truth else checker.value
        nodes.append(read(call, index))
        if not is_condition:
            results.append(len(nodes) - 1)
    chosen, kind = checker.unite(call, [nodes[index] for index in results], may_differ=call.wants_truth)
    for index, node in zip(results, chosen, strict=True):
        nodes[index] = node
    return checker.make(call, nodes, kind)


def _build_if(node: Node, args: Sequence[Closure]) -> Closure:
    pairs = [(args[index], args[index + 1]) for index in range(0, len(args) - 1, 2)]
    otherwise = args[-1] if len(args) % 2 else None

    def choice(frame: Frame) -> object:
        for condition, result in pairs:
            if is_truthy(condition(frame)):
                return result(frame)
        return otherwise(frame) if otherwise is not None else None

    return choice


def _branches(node: Node) -> tuple[list[tuple[Node, Node]], Node | None]:
    args = node.args
    pairs = [(args[index], args[index + 1]) for index in range(0, len(args) - 1, 2)]
    return pairs, args[-1] if len(args) % 2 else None


def _truth_if(compiler: "Compiler", node: Node, is_total: bool) -> ColumnElement[bool]:
    pairs, otherwise = _branches(node)
    branches = [
        (compiler.condition(compiler.truth(condition, False)), compiler.verdict(compiler.truth(result, is_total)))
        for condition, result in pairs
    ]
    last = compiler.truth(otherwise, is_total) if otherwise is not None else false()
    return compiler.as_test(case(*branches, else_=compiler.verdict(last)) if branches else compiler.verdict(last))


def _value_if(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
    pairs, otherwise = _branches(node)
    results = [result for _, result in pairs] + ([otherwise] if otherwise is not None else [])
    values = compiler.united(results)
    branches = [
        (compiler.condition(compiler.truth(condition, False)), value)
        for (condition, _), value in zip(pairs, values, strict=False)
    ]
    last = values[-1] if otherwise is not None else null()
    return case(*branches, else_=last) if branches else last


def _decisive_if(node: Node, values: Sequence[object]) -> Sequence[int]:
    """The conditions up to the one that held, and the value it chose."""
    hung: list[int] = []
    for index in range(0, len(values) - 1, 2):
        hung.append(index)
        if is_truthy(values[index]):
            return [*hung, index + 1]
    return [*hung, len(values) - 1] if len(values) % 2 else hung


def _say_and(speaker: "Speaker", node: Node) -> str:
    return speaker.joined("and", node.args)


def _say_or(speaker: "Speaker", node: Node) -> str:
    return speaker.joined("or", node.args)


def _say_not(speaker: "Speaker", node: Node) -> str:
    inner = node.args[0]
    if inner.operator == "missing":
        labels = [speaker.label(arg) if arg.is_typed else speaker.say(arg) for arg in inner.args]
        return speaker.phrase("present", speaker.both(labels))
    return speaker.phrase("not", speaker.say(inner))


def _say_is_true(speaker: "Speaker", node: Node) -> str:
    return speaker.say(node.args[0])


def _say_if(speaker: "Speaker", node: Node) -> str:
    pairs, otherwise = _branches(node)
    said = speaker.listed([speaker.phrase("if", speaker.say(when), speaker.say(then)) for when, then in pairs])
    last = speaker.say(otherwise) if otherwise is not None else speaker.phrase("nothing")
    return speaker.phrase("otherwise", said, last) if pairs else last


OPERATORS = (
    Operator(
        "and",
        (1, None),
        "The first operand that is not true, else the last.",
        _check_junction,
        _build_and,
        _say_and,
        _value_and,
        _truth_and,
        _decisive_and,
    ),
    Operator(
        "or",
        (1, None),
        "The first operand that is true, else the last.",
        _check_junction,
        _build_or,
        _say_or,
        _value_or,
        _truth_or,
        _decisive_or,
    ),
    Operator(
        "!",
        (1, 1),
        "True where the operand is not.",
        _check_not,
        _build_not,
        _say_not,
        None,
        truth_not,
        _decisive_operand,
    ),
    Operator(
        "!!",
        (1, 1),
        "Whether the operand is true.",
        _check_not,
        _build_is_true,
        _say_is_true,
        None,
        _truth_is_true,
        _decisive_operand,
    ),
    Operator(
        "if",
        (0, None),
        "The value after the first condition that holds, else the last value, else null.",
        _check_if,
        _build_if,
        _say_if,
        _value_if,
        _truth_if,
        _decisive_if,
    ),
    Operator("?:", (0, None), "The same as if.", _check_if, _build_if, _say_if, _value_if, _truth_if, _decisive_if),
)
