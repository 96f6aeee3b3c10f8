"""Operators that read: facts, constants, what is missing, the first that is known."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, case, false, func, or_, true

from loyalty.foundation.rules.contracts import Field
from loyalty.foundation.rules.facts import look_up, reader_of, walk_path
from loyalty.foundation.rules.frame import Closure, Frame
from loyalty.foundation.rules.operators.spec import Operator
from loyalty.foundation.rules.tree import Node
from loyalty.foundation.rules.types import NULL, OF_FIELD, TEXT_LIST, Base, Type

if TYPE_CHECKING:
    from loyalty.foundation.rules.checking import Call, Checker
    from loyalty.foundation.rules.compiling import Compiler
    from loyalty.foundation.rules.wording import Speaker


def _check_var(checker: "Checker", call: "Call") -> Node:
    name = call.raw[0] if call.raw else ""
    defaults = [checker.value(call, 1)] if len(call.raw) > 1 else []
    if isinstance(name, (dict, list, tuple)):
        return _dynamic_var(checker, call, defaults)
    path = "" if name is None else str(name)
    if call.scope is not None:
        return _item(checker, call, path, defaults)
    if checker.schema is None:
        return checker.make(call, defaults, NULL, path)
    field = checker.schema.by_name.get(path)
    if field is None:
        return checker.problem("rule.unknown_field", f'There is no field "{path[:60]}".', call.path)
    read = Node("var", (), OF_FIELD[field.type], call.path, field)
    if not defaults:
        return read
    nodes, kind = checker.unite(call, (read, defaults[0]))
    return Node("var", nodes[1:], kind, call.path, field)


def _dynamic_var(checker: "Checker", call: "Call", defaults: list[Node]) -> Node:
    """A computed name: only without a schema, because a checked rule says beforehand what it reads."""
    if checker.is_typed:
        return checker.problem("rule.bad_literal", "A field is named by a text, not computed.", call.path)
    return Node("item", (checker.value(call, 0), *defaults), NULL, call.path, None, is_typed=False)


def _item(checker: "Checker", call: "Call", path: str, defaults: list[Node]) -> Node:
    """The element that a list operator's body sees."""
    name = checker.literal(path, call.path, Base.TEXT)
    if not checker.is_typed:
        return Node("item", (name, *defaults), NULL, call.path, path, is_typed=False)
    known = call.scope or {}
    if path not in known:
        names = " or ".join(f'"{one}"' for one in known)
        return checker.problem("rule.unknown_field", f'Inside a list only {names} is in view, not "{path}".', call.path)
    nodes, kind = checker.unite(call, [Node("item", (), known[path], call.path), *defaults])
    return Node("item", (name, *nodes[1:]), kind, call.path, path)


def _build_var(node: Node, args: Sequence[Closure]) -> Closure:
    read = reader_of(node.value) if node.is_typed else None  # type: ignore[arg-type]
    name = str(node.value)

    def plain(frame: Frame) -> object:
        return read(frame.data) if read is not None else walk_path(frame.data, name)

    if read is not None and not args:
        return lambda frame: read(frame.data)
    if not args:
        return plain
    default = args[0]

    def with_default(frame: Frame) -> object:
        value = plain(frame)
        return default(frame) if value is None else value

    return with_default


def _build_item(node: Node, args: Sequence[Closure]) -> Closure:
    def read(frame: Frame) -> object:
        value = walk_path(frame.data, args[0](frame))
        return args[1](frame) if value is None and len(args) > 1 else value

    return read


def _sql_var(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
    if not node.args:
        return compiler.column(node)
    return func.coalesce(*compiler.united((replace(node, args=(), type=_declared(node)), *node.args)))


def _declared(node: Node) -> Type:
    """The type of the fact itself, which a default may widen."""
    return OF_FIELD[node.value.type] if isinstance(node.value, Field) else node.type


def _sql_item(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
    if len(node.args) == 1:
        return compiler.item(node)
    return func.coalesce(*compiler.united((replace(node, args=node.args[:1]), node.args[1])))


def _say_var(speaker: "Speaker", node: Node) -> str:
    label = speaker.label(node)
    return speaker.phrase("var_default", label, speaker.say(node.args[0])) if node.args else label


def _say_item(speaker: "Speaker", node: Node) -> str:
    return speaker.phrase(f"item_{node.value}" if node.value in ("current", "accumulator") else "item")


def _check_internal(checker: "Checker", call: "Call") -> Node:
    return checker.problem("rule.unknown_operator", f'The operator "{call.name}" is not known.', call.path)


def _build_literal(node: Node, args: Sequence[Closure]) -> Closure:
    value = node.value
    return lambda frame: value


def _build_list(node: Node, args: Sequence[Closure]) -> Closure:
    constant = node.value
    if isinstance(constant, list):
        return lambda frame: constant
    return lambda frame: [arg(frame) for arg in args]


def _check_missing(checker: "Checker", call: "Call") -> Node:
    if not checker.is_typed:
        return checker.make(call, checker.values(call), TEXT_LIST)
    names = call.raw[0] if len(call.raw) == 1 and isinstance(call.raw[0], (list, tuple)) else call.raw
    return _missing_fields(checker, call, names, 1)


def _check_missing_some(checker: "Checker", call: "Call") -> Node:
    if not checker.is_typed:
        return checker.make(call, checker.values(call), TEXT_LIST)
    least, names = checker.whole(call.raw[0]), call.raw[1]
    if not isinstance(names, (list, tuple)):
        return checker.problem("rule.bad_literal", "missing_some takes a number and a list of fields.", call.path)
    if least is None or not 1 <= least <= len(names):
        return checker.problem(
            "rule.bad_literal", "missing_some counts between 1 and the number of its fields.", call.path
        )
    return _missing_fields(checker, call, names, least)


def _missing_fields(checker: "Checker", call: "Call", names: Sequence[object], least: int) -> Node:
    if checker.schema is None or call.scope is not None:
        return checker.problem("rule.unknown_field", "Inside a list no field is in view.", call.path)
    fields = []
    for name in names:
        if not isinstance(name, str):
            return checker.problem("rule.bad_literal", "A field is named by a text, not computed.", call.path)
        field = checker.schema.by_name.get(name)
        if field is None:
            return checker.problem("rule.unknown_field", f'There is no field "{name[:60]}".', call.path)
        fields.append(Node("var", (), OF_FIELD[field.type], call.path, field))
    if not fields:
        return checker.problem("rule.arity", f"{call.name} names at least one field.", call.path)
    return Node(call.name, tuple(fields), TEXT_LIST, call.path, least)


def is_missing(value: object) -> bool:
    """Null and the empty text are missing; 0 and false are not."""
    return value is None or value == ""


def _names(values: Sequence[object]) -> Sequence[object]:
    """JavaScript takes the names as operands or as one list, for example from ``merge``."""
    return values[0] if values and isinstance(values[0], (list, tuple)) else values


def _build_missing(node: Node, args: Sequence[Closure]) -> Closure:
    if node.is_typed:
        names = [str(getattr(arg.value, "name", "")) for arg in node.args]
        return lambda frame: [name for name in names if is_missing(look_up(frame.data, name))]

    def missing(frame: Frame) -> object:
        return [name for name in _names([arg(frame) for arg in args]) if is_missing(walk_path(frame.data, name))]

    return missing


def _build_missing_some(node: Node, args: Sequence[Closure]) -> Closure:
    if node.is_typed:
        fields = [str(getattr(arg.value, "name", "")) for arg in node.args]
        needed = int(str(node.value))

        def typed(frame: Frame) -> object:
            absent = [name for name in fields if is_missing(look_up(frame.data, name))]
            return [] if len(fields) - len(absent) >= needed else absent

        return typed

    def untyped(frame: Frame) -> object:
        least, names = args[0](frame), args[1](frame)
        wanted = list(names) if isinstance(names, (list, tuple)) else []
        absent = [name for name in wanted if is_missing(walk_path(frame.data, name))]
        return [] if isinstance(least, int) and len(wanted) - len(absent) >= least else absent

    return untyped


def _absent(compiler: "Compiler", node: Node) -> ColumnElement[bool]:
    if node.type.base is Base.TEXT and not node.type.is_list:
        return or_(compiler.is_unknown(node), compiler.is_empty(node))
    return compiler.is_unknown(node)


def _truth_missing(compiler: "Compiler", node: Node, is_total: bool) -> ColumnElement[bool]:
    return or_(*[_absent(compiler, arg) for arg in node.args])


def _truth_missing_some(compiler: "Compiler", node: Node, is_total: bool) -> ColumnElement[bool]:
    present = [case((compiler.condition(_absent(compiler, arg)), 0), else_=1) for arg in node.args]
    total: ColumnElement[Any] = present[0]
    for one in present[1:]:
        total = total + one
    return total < int(str(node.value))


def _refuse_value(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
    raise compiler.refusal(node, "its list has no form in SQL; ask only whether anything is missing")


def _say_missing(speaker: "Speaker", node: Node) -> str:
    labels = [speaker.label(arg) if node.is_typed else speaker.say(arg) for arg in node.args]
    return speaker.phrase("missing", speaker.either(labels))


def _say_missing_some(speaker: "Speaker", node: Node) -> str:
    if not node.is_typed:
        return speaker.phrase("missing_some", speaker.say(node.args[0]), speaker.say(node.args[1]))
    labels = [speaker.label(arg) for arg in node.args]
    return speaker.phrase("missing_some", str(node.value), speaker.listed(labels))


def _check_coalesce(checker: "Checker", call: "Call") -> Node:
    nodes, kind = checker.unite(call, checker.values(call))
    return checker.make(call, nodes, kind)


def _build_coalesce(node: Node, args: Sequence[Closure]) -> Closure:
    def first_known(frame: Frame) -> object:
        for arg in args:
            value = arg(frame)
            if value is not None:
                return value
        return None

    return first_known


def _sql_coalesce(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
    return func.coalesce(*compiler.united(node.args))


def _say_coalesce(speaker: "Speaker", node: Node) -> str:
    return speaker.phrase("coalesce", speaker.listed([speaker.say(arg) for arg in node.args]))


def _sql_literal(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
    return compiler.constant(node.value)


def _sql_list(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
    raise compiler.refusal(node, "a list stands in SQL only as the second operand of in")


def _truth_list(compiler: "Compiler", node: Node, is_total: bool) -> ColumnElement[bool]:
    return true() if node.args else false()


def _say_literal(speaker: "Speaker", node: Node) -> str:
    return speaker.constant(node.value)


def _say_list(speaker: "Speaker", node: Node) -> str:
    return speaker.listed([speaker.say(arg) for arg in node.args]) or speaker.phrase("empty_list")


OPERATORS = (
    Operator(
        "var",
        (0, 2),
        "The fact of this name; the second operand stands in for null or absence.",
        _check_var,
        _build_var,
        _say_var,
        value=_sql_var,
    ),
    Operator(
        "missing",
        (0, None),
        "The names of those fields that are null or an empty text.",
        _check_missing,
        _build_missing,
        _say_missing,
        value=_refuse_value,
        truth=_truth_missing,
    ),
    Operator(
        "missing_some",
        (2, 2),
        "The missing names, unless at least so many are present.",
        _check_missing_some,
        _build_missing_some,
        _say_missing_some,
        value=_refuse_value,
        truth=_truth_missing_some,
    ),
    Operator(
        "??",
        (1, None),
        "The first operand that is not null.",
        _check_coalesce,
        _build_coalesce,
        _say_coalesce,
        value=_sql_coalesce,
    ),
    Operator(
        "item",
        (0, 2),
        "The element in view.",
        _check_internal,
        _build_item,
        _say_item,
        value=_sql_item,
        is_internal=True,
    ),
    Operator(
        "literal",
        (0, 0),
        "A constant.",
        _check_internal,
        _build_literal,
        _say_literal,
        value=_sql_literal,
        is_internal=True,
    ),
    Operator(
        "list",
        (0, None),
        "A list.",
        _check_internal,
        _build_list,
        _say_list,
        value=_sql_list,
        truth=_truth_list,
        is_internal=True,
    ),
)
