"""Conditions and splits, and what holds at every step: the rule by which people leave, and the goal."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from loyalty.foundation.orm import sql
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.foundation.rules import api as rules
from loyalty.journeys.contracts import NO, UNKNOWN, YES, ExecutionState
from loyalty.journeys.operations import assigning, compiled, groups
from loyalty.journeys.operations.groups import Group, Leaving
from loyalty.journeys.operations.knowing import condition_of, list_known
from loyalty.journeys.operations.versions import Loaded
from loyalty.journeys.policy import conditions
from loyalty.journeys.policy.drawing import draw_of

ANSWERS = {True: YES, False: NO, None: UNKNOWN}
EXIT, GOAL = "exit", "goal"
# Of so many at once it is fetched what each has to be asked alone.
LIMIT_ASKED = 1_000
REACH = "UPDATE journeys_execution SET goal_at = %s WHERE id = ANY (%s::uuid[]) AND goal_at IS NULL"


def has_rules(loaded: Loaded) -> bool:
    """Tell whether each step of a version first asks whether people leave, or have reached the goal."""
    settings = loaded.graph.settings
    return settings.exit_rule is not None or (settings.goal is not None and settings.goal.rule is not None)


def take(group: Group) -> tuple[int, list[uuid.UUID]]:
    """Take those of a node whose time has come; give how many, and those who do not leave the journey by its rules."""
    ids = groups.claim(group, min(group.limit, LIMIT_ASKED) if has_rules(group.loaded) else None)
    maybe_fail("journeys.claimed")
    return len(ids), stay(group.loaded, ids, now=group.now)


def stay(loaded: Loaded, ids: Sequence[uuid.UUID], *, now: datetime) -> list[uuid.UUID]:
    """Let go whom the exit rule lets go, write down who has reached the goal; give those who stay."""
    if not ids or not has_rules(loaded):
        return list(ids)
    settings = loaded.graph.settings
    left: set[uuid.UUID] = set()
    if settings.exit_rule is not None:
        left = set(decided_by(loaded, settings.exit_rule, ids, now=now).of(True))
        groups.end(sorted(left), state=ExecutionState.EXITED, branch=EXIT, reason="exit rule", now=now)
    if settings.goal is not None and settings.goal.rule is not None:
        staying = [one for one in ids if one not in left]
        reached = decided_by(loaded, settings.goal.rule, staying, now=now).of(True)
        reach(sorted(reached), is_exit=settings.goal_exits, now=now)
        left |= set(reached) if settings.goal_exits else set()
    return [one for one in ids if one not in left]


def reach(ids: Sequence[uuid.UUID], *, is_exit: bool, now: datetime) -> None:
    """Write down that people have reached the goal, and let them go where the journey ends with it."""
    if not ids:
        return
    sql.execute(REACH, [now, list(ids)])
    if is_exit:
        groups.end(ids, state=ExecutionState.EXITED, branch=GOAL, reason="goal reached", now=now)


@dataclass(frozen=True, slots=True)
class Decided:
    """What a rule says of people, by answer; it says nothing of those ``gone``, whose customer is there no more."""

    answers: dict[bool | None, list[uuid.UUID]] = field(default_factory=lambda: {True: [], False: [], None: []})
    gone: list[uuid.UUID] = field(default_factory=list)

    def of(self, answer: bool | None) -> list[uuid.UUID]:
        """Give those of an answer."""
        return self.answers[answer]

    def add(self, answer: bool | None, ids: Iterable[uuid.UUID]) -> None:
        """Put people to an answer."""
        self.answers[answer].extend(ids)


def decided_by(loaded: Loaded, rule: Any, ids: Sequence[uuid.UUID], *, now: datetime) -> Decided:
    """Ask a rule of people: all at once where it has a form in SQL, else, and where a fact is odd, one after another.

    A rule that cannot be read any more is not known of anybody.
    """
    decided = Decided()
    if not ids:
        return decided
    try:
        condition = condition_of(loaded, rule)
    except rules.RuleInvalid:
        present = [one.id for one in groups.list_people(ids)]
        decided.add(None, present)
        decided.gone.extend(set(ids) - set(present))
        return decided
    plan = compiled.plan_of(condition, now=now)
    if plan is None:
        _ask_each(condition, ids, decided, now=now)
        return decided
    for start in range(0, len(ids), plan.limit):
        found = compiled.ask(plan, ids[start : start + plan.limit], now=now)
        for answer, some in found.answers.items():
            decided.add(answer, some)
        decided.gone.extend(found.gone)
        _ask_each(condition, found.doubtful, decided, now=now)
    return decided


def _ask_each(condition: conditions.Condition, ids: Sequence[uuid.UUID], decided: Decided, *, now: datetime) -> None:
    """Ask one after another, as the interpreter does; what is known of them is fetched for a thousand at once."""
    segments = rules.uses_segments(condition.whole)
    for start in range(0, len(ids), LIMIT_ASKED):
        some = ids[start : start + LIMIT_ASKED]
        people = groups.list_people(some)
        decided.gone.extend(set(some) - {one.id for one in people})
        for one in list_known(people, condition.fields, segments=segments, now=now):
            answer = conditions.decide(condition, one.facts, now=now, history=one.history).answer
            decided.add(answer, [one.person.id])


def decide(group: Group) -> int:
    """Have people leave a condition by yes, no or unknown."""
    taken, ids = take(group)
    maybe_fail("journeys.condition_read")
    decided = decided_by(group.loaded, group.node.config.get("rule"), ids, now=group.now)
    maybe_fail("journeys.decided")
    groups.cancel(decided.gone, now=group.now)
    groups.leave(group, [Leaving(one, ANSWERS[answer]) for answer, some in decided.answers.items() for one in some])
    maybe_fail("journeys.condition_moved")
    return taken


def split(group: Group) -> int:
    """Have people leave a split by lot, or by the arms that are kept for them."""
    taken, ids = take(group)
    draw = draw_of(group.node, str(group.loaded.journey_id))
    assigning.split(node_pk=group.node_pk, ids=ids, draw=draw, now=group.now)
    maybe_fail("journeys.split_moved")
    return taken
