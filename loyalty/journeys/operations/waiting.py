"""Waits: timers fired in sets, days and times of day worked out, events that came before somebody was seen waiting."""

import uuid
from collections.abc import Sequence
from typing import Any

from loyalty.foundation.orm import sql
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.journeys.contracts import NEXT, TIMEOUT, ExecutionState, WaitMode
from loyalty.journeys.operations import deciding, groups, hearing
from loyalty.journeys.operations.groups import Group, Leaving, Person
from loyalty.journeys.operations.knowing import list_known
from loyalty.journeys.policy.planning import mode_of
from loyalty.journeys.policy.waiting import due_of

# Those who come to a wait are given their time, and the branch of it.
SETTLE = """
    UPDATE journeys_execution x SET state = 'WAITING', due_at = g.due_at, timer = g.timer
    FROM unnest(%s::uuid[], %s::timestamptz[], %s::text[]) g (id, due_at, timer) WHERE x.id = g.id
"""


def wait(group: Group) -> int:
    """Have those who came begin to wait, and those whose time is over go on."""
    if mode_of(group.node) == WaitMode.DURATION and not deciding.has_rules(group.loaded):
        row = sql.fetch_one(
            "SELECT journeys_fire(%s, %s, %s, %s) AS moved", [group.node_pk, NEXT, group.now, group.limit]
        )
        maybe_fail("journeys.wait_fired")
        return int(row["moved"]) if row else 0
    taken, ids = deciding.take(group)
    if mode_of(group.node) == WaitMode.DURATION:
        groups.leave(group, [Leaving(one, NEXT) for one in ids])
    elif mode_of(group.node) == WaitMode.EVENT:
        _await_event(group, ids)
    else:
        _await_time(group, ids)
    maybe_fail("journeys.wait_begun")
    return taken


def _await_time(group: Group, ids: Sequence[uuid.UUID]) -> None:
    """Waits until a day or a time of day: who comes is told until when, who was told goes on."""
    people = groups.list_present(ids, now=group.now)
    waited = [one for one in people if one.state == ExecutionState.WAITING]
    groups.leave(group, [Leaving(one.id, one.timer or NEXT) for one in waited])
    coming = [one for one in people if one.state != ExecutionState.WAITING]
    attribute = str(group.node.config.get("attribute") or "")
    fields = {attribute} if attribute and "." not in attribute else set()
    told: list[tuple[uuid.UUID, Any, str]] = []
    leaving: list[Leaving] = []
    for start in range(0, len(coming), deciding.LIMIT_ASKED):
        some = coming[start : start + deciding.LIMIT_ASKED]
        for known in list_known(some, fields, now=group.now):
            person = known.person
            due = due_of(group.node, known.facts, entered_at=person.entered_at, customer_zone=person.time_zone or "UTC")
            if due.at is not None and due.at <= group.now:
                leaving.append(Leaving(person.id, due.branch))
            else:
                told.append((person.id, due.at, due.branch))
    groups.leave(group, leaving)
    _settle(told)


def _await_event(group: Group, ids: Sequence[uuid.UUID]) -> None:
    """Who comes looks whether it happened already; whose time is over leaves, unless the event is about to be heard."""
    heard = hearing.look(group, ids)
    hearing.remember(group, list(heard), list(heard.values()))
    groups.leave(group, [Leaving(one, NEXT, {"event_id": str(event)}) for one, event in heard.items()])
    people = [one for one in groups.list_present(ids, now=group.now) if one.id not in heard]
    over = [one for one in people if one.state == ExecutionState.WAITING]
    late = hearing.unheard(group, [one.id for one in over])
    groups.leave(group, [Leaving(one.id, one.timer or TIMEOUT) for one in over if one.id not in late])
    hearing.postpone(late, now=group.now)
    coming = [one for one in people if one.state != ExecutionState.WAITING]
    _settle([_event_timer(group, one) for one in coming])


def _event_timer(group: Group, person: Person) -> tuple[uuid.UUID, Any, str]:
    due = due_of(group.node, {}, entered_at=person.entered_at)
    return person.id, due.at, due.branch


def _settle(told: Sequence[tuple[uuid.UUID, Any, str]]) -> None:
    if told:
        sql.execute(SETTLE, [[one[0] for one in told], [one[1] for one in told], [one[2] for one in told]])
