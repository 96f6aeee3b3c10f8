"""Events of customers that come by Kafka or as CloudEvents: the same as those of the webhook."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from loyalty.customers.operations.receiving import EVENTS_MAX, receive_events
from loyalty.foundation.exchange.contracts import ForeignEvent, IntakeReport, RefusedEvent
from loyalty.foundation.kernel.ids import PublicIdInvalid, parse_public_id

SOURCE_LENGTH_MAX = 50


def take_events(events: Sequence[ForeignEvent], *, source: str, now: datetime) -> IntakeReport:
    """Take events of customers in; the subject is ``customer/<id>``, an id, or a reference of the BSS."""
    report = IntakeReport()
    # A source may be an address of any length; here it is a short name.
    digest = hashlib.sha256(source.encode()).hexdigest()[:40]
    name = source if len(source) <= SOURCE_LENGTH_MAX else f"sha256:{digest}"
    for start in range(0, len(events), EVENTS_MAX):
        chunk = events[start : start + EVENTS_MAX]
        came = receive_events(raw=[_raw(one, now) for one in chunk], source=name, now=now)
        refused = tuple(
            RefusedEvent(chunk[one.index].index, one.event_id, one.code, one.message) for one in came.rejected
        )
        report += IntakeReport(came.accepted, came.duplicates, refused)
    return report


def _raw(event: ForeignEvent, now: datetime) -> dict[str, object]:
    subject = event.subject.removeprefix("customer/")
    try:
        customer = {"customer_id": str(parse_public_id(subject))}
    except PublicIdInvalid:
        customer = {"customer_ref": subject}
    return {
        "event_id": event.id,
        "event_type": event.type,
        "occurred_at": event.occurred_at or now.isoformat(),
        "event_data": dict(event.data),
        **customer,
    }
