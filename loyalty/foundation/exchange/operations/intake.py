"""Events of other systems in: given to the domain that takes them, or published as they came; each counts once."""

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import OperationalError, transaction
from psycopg.errors import LockNotAvailable

from loyalty.foundation.events import api as events
from loyalty.foundation.exchange import registry
from loyalty.foundation.exchange.contracts import ForeignEvent, IntakeReport, RefusedEvent
from loyalty.foundation.exchange.errors import EventsTooManyAtOnce, RehearsalBusy
from loyalty.foundation.exchange.models import EventMapping
from loyalty.foundation.exchange.policy import Reading, is_fitting, read_cloud_event, read_instant, read_mapped
from loyalty.foundation.exchange.registry import Reception
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.exact_json import dumps_exact
from loyalty.foundation.orm import sql
from loyalty.foundation.resilience.failpoints import maybe_fail

EVENTS_MAX = 5_000
DATA_BYTES_MAX = 64_000
# A rehearsal does not stand in line behind an import, and nobody stands behind it for long.
PATIENCE = "SET LOCAL lock_timeout = '2s'"
TAKE_IN = "SELECT exchange_take_in(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) AS taken"


def readings_of(source: str) -> list[Reading]:
    """Give the active mappings of a source, in the order in which they are tried."""
    rows = EventMapping.objects.filter(source=source, is_active=True).order_by("rank", "id")
    return [reading_of(row) for row in rows]


def reading_of(row: EventMapping) -> Reading:
    """Give a mapping as the pure functions take it."""
    return Reading(row.type, row.id_path, row.subject_path, row.time_path, row.matches, row.data_paths)


def read_one(raw: Any, *, source: str, index: int, readings: Sequence[Reading]) -> ForeignEvent | RefusedEvent:
    """Read a CloudEvent as it is, and any other event by the first mapping that fits."""
    if raw is None:
        return RefusedEvent(index, "", "event.empty", "It is empty (in a topic: a tombstone), so it tells nothing.")
    if isinstance(raw, Mapping) and "specversion" in raw:
        return read_cloud_event(raw, source=source, index=index)
    fitting = next((one for one in readings if is_fitting(one, raw)), None)
    if fitting is None:
        return RefusedEvent(index, "", "event.no_mapping", f"It is no CloudEvent, and no mapping of {source} fits.")
    return read_mapped(fitting, raw, source=source, index=index)


@dataclass(frozen=True, slots=True)
class Family:
    """Events that one call takes in together: of one wave, for one domain, from one source."""

    wave: int
    reception: Reception | None
    source: str


class Families:
    """Events by family, so that those of one subject are taken in one after the other although domains differ.

    A wave ends for a subject where its next event is of another family: a customer who is made known, and buys, is made
    known first.
    """

    def __init__(self) -> None:
        self._last: dict[str, Family] = {}
        self._events: dict[Family, list[ForeignEvent]] = {}

    def add(self, event: ForeignEvent, reception: Reception | None) -> None:
        """Put an event behind those of its subject."""
        before = self._last.get(event.subject) if event.subject else None
        family = Family(before.wave if before else 0, reception, event.source)
        if before is not None and before != family:
            family = Family(before.wave + 1, reception, event.source)
        self._last[event.subject] = family
        self._events.setdefault(family, []).append(event)

    def in_order(self) -> list[tuple[Family, list[ForeignEvent]]]:
        """Give the families, wave by wave."""
        return sorted(self._events.items(), key=lambda one: one[0].wave)


@transaction.atomic
def take_in(
    *,
    raw: Sequence[Any],
    source: str,
    actor: Actor,
    now: datetime,
    is_allowed: Callable[[str], bool] = lambda permission: True,
) -> IntakeReport:
    """Take events in that came together; what cannot be taken is told by its index, and the rest counts.

    :param source: who sends, for events that do not name their source themselves; it chooses the mappings.
    :param actor: who brought them.
    :param is_allowed: tells whether the sender has a permission that a domain asks for; of a topic everything is.
    :raises EventsTooManyAtOnce: more than ``EVENTS_MAX``.
    """
    if len(raw) > EVENTS_MAX:
        raise EventsTooManyAtOnce(f"A call takes at most {EVENTS_MAX} events; this one has {len(raw)}.")
    readings = readings_of(source)
    own = events.list_type_names()
    refused: list[RefusedEvent] = []
    families = Families()
    for index, one in enumerate(raw):
        read = read_one(one, source=source, index=index, readings=readings)
        if isinstance(read, ForeignEvent):
            reception = registry.find_reception(read.type)
            problem = _problem(read, reception, own, is_allowed)
            if problem is None:
                families.add(read, reception)
                continue
            read = RefusedEvent(index, read.id, *problem, "type")
        refused.append(read)
    report = _hand_on(families, IntakeReport(refused=tuple(refused)), actor=actor, now=now)
    maybe_fail("intake.taken")
    return IntakeReport(report.accepted, report.duplicates, tuple(sorted(report.refused, key=lambda one: one.index)))


def _hand_on(families: Families, report: IntakeReport, *, actor: Actor, now: datetime) -> IntakeReport:
    """Give each family to the domain that takes it, or publish it; add what became of them to the report."""
    for family, chosen in families.in_order():
        if family.reception is None:
            report += _publish(chosen, source=family.source, now=now)
        else:
            report += family.reception.receive(chosen, source=family.source, actor=actor, now=now)
    return report


def rehearse(event: ForeignEvent, *, actor: Actor, now: datetime) -> IntakeReport:
    """Take one event in as if it came, and undo all of it: what its domain says is known, nothing is written.

    :raises RehearsalBusy: somebody else (an import) holds what it would change.
    """
    reception = registry.find_reception(event.type)
    problem = _problem(event, reception, events.list_type_names(), lambda permission: True)
    if problem is not None:
        return IntakeReport(refused=(RefusedEvent(event.index, event.id, *problem, "type"),))
    families = Families()
    families.add(event, reception)
    try:
        with transaction.atomic():
            sql.execute(PATIENCE)
            report = _hand_on(families, IntakeReport(), actor=actor, now=now)
            transaction.set_rollback(True)
    except OperationalError as fault:
        if not isinstance(fault.__cause__, LockNotAvailable):
            raise
        raise RehearsalBusy() from fault
    return report


def _problem(
    event: ForeignEvent, reception: Reception | None, own: Collection[str], is_allowed: Callable[[str], bool]
) -> tuple[str, str] | None:
    """Give code and words of why an event is not even handed to a domain, or None."""
    if reception is None:
        return ("event.type_reserved", f"{event.type} is published by the platform.") if event.type in own else None
    if reception.permission and not is_allowed(reception.permission):
        return "event.not_allowed", f"Whoever sends {event.type} needs the permission {reception.permission}."
    return None


def _publish(chosen: Sequence[ForeignEvent], *, source: str, now: datetime) -> IntakeReport:
    """Publish events as they came: types and versions that this version does not know are kept, not dropped."""
    refused: list[RefusedEvent] = []
    fresh: dict[str, tuple[ForeignEvent, datetime, str]] = {}
    for one in chosen:
        data = dumps_exact(one.data).decode()
        occurred_at = read_instant(one.occurred_at) if one.occurred_at else now
        if occurred_at is None:
            message = "time is an RFC 3339 instant."
            refused.append(RefusedEvent(one.index, one.id, "event.time_invalid", message, "time"))
        elif len(data) > DATA_BYTES_MAX:
            message = f"data has over {DATA_BYTES_MAX} B."
            refused.append(RefusedEvent(one.index, one.id, "event.data_invalid", message, "data"))
        else:
            fresh.setdefault(one.id, (one, occurred_at, data))
    taken = 0
    if fresh:
        kinds = [
            one.subject.partition("/") if "/" in one.subject else ("", "", one.subject) for one, _, _ in fresh.values()
        ]
        rows = list(fresh.values())
        found = sql.fetch_one(
            TAKE_IN,
            [
                now,
                [source] * len(rows),
                [one.id for one, _, _ in rows],
                [uuid.uuid5(uuid.NAMESPACE_URL, f"urn:khaywe:event:{source}:{one.id}") for one, _, _ in rows],
                [one.type for one, _, _ in rows],
                [one.version for one, _, _ in rows],
                [ref for _, _, ref in kinds],
                [kind for kind, _, _ in kinds],
                [ref for _, _, ref in kinds],
                [at for _, at, _ in rows],
                [_uuid(one.correlation_id) for one, _, _ in rows],
                [_uuid(one.causation_id) for one, _, _ in rows],
                [data for _, _, data in rows],
            ],
        )
        taken = int(found["taken"]) if found else 0
    return IntakeReport(taken, len(chosen) - len(refused) - taken, tuple(refused))


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return None
