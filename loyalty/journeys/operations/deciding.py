"""Conditions and splits, and what holds at every step: the rule by which people leave, and the goal."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from loyalty.foundation.orm import sql
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.foundation.rules import api as rules
from loyalty.journeys.contracts import NO, UNKNOWN, YES, ExecutionState
from loyalty.journeys.operations import groups
from loyalty.journeys.operations.groups import Group, Leaving, Person
from loyalty.journeys.operations.knowing import Known, condition_of, list_known
from loyalty.journeys.operations.versions import Loaded
from loyalty.journeys.policy import conditions
from loyalty.journeys.policy.graph import split_weights

ANSWERS = {True: YES, False: NO, None: UNKNOWN}
EXIT, GOAL = "exit", "goal"
# So many people are asked for their features in one statement.
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
    people = groups.list_people(ids)
    gone: set[uuid.UUID] = set()
    if settings.exit_rule is not None:
        gone = {one.person.id for one in decided_by(loaded, settings.exit_rule, people, now=now)[True]}
        groups.end(sorted(gone), state=ExecutionState.EXITED, branch=EXIT, reason="exit rule", now=now)
    if settings.goal is not None and settings.goal.rule is not None:
        staying = [one for one in people if one.id not in gone]
        reached = {one.person.id for one in decided_by(loaded, settings.goal.rule, staying, now=now)[True]}
        reach(sorted(reached), is_exit=settings.goal_exits, now=now)
        gone |= reached if settings.goal_exits else set()
    return [one for one in ids if one not in gone]


def reach(ids: Sequence[uuid.UUID], *, is_exit: bool, now: datetime) -> None:
    """Write down that people have reached the goal, and let them go where the journey ends with it."""
    if not ids:
        return
    sql.execute(REACH, [now, list(ids)])
    if is_exit:
        groups.end(ids, state=ExecutionState.EXITED, branch=GOAL, reason="goal reached", now=now)


def decided_by(loaded: Loaded, rule: Any, people: Sequence[Person], *, now: datetime) -> dict[bool | None, list[Known]]:
    """Ask a rule of people; one that cannot be read any more is not known of anybody."""
    answers: dict[bool | None, list[Known]] = {True: [], False: [], None: []}
    try:
        condition = condition_of(loaded, rule)
    except rules.RuleInvalid:
        answers[None] = [Known(one, {}, None) for one in people]
        return answers
    segments = rules.uses_segments(condition.whole)
    for start in range(0, len(people), LIMIT_ASKED):
        some = people[start : start + LIMIT_ASKED]
        for one in list_known(some, condition.fields, segments=segments, now=now):
            answers[conditions.decide(condition, one.facts, now=now, history=one.history).answer].append(one)
    return answers


def decide(group: Group) -> int:
    """Have people leave a condition by yes, no or unknown."""
    taken, ids = take(group)
    people = groups.list_present(ids, now=group.now)
    maybe_fail("journeys.condition_read")
    answers = decided_by(group.loaded, group.node.config.get("rule"), people, now=group.now)
    maybe_fail("journeys.decided")
    leaving = [Leaving(one.person.id, ANSWERS[answer]) for answer, known in answers.items() for one in known]
    groups.leave(group, leaving)
    maybe_fail("journeys.condition_moved")
    return taken


def split(group: Group) -> int:
    """Have people leave a split by lot; the same customer and salt, the same branch."""
    taken, ids = take(group)
    weights = split_weights(group.node)
    ceilings: list[int] = []
    for weight in weights.values():
        ceilings.append((ceilings[-1] if ceilings else 0) + weight)
    sql.fetch_one(
        "SELECT journeys_split(%s, %s::uuid[], %s, %s::text[], %s::integer[], %s) AS moved",
        [group.node_pk, ids, str(group.node.config.get("salt") or group.code), list(weights), ceilings, group.now],
    )
    maybe_fail("journeys.split_moved")
    return taken
