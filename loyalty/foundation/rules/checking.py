"""From rule JSON to a typed tree: every operator, field and type is settled before anything runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from loyalty.foundation.rules.contracts import Expects, Field, Problem, Rule, Schema
from loyalty.foundation.rules.errors import RuleInvalid
from loyalty.foundation.rules.frame import zone_of
from loyalty.foundation.rules.literals import READERS, read_instant, read_local_instant
from loyalty.foundation.rules.memory import Memory
from loyalty.foundation.rules.operators.spec import Asks, Table
from loyalty.foundation.rules.operators.table import OPERATORS
from loyalty.foundation.rules.repairs import repair_of
from loyalty.foundation.rules.text import PROFILE_FIRST, PROFILE_LATEST, PROFILES, canonical, exact
from loyalty.foundation.rules.tree import Node, is_literal
from loyalty.foundation.rules.types import ANY, BOOLEAN, NUMBERS, OPEN, Base, Type, common

# Constants of the calendar that may stand for their midnight when they meet an instant.
_CALENDAR = frozenset({"literal", "days_ago", "today"})
_OF_PYTHON = {type(None): Base.NULL, bool: Base.BOOLEAN, str: Base.TEXT, int: Base.INTEGER, Decimal: Base.DECIMAL}

# What these give is asked for its truth wherever a yes or a no is wanted, as people write them: {"missing": ["city"]}.
_TRUTH_OPERATORS = frozenset({"and", "or", "if", "?:", "missing", "missing_some"})

_EXAMPLES = {
    Base.DATE: 'Write a day as "2026-11-20".',
    Base.DATETIME: 'Write an instant as "2026-11-20T08:00:00Z".',
    Base.DECIMAL: 'Write a number as 0.5 or "0.5".',
}

Scope = Mapping[str, Type]


@dataclass(frozen=True, slots=True)
class Call:
    """One use of an operator, before its operands are checked.

    ``wants_truth``: only whether the value is true matters here, so its operands may differ in type.
    """

    name: str
    raw: tuple[object, ...]
    path: str
    paths: tuple[str, ...]
    scope: Scope | None
    wants_truth: bool


class Checker:
    """Builds the tree of one rule and gathers everything wrong with it."""

    def __init__(self, schema: Schema | None, table: Table, profile: int = PROFILE_LATEST) -> None:
        self.schema = schema
        self.is_typed = schema is not None
        self.profile = profile
        self.zone = zone_under(schema, profile)
        self.problems: list[Problem] = []
        self._table = table

    def problem(self, code: str, message: str, path: str, repair: str = "") -> Node:
        """Note a problem; the node that stands in its place fits everywhere, so that one mistake is told once."""
        self.problems.append(Problem(code, message, path, repair))
        return Node("literal", (), ANY, path, None, is_typed=False)

    def node(self, raw: object, path: str, scope: Scope | None, *, wants_truth: bool = False) -> Node:
        """Check one expression."""
        if isinstance(raw, dict):
            return self._call(raw, path, scope, wants_truth=wants_truth)
        if isinstance(raw, (list, tuple)):
            return self._list(raw, path, scope)
        value = exact(raw) if isinstance(raw, (int, float, Decimal)) and not isinstance(raw, bool) else raw
        return self.literal(value, path)

    def literal(self, value: object, path: str, base: Base | None = None) -> Node:
        """A constant of the rule."""
        kind = Type(base or _OF_PYTHON[type(value)]) if self.is_typed else ANY
        return Node("literal", (), kind, path, value, self.is_typed)

    def make(self, call: Call, args: Sequence[Node], result: Type, value: object = None) -> Node:
        """The node of a checked call."""
        return Node(call.name, tuple(args), result if self.is_typed else ANY, call.path, value, self.is_typed)

    def values(self, call: Call) -> tuple[Node, ...]:
        """All operands, as values."""
        return tuple(self.value(call, index) for index in range(len(call.raw)))

    def value(self, call: Call, index: int) -> Node:
        """One operand, as a value."""
        return self.node(call.raw[index], call.paths[index], call.scope)

    def truth(self, call: Call, index: int) -> Node:
        """One operand of which only the truth matters."""
        return self.node(call.raw[index], call.paths[index], call.scope, wants_truth=True)

    def body(self, call: Call, index: int, scope: Scope, *, wants_truth: bool) -> Node:
        """An operand that sees an element instead of the facts."""
        return self.node(call.raw[index], call.paths[index], scope, wants_truth=wants_truth)

    @staticmethod
    def whole(raw: object) -> int | None:
        """A whole number written in the rule, also as 2.0; None for anything else."""
        if isinstance(raw, bool) or not isinstance(raw, (int, float, Decimal)):
            return None
        number = exact(raw)
        return number if isinstance(number, int) else None

    def require(self, nodes: Sequence[Node], allowed: frozenset[Base], what: str) -> tuple[Node, ...]:
        """Operands of one of these bases; texts are read as numbers or dates where those are asked for."""
        return tuple(self._required(node, allowed, what) for node in nodes)

    def require_list(self, node: Node, what: str) -> Node:
        """An operand that is a list."""
        if node.type.is_list or node.type.base in OPEN:
            return node
        return self.problem("rule.type_mismatch", f"{what} needs a list here, not {node.type}.", node.path)

    def align(self, call: Call, nodes: Sequence[Node]) -> tuple[Node, ...]:
        """Operands that are compared with each other, brought to one type."""
        lists = [node for node in nodes if node.type.is_list]
        if lists:
            repair = "Ask with in, contains, some, all or none."
            self.problem("rule.type_mismatch", f"{call.name} does not compare lists.", lists[0].path, repair)
            return tuple(nodes)
        target = self._meeting_base(nodes)
        if target is None:
            names = " and ".join(dict.fromkeys(str(node.type) for node in nodes if node.type.base is not Base.NULL))
            message = f"{call.name} cannot bring {names} together."
            self.problem("rule.type_mismatch", message, call.path, repair_of(nodes))
            return tuple(nodes)
        return tuple(self._as_base(node, target) for node in nodes)

    def unite(self, call: Call, nodes: Sequence[Node], *, may_differ: bool = False) -> tuple[tuple[Node, ...], Type]:
        """Operands of which one becomes the value, brought to one type, and that type.

        With ``may_differ`` only the truth of the value matters and the operands stay as they are.
        """
        if may_differ:
            return tuple(nodes), common(node.type for node in nodes) or ANY
        known = len(self.problems)
        aligned = tuple(nodes) if any(node.type.is_list for node in nodes) else self.align(call, nodes)
        met = common(node.type for node in aligned)
        if met is None and len(self.problems) == known:
            names = ", ".join(dict.fromkeys(str(node.type) for node in nodes))
            self.problem("rule.type_mismatch", f"{call.name} gives values of different types: {names}.", call.path)
        return aligned, met or ANY

    def _call(self, raw: dict[str, object], path: str, scope: Scope | None, *, wants_truth: bool) -> Node:
        name, operands = next(iter(raw.items()))
        operator = self._table.get(name)
        here = f"{path}/{name.replace('~', '~0').replace('/', '~1')}"
        if operator is None or operator.is_internal:
            return self.problem("rule.unknown_operator", f'The operator "{name[:60]}" is not known.', path)
        if not self._offers(operator.asks):
            return self.problem("rule.not_offered", f"{name} asks for {operator.asks}, which this rule may not.", path)
        is_listed = isinstance(operands, (list, tuple))
        given: tuple[object, ...] = tuple(operands) if isinstance(operands, (list, tuple)) else (operands,)
        least, most = operator.arity
        if len(given) < least or (most is not None and len(given) > most):
            return self.problem("rule.arity", f"{name} takes {_span(least, most)}, not {len(given)}.", path)
        paths = tuple(f"{here}/{index}" for index in range(len(given))) if is_listed else (here,)
        return operator.check(self, Call(name, given, path, paths, scope, wants_truth))

    def filter_rule(self, raw: object, path: str, fields: tuple[Field, ...]) -> Rule:
        """A rule within the rule, over the facts of an event; its problems become problems of this one."""
        inner = Checker(Schema(fields, zone=self.zone), self._table, self.profile)
        root = inner.node(raw, path, None, wants_truth=True)
        if not inner.problems:
            _check_expectation(inner, root, "boolean")
        self.problems += inner.problems
        return inner.rule(canonical(raw), "boolean", root)

    def rule(self, text: str, expects: Expects, root: Node) -> Rule:
        """The rule of a tree that this checker built."""
        mark = self.schema.fingerprint if self.schema else ""
        return Rule(text, mark, expects, self.profile, self.zone, str(root.type), self.schema, root)

    def _offers(self, asks: Asks) -> bool:
        """Whether the schema declares what an operator reads beyond facts."""
        if asks == "facts":
            return True
        if self.schema is None:
            return False
        return {
            "events": bool(self.schema.events),
            "segments": self.schema.segments is not None,
            "buckets": self.schema.has_buckets,
        }[asks]

    def _list(self, raw: Sequence[object], path: str, scope: Scope | None) -> Node:
        args = tuple(self.node(inner, f"{path}/{index}", scope) for index, inner in enumerate(raw))
        met = common(node.type for node in args)
        if self.is_typed and (met is None or any(node.type.is_list for node in args)):
            return self.problem("rule.type_mismatch", "The items of a list have one type, and are not lists.", path)
        return self.list_of(args, path)

    def list_of(self, args: tuple[Node, ...], path: str) -> Node:
        """A list node over checked items; its value is the constant list when every item is constant."""
        met = common(node.type for node in args) or ANY
        constant = [node.value for node in args] if all(is_literal(node) for node in args) else None
        kind = Type(met.base, is_list=True) if self.is_typed else ANY
        return Node("list", args, kind, path, constant, self.is_typed)

    def _meeting_base(self, nodes: Sequence[Node]) -> Base | None:
        bases = {node.type.base for node in nodes}
        if Base.ANY in bases:
            return Base.ANY
        fixed = {node.type.base for node in nodes if not (is_literal(node) and node.type.base is Base.TEXT)}
        fixed -= {Base.NULL}
        if fixed and fixed <= NUMBERS:
            return Base.DECIMAL
        if fixed == {Base.DATE, Base.DATETIME}:
            return Base.DATETIME
        if fixed == {Base.BOOLEAN} and Base.TEXT in bases:
            return None
        if len(fixed) > 1:
            return None
        return next(iter(fixed), Base.TEXT if Base.TEXT in bases else Base.NULL)

    def _as_base(self, node: Node, target: Base) -> Node:
        base = node.type.base
        if target is Base.DATETIME and base is Base.DATE:
            if node.operator in _CALENDAR:
                return Node("midnight", (node,), Type(Base.DATETIME), node.path)
            repair = 'Compare {"days_since": ...} of both, so that both count whole days.'
            return self.problem("rule.type_mismatch", "A day cannot be compared with an instant.", node.path, repair)
        if base is Base.TEXT and is_literal(node) and target in READERS:
            return self._read(node, target)
        return node

    def _read(self, node: Node, target: Base) -> Node:
        value = self.read_constant(str(node.value), target)
        if value is None:
            return self._unreadable(node, target)
        base = _OF_PYTHON.get(type(value), target)
        return replace(node, value=value, type=Type(base))

    def read_constant(self, text: str, target: Base) -> object:
        """A constant written as text under the type its neighbours ask for, or None; its clock is the zone's."""
        if target is Base.DATETIME:
            return read_local_instant(text, zone_of(self.zone))
        return READERS[target](text)

    def _unreadable(self, node: Node, target: Base) -> Node:
        said = f'"{str(node.value)[:60]}"'
        if target is Base.DATETIME and read_instant(str(node.value)) is not None:
            message = f"{said} was on the clocks of {self.zone} never or twice."
            return self.problem("rule.bad_literal", message, node.path, "Write its offset, such as +02:00.")
        return self.problem("rule.bad_literal", f"{said} is not a {target}.", node.path, _EXAMPLES.get(target, ""))

    def _required(self, node: Node, allowed: frozenset[Base], what: str) -> Node:
        if not node.type.is_list and (node.type.base in OPEN or node.type.base in allowed):
            return node
        if is_literal(node) and node.type.base is Base.TEXT:
            for base in (Base.DECIMAL, Base.DATE, Base.DATETIME):
                if base in allowed and self.read_constant(str(node.value), base) is not None:
                    return self._read(node, base)
        names = " or ".join(sorted(allowed))
        return self.problem("rule.type_mismatch", f"{what} needs {names} here, not {node.type}.", node.path)


_rules: Memory[tuple[str, str, str, int], Rule] = Memory(size_max=4_096)


def check(rule_json: object, schema: Schema | None, expects: Expects = "boolean", profile: int | None = None) -> Rule:
    """Check a rule against the fields it may read and give it its types.

    :param schema: the declared facts; None for the untyped mode, where operators convert as JavaScript does.
    :param profile: the profile under which the rule was saved; the schema's, and for a new rule the latest, when left
        out.
    :raises RuleInvalid: with every problem found, each with its code and place.
    :raises ValueError: there is no such profile.
    """
    if profile is None:
        profile = (schema.profile if schema is not None else None) or PROFILE_LATEST
    if profile not in PROFILES:
        raise ValueError(f"there is no profile {profile} of the rule language")
    text = canonical(rule_json)
    saved_under = profile
    key = (text, schema.fingerprint if schema else "", expects, saved_under)
    return _rules.get_or_make(key, lambda: _checked(rule_json, text, schema, expects, saved_under))


def zone_under(schema: Schema | None, profile: int) -> str:
    """The time zone in which a rule's days count: before profile 2 that was UTC, whatever the schema says."""
    return schema.zone if schema is not None and profile > PROFILE_FIRST else "UTC"


def _checked(rule_json: object, text: str, schema: Schema | None, expects: Expects, profile: int) -> Rule:
    checker = Checker(schema, OPERATORS, profile)
    root = checker.node(rule_json, "", None, wants_truth=checker.is_typed and expects == "boolean")
    if not checker.problems:
        _check_expectation(checker, root, expects)
    if checker.problems:
        raise RuleInvalid.of(checker.problems)
    return checker.rule(text, expects, root)


def _check_expectation(checker: Checker, root: Node, expects: Expects) -> None:
    kind = root.type
    if kind.base is Base.ANY:
        return
    if expects == "boolean" and kind != BOOLEAN and root.operator not in _TRUTH_OPERATORS:
        checker.problem("rule.not_boolean", f"The rule answers yes or no, but this gives {kind}.", root.path)
    if expects == "number" and (kind.is_list or kind.base not in NUMBERS):
        checker.problem("rule.not_number", f"The rule gives a number, but this gives {kind}.", root.path)


def _span(least: int, most: int | None) -> str:
    if most is None:
        return f"at least {least} operand{'s' if least != 1 else ''}"
    if least == most:
        return f"{least} operand{'s' if least != 1 else ''}"
    return f"{least} to {most} operands"
