"""Taking events from outside in: each at most once, and published in the same transaction."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.customers.contracts import EventChain, EventsReport, InboundEvent, RejectedEvent
from loyalty.customers.errors import EventsTooMany
from loyalty.customers.operations.holding import point_at
from loyalty.customers.policy import (
    EVENT_DATA_BYTES_MAX,
    EVENT_ID_LENGTH_MAX,
    EventProblem,
    check_event_data,
    check_event_time,
    check_event_type,
    parse_instant,
)
from loyalty.foundation.kernel.exact_json import dumps_exact
from loyalty.foundation.kernel.ids import PublicIdInvalid, parse_public_id
from loyalty.foundation.kernel.money import parse_amount
from loyalty.foundation.orm import sql
from loyalty.foundation.resilience.failpoints import maybe_fail

EVENTS_MAX = 1000
FIELDS = frozenset({"event_id", "event_type", "customer_id", "customer_ref", "occurred_at", "event_data"})
RECEIVE = "SELECT * FROM customers_receive_events(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) AS event_id"
UNCHAINED = EventChain()


def receive_events(
    *, raw: Sequence[Any], source: str, now: datetime, chains: Sequence[EventChain] = ()
) -> EventsReport:
    """Take a batch in; what cannot be taken is told by its index, the rest counts.

    :param raw: the events as they came, ``{event_id, event_type, customer_id|customer_ref, occurred_at, event_data}``.
    :param source: who sends; an event id counts once per source.
    :param chains: what each event belongs to, in the order of the events, where that is known.
    :raises EventsTooMany: more than ``EVENTS_MAX``.
    """
    if len(raw) > EVENTS_MAX:
        raise EventsTooMany(f"A call takes at most {EVENTS_MAX} events; this one has {len(raw)}.")
    rejected: list[RejectedEvent] = []
    sound: list[InboundEvent] = []
    for position, one in enumerate(raw):
        read = _read(position, one, now, chains[position] if chains else UNCHAINED)
        if isinstance(read, EventProblem):
            rejected.append(RejectedEvent(position, _event_id_of(one), read.code, read.message, read.field))
        else:
            sound.append(read)
    maybe_fail("webhook.read")
    report = _store(sound, rejected, source, now)
    maybe_fail("webhook.committed")
    return report


def _event_id_of(raw: object) -> str:
    return str(raw.get("event_id") or "")[:EVENT_ID_LENGTH_MAX] if isinstance(raw, Mapping) else ""


def _read(position: int, raw: object, now: datetime, chain: EventChain) -> InboundEvent | EventProblem:
    """Check the form of one event; its amount is a number from here on, as the schema of its type says."""
    if not isinstance(raw, Mapping):
        return EventProblem("event.invalid", "An event is an object.")
    unknown = sorted(str(name) for name in raw if name not in FIELDS)
    if unknown:
        return EventProblem("unknown_field", f"The field {unknown[0][:60]} is not known here.")
    event_id, data = raw.get("event_id"), raw.get("event_data")
    if not isinstance(event_id, str) or not 1 <= len(event_id) <= EVENT_ID_LENGTH_MAX:
        return EventProblem(
            "event.id_invalid", f"event_id is a text of 1 to {EVENT_ID_LENGTH_MAX} characters.", "event_id"
        )
    data = {} if data is None else data
    if not isinstance(data, dict) or len(dumps_exact(data)) > EVENT_DATA_BYTES_MAX:
        return EventProblem(
            "event.data_invalid", f"event_data is an object of at most {EVENT_DATA_BYTES_MAX} bytes.", "event_data"
        )
    occurred_at = parse_instant(raw.get("occurred_at"))
    if occurred_at is None:
        return EventProblem("event.time_invalid", "occurred_at is an RFC 3339 instant with its offset.", "occurred_at")
    problem = check_event_type(raw.get("event_type")) or check_event_time(occurred_at, now) or check_event_data(data)
    if problem is not None:
        return problem
    customer = _customer_of(raw)
    if isinstance(customer, EventProblem):
        return customer
    if data.get("amount") is not None:
        data = {**data, "amount": parse_amount(data["amount"])}
    return InboundEvent(position, event_id, str(raw["event_type"]), *customer, occurred_at, data, chain)


def _customer_of(raw: Mapping[str, Any]) -> tuple[uuid.UUID | None, str] | EventProblem:
    named, ref = raw.get("customer_id"), raw.get("customer_ref")
    if (named is None) == (ref is None):
        message = "Name the customer by customer_id or by customer_ref."
        return EventProblem("event.customer_missing", message, "customer_ref")
    if ref is not None:
        wrong = EventProblem("id.invalid", "customer_ref is a text.", "customer_ref")
        return (None, ref) if isinstance(ref, str) and ref else wrong
    try:
        return parse_public_id(named), ""
    except PublicIdInvalid as refusal:
        return EventProblem(refusal.code, refusal.detail, "customer_id")


@transaction.atomic
def _store(sound: Sequence[InboundEvent], rejected: list[RejectedEvent], source: str, now: datetime) -> EventsReport:
    """Find the customers in one query, and store and publish in one statement."""
    by_id, by_ref = _customers_of(sound)
    fresh: dict[str, tuple[InboundEvent, tuple[int, uuid.UUID]]] = {}
    duplicates = 0
    for event in sound:
        customer = by_id.get(event.customer_id) if event.customer_id else by_ref.get(event.customer_ref)
        if customer is None:
            message = "There is no such customer."
            named = "customer_id" if event.customer_id else "customer_ref"
            rejected.append(RejectedEvent(event.position, event.event_id, "customer.not_found", message, named))
        elif event.event_id in fresh:
            duplicates += 1
        else:
            fresh[event.event_id] = (event, customer)
    accepted = 0
    if fresh:
        chosen = list(fresh.values())
        columns = (
            [event.event_id for event, _ in chosen],
            [_published_id(source, event.event_id) for event, _ in chosen],
            [event.type for event, _ in chosen],
            [customer[0] for _, customer in chosen],
            [str(customer[1]) for _, customer in chosen],
            [event.occurred_at for event, _ in chosen],
            [dumps_exact(event.data).decode() for event, _ in chosen],
            [event.chain.correlation_id for event, _ in chosen],
            [event.chain.causation_id for event, _ in chosen],
        )
        accepted = len(sql.fetch_all(RECEIVE, [source, now, *columns]))
        duplicates += len(fresh) - accepted
        maybe_fail("webhook.stored")
    return EventsReport(accepted, duplicates, tuple(sorted(rejected, key=lambda one: one.index)))


def _published_id(source: str, event_id: str) -> uuid.UUID:
    """Give the platform's id of an event from outside: the same event has the same id, wherever it is looked up."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"urn:khaywe:event:{source}:{event_id}")


def _customers_of(
    sound: Sequence[InboundEvent],
) -> tuple[dict[uuid.UUID, tuple[int, uuid.UUID]], dict[str, tuple[int, uuid.UUID]]]:
    ids = {event.customer_id for event in sound if event.customer_id}
    refs = {event.customer_ref for event in sound if event.customer_ref}
    return point_at(sorted(ids), sorted(refs))
