"""From a checked rule to closures: one value for one set of facts, and the account of how it came about."""

from collections.abc import Mapping
from datetime import datetime
from decimal import DecimalException

from loyalty.foundation.rules.contracts import Field, History, Outcome, Rule, TraceStep
from loyalty.foundation.rules.errors import RuleFault
from loyalty.foundation.rules.facts import look_up
from loyalty.foundation.rules.frame import Closure, Frame
from loyalty.foundation.rules.loose import is_truthy
from loyalty.foundation.rules.memory import Memory
from loyalty.foundation.rules.operators.spec import Table
from loyalty.foundation.rules.operators.table import OPERATORS
from loyalty.foundation.rules.tree import Node, walk
from loyalty.foundation.rules.wording import speaker_for

_closures: Memory[Rule, "Program"] = Memory(size_max=4_096)


class Program:
    """A rule turned into closures: one per node, the root's computes the rule."""

    def __init__(self, root: Node, table: Table) -> None:
        self.root = root
        self._table = table
        self._of_node: dict[int, Closure] = {}
        self.run = self._build(root)

    def closure(self, node: Node) -> Closure:
        """What computes this node."""
        return self._of_node[id(node)]

    def _build(self, node: Node) -> Closure:
        args = [self._build(arg) for arg in node.args]
        closure = self._table[node.operator].build(node, args)
        self._of_node[id(node)] = closure
        return closure


def root_of(rule: Rule) -> Node:
    """The tree inside a rule."""
    if not isinstance(rule.root, Node):
        raise TypeError("a rule is made by check()")
    return rule.root


def evaluate(rule: Rule, facts: object, *, now: datetime, history: History | None = None) -> object:
    """The value of a rule for these facts.

    :param facts: a mapping of field names to values; in the untyped mode any JSON value.
    :param history: who answers for events, segments and buckets, where the rule asks for them.
    :raises RuleFault: the facts are of other types than declared, or a limit of the run was met, or nobody answers.
    """
    program = _program(rule)
    return _verdict(rule, run_safely(program.run, Frame(facts, now, rule.zone, history)))


def matches(rule: Rule | None, facts: object, *, now: datetime) -> bool:
    """Whether a rule is true for these facts; no rule is true for all.

    :raises RuleFault: as ``evaluate``.
    """
    return rule is None or is_truthy(evaluate(rule, facts, now=now))


def explain(
    rule: Rule, facts: object, *, now: datetime, history: History | None = None, language: str = "en"
) -> Outcome:
    """The value of a rule, with the value of every part of it and the parts on which it hung.

    Parts that short-circuiting passed over are computed too, so that every reason against is told, not only the first.

    :raises RuleFault: as ``evaluate``.
    """
    program = _program(rule)
    value = run_safely(program.run, Frame(facts, now, rule.zone, history))
    seen = _told(program.root)
    values = {id(node): _value_or_fault(program.closure(node), Frame(facts, now, rule.zone, history)) for node in seen}
    decisive = _decisive(program.root, values)
    told = [node for node in seen if node.operator != "literal" or id(node) in decisive]
    speaker = speaker_for(rule.schema, language)
    steps = [
        TraceStep(
            path=node.path,
            operator=node.operator,
            words=speaker.say(node),
            facts=_facts_read(node, facts),
            value=values[id(node)],
            is_decisive=id(node) in decisive,
        )
        for node in told
    ]
    return Outcome(_verdict(rule, value), tuple(steps))


def _verdict(rule: Rule, value: object) -> object:
    """A typed rule that answers yes or no gives just that, also where its outermost part gives one of its operands."""
    return is_truthy(value) if rule.schema is not None and rule.expects == "boolean" else value


def uses_fields(rule: Rule) -> frozenset[str]:
    """The names of the facts that a rule reads."""
    return frozenset(name for node in walk(root_of(rule)) for name in _names_read(node))


def _program(rule: Rule) -> Program:
    return _closures.get_or_make(rule, lambda: Program(root_of(rule), OPERATORS))


def run_safely(closure: Closure, frame: Frame) -> object:
    """The value of a closure; what arithmetic and the calendar cannot hold is a fault of the rule."""
    try:
        return closure(frame)
    except DecimalException as error:
        raise RuleFault("A number grew beyond the digits that are kept exactly.") from error
    except OverflowError as error:
        raise RuleFault("A date left the calendar.") from error


def _value_or_fault(closure: Closure, frame: Frame) -> object:
    """A part that was passed over may have no value; the rule as a whole has one."""
    try:
        return run_safely(closure, frame)
    except RuleFault:
        return None


def _told(node: Node) -> list[Node]:
    """The nodes that see the facts themselves, in the order of the rule; bodies of list operators do not."""
    line = OPERATORS[node.operator]
    nodes = [node]
    for index, arg in enumerate(node.args):
        if not (line.is_scoped and index == 1):
            nodes.extend(_told(arg))
    return nodes


def _decisive(root: Node, values: Mapping[int, object]) -> set[int]:
    """The nodes on which the value hung: follow the operators that pass a verdict on, stop at those that make one."""
    hung: set[int] = set()
    open_nodes = [root]
    while open_nodes:
        node = open_nodes.pop()
        choose = OPERATORS[node.operator].decisive
        if choose is None:
            hung.add(id(node))
        else:
            chosen = choose(node, [values[id(arg)] for arg in node.args])
            open_nodes.extend(node.args[index] for index in chosen)
    return hung


def _names_read(node: Node) -> list[str]:
    if node.operator == "var":
        return [node.value.name if isinstance(node.value, Field) else str(node.value)]
    if node.operator in ("missing", "missing_some") and not node.is_typed:
        constants = [arg.value for arg in walk(node) if arg.operator == "literal"]
        return [value for value in constants if isinstance(value, str)]
    return []


def _facts_read(node: Node, facts: object) -> dict[str, object]:
    names = dict.fromkeys(name for inner in walk(node) for name in _names_read(inner))
    return {name: look_up(facts, name) for name in names}
