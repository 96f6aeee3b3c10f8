"""Single people: led in by hand or by the API, told what they wait for, moved and let go by an operator."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.ids import public_id_of_ref
from loyalty.foundation.orm import sql
from loyalty.foundation.work import api as work
from loyalty.journeys.contracts import NEXT, ExecutionState, NodeKind, ReEntry, WaitMode
from loyalty.journeys.errors import (
    AlreadyInside,
    CustomerUnknown,
    ExecutionNotFound,
    ExecutionOver,
    JourneyNotFound,
    JourneyStateWrong,
    NodeNotFound,
    NotAwaited,
    ReEntryRefused,
)
from loyalty.journeys.models import OPEN_STATES, Execution, Journey
from loyalty.journeys.operations import groups, hearing, holding
from loyalty.journeys.operations.entering import Newcomer, enter
from loyalty.journeys.operations.groups import Group, Leaving, Person
from loyalty.journeys.operations.versions import Loaded, load
from loyalty.journeys.policy.conditions import matches_event, value_at
from loyalty.journeys.policy.planning import key_of

MOVED, EXIT = "moved", "exit"

# Who was merged is whom that person is now.
NAMED = """
    SELECT i.customer_id FROM customers_directory d
    LEFT JOIN customers_successors s ON s.customer_id = d.customer_id
    JOIN customers_directory i ON i.customer_id = coalesce(s.into_id, d.customer_id)
    WHERE d.public_id = %s
"""
# Who was two is one: the executions of the one that is gone go to the other, who may be inside only once; the rest end.
MERGE = """
    UPDATE journeys_execution x SET customer_id = %(into)s
    WHERE x.customer_id = %(gone)s AND NOT EXISTS (
        SELECT 1 FROM journeys_execution o WHERE o.customer_id = %(into)s AND o.journey_id = x.journey_id
            AND (o.occurrence = x.occurrence
                OR (o.key = x.key AND o.state = ANY (%(open)s) AND x.state = ANY (%(open)s))))
"""


@transaction.atomic
def start(
    *,
    journey_id: uuid.UUID,
    customer_id: uuid.UUID,
    context: Mapping[str, Any],
    key: str = "",
    idempotency_key: str = "",
    now: datetime,
) -> Execution:
    """Lead one customer in; the same idempotency key gives the execution that it gave first.

    :raises JourneyNotFound, JourneyStateWrong: there is no such journey, or it does not run.
    :raises CustomerUnknown: there is no such customer.
    :raises AlreadyInside, ReEntryRefused: the customer may not come in.
    """
    journey = Journey.objects.select_related("live").filter(public_id=journey_id).first()
    if journey is None:
        raise JourneyNotFound()
    if holding.share([journey.pk]).get(journey.pk) != "ACTIVE":
        raise JourneyStateWrong("The journey does not run.")
    journey.refresh_from_db(fields=["live"])
    customer = sql.fetch_one(NAMED, [customer_id])
    if customer is None:
        raise CustomerUnknown("There is no such customer.")
    if journey.live_id is None:
        raise JourneyStateWrong("The journey was never published.")
    loaded = load(journey.live_id, journey.public_id)
    name = f"journey:{journey_id}:{idempotency_key}"
    occurrence = public_id_of_ref(name) if idempotency_key else uuid.uuid4()
    wanted = {"journey_id": journey.pk, "customer_id": customer["customer_id"], "occurrence": occurrence}
    begun = Execution.objects.filter(**wanted).first()
    if begun is None:
        newcomer = Newcomer(customer["customer_id"], occurrence, key, context)
        enter(loaded=loaded, people=[newcomer], now=now)
        begun = Execution.objects.filter(**wanted).first()
        work.ring("journeys.advance")
    return begun or _refuse(loaded, newcomer)


def _refuse(loaded: Loaded, newcomer: Newcomer) -> Execution:
    settings = loaded.graph.settings
    key = newcomer.key or key_of(settings.key_path, newcomer.context)
    mine = Execution.objects.filter(journey_id=loaded.journey_pk, customer_id=newcomer.customer_id)
    inside = mine.filter(key=key, state__in=OPEN_STATES, is_held_out=False).first()
    if inside is not None:
        raise AlreadyInside("The customer is in the journey.", execution_id=str(inside.pk))
    held_out = mine.filter(is_held_out=True).first()
    if held_out is not None:
        return held_out
    words = "not yet" if settings.re_entry == ReEntry.COOL_DOWN else "not again"
    raise ReEntryRefused(f"The customer was in the journey and may come in {words}.")


def get_execution(execution_id: uuid.UUID) -> Execution:
    """Give an execution.

    :raises ExecutionNotFound: there is none.
    """
    found = Execution.objects.select_related("journey", "version", "node").filter(pk=execution_id).first()
    if found is None:
        raise ExecutionNotFound()
    return found


def _hold(execution_id: uuid.UUID) -> tuple[Execution, Loaded]:
    """Hold the journey beside others, then the execution.

    :raises ExecutionNotFound, ExecutionOver: there is none that is inside.
    """
    holding.share([get_execution(execution_id).journey_id])
    Execution.objects.select_for_update().get(pk=execution_id)
    execution = get_execution(execution_id)
    if execution.state not in OPEN_STATES or execution.is_held_out:
        raise ExecutionOver(f"It is {execution.state}.", state=execution.state)
    return execution, load(execution.version_id, execution.journey.public_id)


@transaction.atomic
def go_on(*, execution_id: uuid.UUID, event: Mapping[str, Any], now: datetime) -> Execution:
    """Tell one that waits for an event that it happened; ``event`` holds ``event_type`` and its data.

    :raises NotAwaited: it waits for another event, or for none.
    :raises ExecutionOver, ExecutionNotFound: there is none that is inside.
    """
    execution, loaded = _hold(execution_id)
    node = loaded.wiring.nodes[execution.node.code]
    [person] = groups.list_people([execution_id])
    if (
        node.kind != NodeKind.WAIT
        or node.config.get("mode") != WaitMode.EVENT
        or not _is_awaited(node.config, event, person, now)
    ):
        raise NotAwaited(f"It is at {node.name or node.id!r}, which does not wait for this event.", node_id=node.id)
    group = Group(loaded, execution.node_id, node.id, now, 1)
    groups.remember(node.id, [execution_id], [dict(event)])
    groups.leave(group, [Leaving(execution_id, NEXT, {"event_id": ""})])
    work.ring("journeys.advance")
    return get_execution(execution_id)


def _is_awaited(config: Mapping[str, Any], event: Mapping[str, Any], person: Person, now: datetime) -> bool:
    if event.get("event_type") != config.get("event_type"):
        return False
    facts = {"occurred_at": now.isoformat(), **event}
    pairs = config.get("correlation") or ()
    return matches_event(config.get("filter") or None, facts, now=now) and all(
        hearing.is_same(
            value_at(event, hearing.plain(one["event_path"], "event.")),
            value_at(person.context, hearing.plain(one["context_path"], "context.")),
        )
        for one in pairs
    )


@transaction.atomic
def let_go(*, execution_id: uuid.UUID, reason: str, actor: Actor, now: datetime) -> Execution:
    """Let one out of the journey by hand.

    :raises ExecutionOver, ExecutionNotFound: there is none that is inside.
    """
    execution, _ = _hold(execution_id)
    groups.end([execution_id], state=ExecutionState.EXITED, branch=EXIT, reason=reason or "by hand", now=now)
    _record(execution, "exit", reason, actor, now)
    return get_execution(execution_id)


@transaction.atomic
def move(*, execution_id: uuid.UUID, node_id: str, reason: str, actor: Actor, now: datetime) -> Execution:
    """Lead one to another node of the same version by hand, to begin there now.

    :raises NodeNotFound: the version has no such node, or it is the start.
    :raises ExecutionOver, ExecutionNotFound: there is none that is inside.
    """
    execution, loaded = _hold(execution_id)
    node = loaded.wiring.nodes.get(node_id)
    if node is None or node.kind == NodeKind.START:
        raise NodeNotFound(f"Nobody can be led to {node_id!r}.")
    sql.fetch_one(
        "SELECT journeys_move(%s, %s, %s::uuid[], false, %s, %s, %s)",
        [execution.node_id, loaded.nodes[node_id], [execution_id], MOVED, reason or "by hand", now],
    )
    _record(execution, f"move to {node_id}", reason, actor, now)
    work.ring("journeys.advance")
    return get_execution(execution_id)


def _record(execution: Execution, act: str, reason: str, actor: Actor, now: datetime) -> None:
    audit.record(
        actor=actor, act="journeys.operate", subject_kind="journey_execution", subject_ref=str(execution.pk), at=now,
        before={"state": execution.state, "node": execution.node.code}, after={"act": act}, reason=reason,
    )  # fmt: skip


@transaction.atomic
def merge_customers(*, gone: int, into: int, now: datetime) -> int:
    """Take a customer who turned out to be another one over, with all that was in journeys; give how many moved.

    Where both are inside one journey, the one that is gone leaves it.

    :param gone: internal id of the customer that is no more; ``into`` of the one that stays.
    """
    journeys = set(Execution.objects.filter(customer_id__in=(gone, into)).values_list("journey_id", flat=True))
    holding.share(sorted(journeys))
    moved = sql.execute(MERGE, {"gone": gone, "into": into, "open": list(OPEN_STATES)})
    left = Execution.objects.filter(customer_id=gone, state__in=OPEN_STATES, is_held_out=False)
    ids = list(left.select_for_update().values_list("pk", flat=True))
    groups.end(ids, state=ExecutionState.CANCELLED, branch="cancelled", reason="merged into another customer", now=now)
    return moved
