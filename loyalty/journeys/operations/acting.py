"""Actions: done for a batch of people in the transaction that moves them, so that neither is without the other."""

import logging
import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any

from django.db import OperationalError, transaction

from loyalty.foundation.orm import sql
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.journeys.contracts import (
    FAILURE,
    SKIP,
    ActionCall,
    ActionOutcome,
    ActionRow,
)
from loyalty.journeys.kinds.actions import protocol
from loyalty.journeys.models import Journey
from loyalty.journeys.operations import deciding, groups
from loyalty.journeys.operations.groups import Group, Leaving, Person
from loyalty.journeys.policy.naming import effect_key
from loyalty.journeys.policy.reasons import Reason, kept, refused
from loyalty.journeys.queries.journeys import PARTS

log = logging.getLogger("loyalty.journeys")

FAULT = "journeys.action_fault"
# An action that fails by fault is tried so often and so much later, unless its node says otherwise.
RETRIES, RETRY_AFTER_MINUTES = 3, 15

RETRY = """
    UPDATE journeys_execution x SET attempts = x.attempts + 1, due_at = %s, reason = left(g.reason, 300)
    FROM unnest(%s::uuid[], %s::text[]) g (id, reason) WHERE x.id = g.id
"""


def act(group: Group) -> int:
    """Do the action of a node for those whose time has come, and have each leave by what it came to.

    Effects, answers in the context, and where people are next commit together. One whose row is a fault is found by
    halving the batch, and fails alone.
    """
    taken, ids = deciding.take(group)
    people = groups.list_present(ids, now=group.now)
    maybe_fail("journeys.context_read")
    outcomes = _perform(group, people)
    maybe_fail("journeys.effect_done")
    _settle(group, people, outcomes)
    maybe_fail("journeys.moved")
    return taken


def _perform(group: Group, people: Sequence[Person]) -> list[ActionOutcome]:
    """Do the action for all at once; when that is a fault, for each half."""
    if not people:
        return []
    action = protocol.find(group.node.config.get("action_type"))
    if action is None:
        told = (Reason("action_gone", kind=str(group.node.config.get("action_type"))),)
        return [ActionOutcome(FAILURE, reasons=told)] * len(people)
    if action.unavailable_reason:
        return [ActionOutcome(FAILURE, reasons=(action.unavailable_reason,))] * len(people)
    try:
        with transaction.atomic():
            return list(action.perform_set(_call(group), [_row(group, one) for one in people], now=group.now))
    except OperationalError:
        # A dead-lock or a database that goes away concerns everybody; the whole batch is taken again later.
        raise
    except Exception as fault:  # an action may fail in any way; who is behind it is found, and others go on
        if len(people) > 1:
            half = len(people) // 2
            return [*_perform(group, people[:half]), *_perform(group, people[half:])]
        log.warning("action %s failed for execution %s", action.kind, people[0].id, exc_info=fault)
        words = f"{type(fault).__name__}: {fault}"[:200]
        return [ActionOutcome(FAILURE, reasons=(refused(FAULT, words, fault=words),), may_pass=True)]


def _call(group: Group) -> ActionCall:
    name, program = _named(group.loaded.journey_pk, group.loaded.journey_id)
    return ActionCall(
        journey_id=group.loaded.journey_id,
        journey_name=name,
        version=group.loaded.number,
        node_id=group.code,
        config=group.node.config,
        program_id=program,
    )


@lru_cache(maxsize=512)
def _named(journey_pk: int, journey_id: uuid.UUID) -> tuple[str, uuid.UUID | None]:
    """Give name and program of a journey; a name that changes meanwhile is told to later processes only."""
    return Journey.objects.values_list("name", "program_ref").get(pk=journey_pk, public_id=journey_id)


def _row(group: Group, person: Person) -> ActionRow:
    return ActionRow(
        execution_id=person.id,
        customer=person.customer_id,
        customer_id=person.customer_public_id,
        key=effect_key(person.id, group.code, person.visit),
        context=person.context,
        visit=person.visit,
    )


def _settle(group: Group, people: Sequence[Person], outcomes: Sequence[ActionOutcome]) -> None:
    """Keep the answers, put off what may pass, and have the rest leave."""
    pairs = list(zip(people, outcomes, strict=True))
    again = [(one, told) for one, told in pairs if _is_tried_again(group.node.config, one, told)]
    done = [(one, told) for one, told in pairs if not _is_tried_again(group.node.config, one, told)]
    if again:
        wait = timedelta(minutes=_whole(group.node.config.get("retry_after_minutes"), RETRY_AFTER_MINUTES))
        reasons = ["; ".join(told.reasons) for _, told in again]
        sql.execute(RETRY, [group.now + wait, [one.id for one, _ in again], reasons])
    groups.remember(group.code, [one.id for one, _ in done], [_answer(told) for _, told in done])
    maybe_fail("journeys.remembered")
    groups.leave(group, [_leaving(one, told) for one, told in done])


def _is_tried_again(config: Mapping[str, Any], person: Person, told: ActionOutcome) -> bool:
    return told.branch == FAILURE and told.may_pass and person.attempts < _whole(config.get("retries_max"), RETRIES)


def _whole(given: Any, default: int) -> int:
    return given if isinstance(given, int) and not isinstance(given, bool) and given >= 0 else default


def _answer(told: ActionOutcome) -> dict[str, Any]:
    return {"branch": told.branch, **told.result}


def _leaving(person: Person, told: ActionOutcome) -> Leaving:
    reason = "; ".join(told.reasons)
    result = None
    if told.reasons and told.branch in (FAILURE, SKIP):
        # The sentences, and beside them what they are made of, for those who read another language.
        result = {"reasons": [str(one) for one in told.reasons], PARTS: [kept(one) for one in told.reasons]}
    return Leaving(person.id, told.branch, result, reason or None)
