"""Rules over a customer in a journey: yes, no, or not known, and why.

The rule language itself knows two answers: order against null is false. In a journey that would send everybody of whom
nothing is known down "no" without a word, so that a condition is taken apart at its ``and``, ``or`` and ``!``, and a
part is not known when a fact that it reads is missing without that meaning anything (Kleene's strong logic: "no" and
"not known" is no, "yes" or "not known" is yes).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from loyalty.foundation.rules import api as rules
from loyalty.foundation.rules.contracts import FieldType
from loyalty.journeys.policy.reasons import Reason, say

EVENT_PREFIX, CONTEXT_PREFIX = "event.", "context."
# What asks for absence itself, so that a missing fact is an answer.
_GUARDS = frozenset({"missing", "missing_some", "??"})
# The types in which a path of the context is tried, until the rule reads well.
_GUESSES = (
    FieldType.TEXT, FieldType.DECIMAL, FieldType.BOOLEAN, FieldType.DATETIME, FieldType.TEXT_LIST,
    FieldType.NUMBER_LIST,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scope:
    """What the rules of a journey may read.

    ``schema`` has the features, kinds of events and segments; ``known_absent`` names the features whose null says
    something (it never happened, it does not apply); ``event_fields`` are those of the event that leads in, by plain
    name, or None where none does.
    """

    schema: rules.Schema
    known_absent: frozenset[str] = frozenset()
    event_fields: tuple[rules.Field, ...] | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a condition: ``and``, ``or``, ``not`` over other pieces, or a leaf with its checked rule."""

    operator: str
    parts: tuple["Part", ...] = ()
    rule: rules.Rule | None = None
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Condition:
    """A prepared condition.

    ``fields`` are the features that it reads (without those of the event and the context), for fetching them once for
    a batch; ``asks_history`` when it needs who answers for events, segments and buckets.
    """

    root: Part
    whole: rules.Rule
    fields: frozenset[str]
    asks_history: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer: True, False, or None when it is not known; ``missing`` names the facts that would be needed."""

    answer: bool | None
    missing: tuple[str, ...] = ()


def prepare(rule: Any, scope: Scope, profile: int = rules.PROFILE_LATEST) -> Condition:
    """Check a condition and take it apart.

    :raises RuleInvalid: it is no rule over what may be read here.
    """
    schema = schema_for(rule, scope, profile)
    whole = rules.check(rule, schema, "boolean", profile)
    used = rules.uses_fields(whole)
    return Condition(
        root=_take_apart(rule, schema, scope, profile),
        whole=whole,
        fields=frozenset(name for name in used if not name.startswith((EVENT_PREFIX, CONTEXT_PREFIX))),
        asks_history=rules.asks_beyond_facts(whole),
    )


def schema_for(rule: Any, scope: Scope, profile: int = rules.PROFILE_LATEST) -> rules.Schema:
    """Give the schema with the paths of the event and the context that a rule reads.

    Those of the context are declared nowhere: each gets the type in which the rule has the fewest problems, so that a
    path that is compared with a number is a number.
    """
    fields = list(scope.schema.fields)
    known = {EVENT_PREFIX + one.name: one for one in scope.event_fields or ()}
    fields += [replace(one, name=name) for name, one in known.items()]
    open_paths = [
        name
        for name in dict.fromkeys(_paths(rule))
        if name.startswith(CONTEXT_PREFIX)
        or (name.startswith(EVENT_PREFIX) and name not in known and scope.event_fields is not None)
    ]
    guessed = dict.fromkeys(open_paths, FieldType.TEXT)
    told = {one.name for one in fields}

    def schema() -> rules.Schema:
        added = tuple(rules.Field(name, kind, name) for name, kind in guessed.items() if name not in told)
        return replace(scope.schema, fields=(*fields, *added))

    for name in open_paths:
        counts: dict[FieldType, int] = {}
        for kind in _GUESSES:
            guessed[name] = kind
            counts[kind] = _problem_count(rule, schema(), profile)
            if counts[kind] == 0:
                break
        guessed[name] = min(counts, key=lambda kind: counts[kind])
    return schema()


def _problem_count(rule: Any, schema: rules.Schema, profile: int) -> int:
    try:
        rules.check(rule, schema, "boolean", profile)
    except rules.RuleInvalid as refusal:
        return max(1, len(refusal.problems))
    return 0


def _paths(rule: Any) -> Iterator[str]:
    """Give the names that a rule reads, as written."""
    stack = [rule]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            for name, operands in value.items():
                given = operands if isinstance(operands, list | tuple) else [operands]
                if name == "var" and given and isinstance(given[0], str):
                    yield given[0]
                if name in ("missing", "missing_some"):
                    yield from (one for one in _texts(given))
                stack.extend(given)
        elif isinstance(value, list | tuple):
            stack.extend(value)


def _texts(given: Any) -> Iterator[str]:
    for one in given:
        if isinstance(one, str):
            yield one
        elif isinstance(one, list | tuple):
            yield from _texts(one)


def _take_apart(raw: Any, schema: rules.Schema, scope: Scope, profile: int) -> Part:
    name, operands = next(iter(raw.items())) if isinstance(raw, dict) and len(raw) == 1 else ("", None)
    given = operands if isinstance(operands, list | tuple) else [operands]
    if name in ("and", "or") and given:
        return Part(name, tuple(_take_apart(one, schema, scope, profile) for one in given))
    if name == "!" and len(given) == 1:
        return Part("not", (_take_apart(given[0], schema, scope, profile),))
    # Inside "and" only the truth of a part counts, so it may be a number or a text, which by itself it may not.
    rule = rules.check({"!!": [raw]}, schema, "boolean", profile)
    needs = frozenset(_needs(raw)) - scope.known_absent
    return Part("leaf", rule=rule, needs=needs & rules.uses_fields(rule))


def _needs(raw: Any) -> Iterator[str]:
    """Give the facts without which a leaf says nothing: those it reads outside of what asks for absence itself."""
    if isinstance(raw, list | tuple):
        for one in raw:
            yield from _needs(one)
    elif isinstance(raw, dict):
        for name, operands in raw.items():
            given = operands if isinstance(operands, list | tuple) else [operands]
            if name in _GUARDS or (name in ("==", "!=", "===", "!==") and None in given):
                continue
            if name == "var":
                if len(given) < 2 and given and isinstance(given[0], str):
                    yield given[0]
                continue
            yield from _needs(list(given))


def decide(
    condition: Condition, facts: Mapping[str, Any], *, now: datetime, history: rules.History | None = None
) -> Verdict:
    """Answer a condition for one customer: ``facts`` are the features by name, ``event`` and ``context``.

    What cannot be evaluated (a fact of another type than declared) is not known either.
    """
    missing: list[str] = []

    def leaf(part: Part) -> bool | None:
        absent = sorted(name for name in part.needs if value_at(facts, name) is None)
        if absent:
            missing.extend(absent)
            return None
        if part.rule is None:
            return None
        try:
            return bool(rules.evaluate(part.rule, facts, now=now, history=history))
        except rules.RuleFault as fault:
            missing.append(str(fault.facts.get("field") or fault.detail))
            return None

    answer = _kleene(condition.root, leaf)
    return Verdict(answer, tuple(dict.fromkeys(missing)) if answer is None else ())


def _kleene(part: Part, leaf: Callable[[Part], bool | None]) -> bool | None:
    if part.operator == "leaf":
        return leaf(part)
    if part.operator == "not":
        inner = _kleene(part.parts[0], leaf)
        return None if inner is None else not inner
    settles = part.operator == "or"
    is_open = False
    for one in part.parts:
        answer = _kleene(one, leaf)
        if answer is settles:
            return settles
        is_open = is_open or answer is None
    return None if is_open else not settles


def value_at(facts: Mapping[str, Any], path: str) -> Any:
    """Give the fact of a name, or what stands at a dotted path; None where nothing does."""
    if path in facts:
        return facts[path]
    value: Any = facts
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def matches_event(filter_rule: Any, data: Mapping[str, Any], *, now: datetime) -> bool:
    """Tell whether the filter of an event lets it through; one that cannot be evaluated on it lets nothing through.

    ``data`` are the event's own, with ``event_type`` and ``occurred_at``; what they hold is declared nowhere, so the
    filter is read without types, as campaigns read theirs.
    """
    if filter_rule is None:
        return True
    try:
        return bool(rules.evaluate(rules.check(filter_rule, None, "any"), data, now=now))
    except (rules.RuleFault, rules.RuleInvalid):
        return False


def reasons_of(
    condition: Condition,
    verdict: Verdict,
    facts: Mapping[str, Any],
    *,
    now: datetime,
    history: rules.History | None = None,
    language: str = "en",
) -> tuple[str, ...]:
    """Say why a condition came out as it did: the parts that it hung on, each with the values that it met."""
    if verdict.answer is None:
        return tuple(Reason("unknown", name=name) for name in verdict.missing)
    try:
        outcome = rules.explain(condition.whole, facts, now=now, history=history, language=language)
    except rules.RuleFault as fault:
        return (fault.detail,)
    told = [_in_words(step, language) for step in outcome.trace if step.is_decisive]
    return tuple(dict.fromkeys(told))


def _in_words(step: rules.TraceStep, language: str) -> str:
    values = ", ".join(say(Reason("is", name=name, value=value), language) for name, value in step.facts.items())
    answer = say(Reason("yes" if step.value else "no"), language) if isinstance(step.value, bool) else step.value
    return f"{step.words}: {answer}" + (f" ({values})" if values else "")
