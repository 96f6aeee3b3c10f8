"""What would have to change for a rule to come out otherwise: the smallest sets of conditions, with target values."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product

from loyalty.foundation.rules.contracts import Field, Flip, History, LeafChange, Rule
from loyalty.foundation.rules.errors import RuleFault
from loyalty.foundation.rules.evaluating import root_of, run_safely
from loyalty.foundation.rules.facts import look_up
from loyalty.foundation.rules.frame import Closure, Frame
from loyalty.foundation.rules.loose import is_truthy
from loyalty.foundation.rules.operators.table import OPERATORS
from loyalty.foundation.rules.searching import Axis, nearest
from loyalty.foundation.rules.tree import Node, is_literal, walk
from loyalty.foundation.rules.wording import Speaker, speaker_for

# Sets kept while they are put together; a rule of people has a handful of ways to come out otherwise.
_SETS_MAX = 24
_CHANGES_MAX = 12
_LOGIC = frozenset({"and", "or", "!", "!!", "if", "?:"})

Leaves = frozenset[int]


@dataclass(frozen=True)
class Measure:
    """What can be changed: a fact by its name, or the answer to a question beyond the facts."""

    operator: str
    subject: object

    @property
    def is_fact(self) -> bool:
        """Whether it is a fact."""
        return self.operator == "var"


class Trial:
    """Evaluates parts of one rule while facts and answers are changed."""

    def __init__(self, root: Node, facts: object, now: datetime, zone: str, history: History | None) -> None:
        self._facts = facts
        self.now = now
        self._zone = zone
        self._history = history
        self._changed: dict[Measure, object] = {}
        self._closures: dict[int, Closure] = {}
        self._build(root)

    def truth(self, node: Node, changed: Mapping[Measure, object]) -> bool | None:
        """The truth of a part under changes; None where it has no value."""
        try:
            return is_truthy(self.value(node, changed))
        except RuleFault:
            return None

    def value(self, node: Node, changed: Mapping[Measure, object]) -> object:
        """The value of a part under changes."""
        self._changed = dict(changed)
        facts = self._facts
        new = {str(one.subject): value for one, value in changed.items() if one.is_fact}
        if new:
            facts = {**(facts if isinstance(facts, Mapping) else {}), **new}
        return run_safely(self._closures[id(node)], Frame(facts, self.now, self._zone, self._history))

    def current(self, measure: Measure, node: Node) -> object:
        """What a measure is without changes."""
        if measure.is_fact:
            return look_up(self._facts, str(measure.subject))
        return self.value(node, {})

    def _build(self, node: Node) -> Closure:
        closure = OPERATORS[node.operator].build(node, [self._build(arg) for arg in node.args])
        if OPERATORS[node.operator].asks != "facts":
            closure = self._answering(measure_of(node), closure)
        self._closures[id(node)] = closure
        return closure

    def _answering(self, measure: Measure, ask: Closure) -> Closure:
        return lambda frame: self._changed[measure] if measure in self._changed else ask(frame)


def flips(
    rule: Rule, facts: object, *, now: datetime, history: History | None = None, language: str = "en", most: int = 5
) -> tuple[Flip, ...]:
    """The smallest sets of conditions that would have to change for a yes to become a no, or a no a yes.

    Every set was tried: with its target values the rule does come out otherwise. Only sets of the smallest number of
    changes are given, at most ``most`` of them, in the order of the rule; none where nothing that can change decides
    (a bucket, a constant).

    :raises RuleFault: the rule has no value for these facts.
    """
    root = root_of(rule)
    trial = Trial(root, facts, now, rule.zone, history)
    verdict = is_truthy(trial.value(root, {}))
    leaves = {id(node): node for node in _leaves(root)}
    truths = {key: trial.truth(node, {}) for key, node in leaves.items()}
    speaker = speaker_for(rule.schema, language)
    found: list[Flip] = []
    for chosen in _sets(root, not verdict, truths):
        if not chosen or (found and len(chosen) > len(found[0].changes)) or len(found) == most:
            continue
        nodes = [node for key, node in leaves.items() if key in chosen]
        changed = _solve(trial, root, nodes, truths, verdict)
        if changed is not None:
            found.append(_flip(trial, speaker, nodes, truths, changed))
    return tuple(found)


def measure_of(node: Node) -> Measure:
    """What a node that reads can be changed by."""
    return Measure("var", node.value.name) if isinstance(node.value, Field) else Measure(node.operator, node.value)


def _leaves(node: Node) -> list[Node]:
    if node.operator not in _LOGIC:
        return [] if is_literal(node) else [node]
    return [leaf for arg in node.args for leaf in _leaves(arg)]


def _sets(node: Node, wanted: bool, truths: Mapping[int, bool | None]) -> list[Leaves]:
    """The sets of conditions after whose change the node's truth is as wanted, small ones first."""
    if is_literal(node):
        return [frozenset()] if is_truthy(node.value) is wanted else []
    if node.operator not in _LOGIC:
        return [frozenset()] if truths[id(node)] is wanted else [frozenset({id(node)})]
    if node.operator in ("!", "!!"):
        return _sets(node.args[0], wanted if node.operator == "!!" else not wanted, truths)
    if node.operator in ("if", "?:"):
        return _sets_of_choice(node.args, wanted, truths)
    parts = [_sets(arg, wanted, truths) for arg in node.args]
    return _all_of(parts) if wanted is (node.operator == "and") else _one_of(parts)


def _sets_of_choice(args: Sequence[Node], wanted: bool, truths: Mapping[int, bool | None]) -> list[Leaves]:
    """A choice comes out as wanted by one of its values, whose condition holds while those before do not."""
    ways, before = [], list[list[Leaves]]()
    for index in range(0, len(args) - 1, 2):
        ways.append(_all_of([*before, _sets(args[index], True, truths), _sets(args[index + 1], wanted, truths)]))
        before.append(_sets(args[index], False, truths))
    if len(args) % 2:
        ways.append(_all_of([*before, _sets(args[-1], wanted, truths)]))
    elif not wanted:
        ways.append(_all_of(before))
    return _one_of(ways)


def _all_of(parts: Sequence[list[Leaves]]) -> list[Leaves]:
    joined: list[Leaves] = [frozenset()]
    for part in parts:
        joined = _smallest(one | other for one, other in product(joined, part))
    return joined


def _one_of(parts: Sequence[list[Leaves]]) -> list[Leaves]:
    return _smallest(one for part in parts for one in part)


def _smallest(sets: Iterable[Leaves]) -> list[Leaves]:
    """Without those that hold another one, the small ones first."""
    kept: list[Leaves] = []
    for one in sorted(dict.fromkeys(sets), key=len):
        if len(one) <= _CHANGES_MAX and not any(other <= one for other in kept):
            kept.append(one)
    return kept[:_SETS_MAX]


def _solve(
    trial: Trial, root: Node, nodes: Sequence[Node], truths: Mapping[int, bool | None], verdict: bool
) -> dict[Measure, object] | None:
    """Values for what these conditions measure, under which they all change and the rule with them."""
    changed: dict[Measure, object] = {}
    for node in nodes:
        if trial.truth(node, changed) is not truths[id(node)]:
            continue
        for measured in _measured(node):
            measure = measure_of(measured)
            sharing = [one for one in nodes if any(measure_of(other) == measure for other in _measured(one))]
            alone = [one for one in sharing if len(_measured(one)) == 1] or [node]

            def is_changed(value: object, measure: Measure = measure, alone: Sequence[Node] = alone) -> bool:
                trying = {**changed, measure: value}
                return all(trial.truth(one, trying) is (not truths[id(one)]) for one in alone)

            found = _value(trial, root, measured, measure, is_changed)
            if found is not None:
                changed[measure] = found.value
                break
        else:
            return None
    if trial.truth(root, changed) is (not verdict):
        return changed
    return _again(trial, root, nodes, verdict) if len(nodes) == 1 else None


def _again(trial: Trial, root: Node, nodes: Sequence[Node], verdict: bool) -> dict[Measure, object] | None:
    """The changed fact changed another condition back: look for a value that changes the rule itself."""
    for measured in _measured(nodes[0]):
        measure = measure_of(measured)

        def is_flipped(value: object, measure: Measure = measure) -> bool:
            return trial.truth(root, {measure: value}) is (not verdict)

        found = _value(trial, root, measured, measure, is_flipped)
        if found is not None:
            return {measure: found.value}
    return None


@dataclass(frozen=True)
class _Found:
    value: object


def _value(
    trial: Trial, root: Node, measured: Node, measure: Measure, is_wanted: Callable[[object], bool]
) -> _Found | None:
    """The nearest value of a measure for which the test holds."""
    axis = Axis.of(measured, root, trial.current(measure, measured), trial.now)
    value = nearest(axis, lambda one: _is_possible(measure, one) and is_wanted(one))
    return None if value is Axis.NOTHING else _Found(value)


def _is_possible(measure: Measure, value: object) -> bool:
    """Whether an answer beyond the facts could ever be this: counts are known, and neither counts nor days negative."""
    if value is None:
        return measure.operator not in ("events_count", "events_sum", "in_segment")
    is_counted = measure.operator in ("events_count", "events_last_days")
    return not is_counted or (isinstance(value, int) and value >= 0)


def _measured(node: Node) -> list[Node]:
    """The nodes below a condition whose values can change, each measure once; a bucket never changes."""
    found: dict[Measure, Node] = {}
    for inner in walk(node):
        is_asked = OPERATORS[inner.operator].asks in ("events", "segments")
        if is_asked or isinstance(inner.value, Field):
            found.setdefault(measure_of(inner), inner)
    return list(found.values())


def _flip(
    trial: Trial,
    speaker: Speaker,
    nodes: Sequence[Node],
    truths: Mapping[int, bool | None],
    changed: Mapping[Measure, object],
) -> Flip:
    changes = tuple(_change(trial, speaker, node, not truths[id(node)]) for node in nodes)
    facts = {str(one.subject): value for one, value in changed.items() if one.is_fact}
    return Flip(changes, facts if len(facts) == len(changed) else {})


_WHEN_TRUE = {"<": "below", "<=": "at_most", ">": "above", ">=": "at_least", "==": "equal", "!=": "different"}
_OPPOSITE = {
    "below": "at_least",
    "at_most": "above",
    "above": "at_most",
    "at_least": "below",
    "equal": "different",
    "different": "equal",
}
_MIRRORED = {"below": "above", "at_most": "at_least", "above": "below", "at_least": "at_most"}


def _change(trial: Trial, speaker: Speaker, node: Node, wanted: bool) -> LeafChange:
    """How a condition has to change, and what it reads now."""
    words = speaker.say(node)
    facts = {
        str(measure_of(one).subject): trial.current(measure_of(one), one)
        for one in _measured(node)
        if measure_of(one).is_fact
    }
    requirement, target, side = _requirement(trial, node, wanted)
    value = None if side is None else trial.value(side, {})
    if side is None:
        said = speaker.phrase("must_hold" if wanted else "must_not_hold", words)
    elif requirement in ("known", "unknown"):
        said = speaker.phrase(f"must_be_{requirement}", speaker.say(side))
    else:
        told = (
            speaker.listed([speaker.constant(one) for one in target])
            if isinstance(target, tuple)
            else speaker.constant(target)
        )
        now = speaker.phrase("not_known") if value is None else speaker.constant(value)
        said = speaker.phrase(f"must_be_{requirement}", speaker.say(side), told, now)
    return LeafChange(node.path, words, facts, value, requirement, target, said)


def _requirement(trial: Trial, node: Node, wanted: bool) -> tuple[str, object, Node | None]:
    """What a condition asks of which side, where it compares one side that can change with one that cannot."""
    fallback = ("true" if wanted else "false", None, None)
    operator = {"===": "==", "!==": "!="}.get(node.operator, node.operator)
    if operator in ("in", "contains") and node.args[1].operator == "list" and isinstance(node.args[1].value, list):
        return ("one_of" if wanted else "none_of"), tuple(node.args[1].value), node.args[0]
    if operator not in _WHEN_TRUE:
        return fallback
    if len(node.args) == 3:
        return _requirement_of_between(trial, node, wanted) or fallback
    left, right = node.args
    requirement = _WHEN_TRUE[operator] if wanted else _OPPOSITE[_WHEN_TRUE[operator]]
    if _measured(left) and not _measured(right):
        side, target = left, trial.value(right, {})
    elif _measured(right) and not _measured(left):
        side, target = right, trial.value(left, {})
        requirement = _MIRRORED.get(requirement, requirement)
    else:
        return fallback
    if target is None:
        return ("unknown" if requirement == "equal" else "known"), None, side
    return requirement, target, side


def _requirement_of_between(trial: Trial, node: Node, wanted: bool) -> tuple[str, object, Node] | None:
    """Between: the end that is missed has to be reached; to leave it either would do, so that is said in words."""
    low, side, high = node.args
    value, least, greatest = (trial.value(one, {}) for one in (side, low, high))
    if not wanted or _measured(low) or _measured(high) or value is None or least is None or greatest is None:
        return None
    strict = node.operator == "<"
    is_below = value <= least if strict else value < least  # type: ignore[operator]
    if is_below:
        return ("above" if strict else "at_least"), least, side
    return ("below" if strict else "at_most"), greatest, side
