"""Events of customers that come by Kafka or as CloudEvents: the same as those of the webhook."""

import hashlib
import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from loyalty.customers.contracts import EventChain
from loyalty.customers.models import Customer
from loyalty.customers.operations.receiving import EVENTS_MAX, receive_events
from loyalty.foundation.exchange.contracts import ForeignEvent, IntakeReport, RefusedEvent
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.ids import PublicIdInvalid, parse_public_id

SOURCE_LENGTH_MAX = 50
# What the webhook's fields are called in a CloudEvent.
NAMES: Mapping[str, str] = {
    "event_id": "id",
    "event_type": "type",
    "occurred_at": "time",
    "customer_id": "subject",
    "customer_ref": "subject",
    "event_data": "data",
}
# With this before it a subject is our own id of a customer, or a reference of the BSS.
OURS = "customer/"


def short_source(source: str) -> str:
    """Give the short name of a source, which may be an address of any length."""
    digest = hashlib.sha256(source.encode()).hexdigest()[:40]
    return source if len(source) <= SOURCE_LENGTH_MAX else f"sha256:{digest}"


def place_of(field: str) -> str:
    """Give a field of the webhook by its place in a CloudEvent: ``event_data.amount`` is ``data.amount``."""
    name, dot, rest = field.partition(".")
    return f"{NAMES.get(name, name)}{dot}{rest}"


def take_events(events: Sequence[ForeignEvent], *, source: str, actor: Actor, now: datetime) -> IntakeReport:
    """Take events of customers in; the subject is ``customer/<id>``, an id, or a reference of the BSS."""
    report = IntakeReport()
    name = short_source(source)
    ours = _list_ours(events)
    for start in range(0, len(events), EVENTS_MAX):
        chunk = events[start : start + EVENTS_MAX]
        told = [_raw(one, ours, now) for one in chunk]
        came = receive_events(raw=told, source=name, now=now, chains=[_chain(one) for one in chunk])
        refused = tuple(
            RefusedEvent(chunk[one.index].index, one.event_id, one.code, one.message, place_of(one.field))
            for one in came.rejected
        )
        report += IntakeReport(came.accepted, came.duplicates, refused)
    return report


def _id_of(subject: str) -> uuid.UUID | None:
    try:
        return parse_public_id(subject.removeprefix(OURS))
    except PublicIdInvalid:
        return None


def _chain(event: ForeignEvent) -> EventChain:
    return EventChain(_uuid(event.correlation_id), _uuid(event.causation_id))


def _uuid(text: str) -> uuid.UUID | None:
    """Give the id that a sender names; other systems name chains in ways of their own, which are left out."""
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return None


def _list_ours(events: Sequence[ForeignEvent]) -> frozenset[uuid.UUID]:
    """Give which bare subjects are ids of ours: a BSS may name its customers by ids that look the same."""
    bare = {named for one in events if not one.subject.startswith(OURS) and (named := _id_of(one.subject))}
    return frozenset(Customer.objects.filter(public_id__in=bare).values_list("public_id", flat=True) if bare else ())


def _raw(event: ForeignEvent, ours: Collection[uuid.UUID], now: datetime) -> dict[str, object]:
    named = _id_of(event.subject)
    is_id = named is not None and (named in ours or event.subject.startswith(OURS))
    return {
        "event_id": event.id,
        "event_type": event.type,
        "occurred_at": event.occurred_at or now.isoformat(),
        "event_data": dict(event.data),
        **({"customer_id": str(named)} if is_id else {"customer_ref": event.subject.removeprefix(OURS)}),
    }
