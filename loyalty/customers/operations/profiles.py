"""What the BSS tells of single customers as it happens: each word once, and never an older one over a newer."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from loyalty.customers.contracts import ConsentRecord, CustomerRecord, Mark, ProfileNews
from loyalty.customers.models import Customer, CustomerEvent, ProfileMark
from loyalty.customers.operations.exchanging import place_of, short_source
from loyalty.customers.operations.upserting import REF_LENGTH_MAX, write_records
from loyalty.customers.policy import (
    EVENT_FUTURE_MAX,
    MAKING_TYPES,
    PROFILE_EMPTY,
    UNSTORABLE,
    EventProblem,
    parse_instant,
    read_profile,
    take_news,
)
from loyalty.foundation.exchange.contracts import ForeignEvent, IntakeReport, RefusedEvent
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.exact_json import dumps_exact
from loyalty.foundation.kernel.ids import PublicIdInvalid, parse_public_id, public_id_of_ref
from loyalty.foundation.orm import sql
from loyalty.foundation.resilience.failpoints import maybe_fail

# The lock of customers_upsert, taken before anything is read: what is compared is then what is written over.
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('customers.upsert', 0))"
# Of a record an empty address is one that is not told, so that it stays; these say that there is none any more.
ADDRESSES: Mapping[str, str] = {"email": "email", "phone": "sms", "push_token": "push"}
NOBODY = "There is no such customer."
KEEP_MARKS = """
    INSERT INTO customers_profile_mark AS m (customer_id, marks, latest_at)
    SELECT c.id, i.marks::jsonb, i.latest_at
    FROM unnest(%s::text[], %s::text[], %s::timestamptz[]) AS i (customer_ref, marks, latest_at)
    JOIN customers_customer c USING (customer_ref) ORDER BY c.id
    ON CONFLICT (customer_id) DO UPDATE SET marks = excluded.marks, latest_at = excluded.latest_at
"""
KEEP_EVENTS = """
    INSERT INTO customers_event (source, event_id, type, customer_id, occurred_at, received_at, data)
    SELECT %s, i.event_id, i.type, c.id, i.occurred_at, %s, i.data::jsonb
    FROM unnest(%s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::text[])
        AS i (event_id, type, customer_ref, occurred_at, data)
    JOIN customers_customer c USING (customer_ref) ORDER BY i.event_id
    ON CONFLICT (source, event_id) DO NOTHING
"""


@dataclass(slots=True)
class Told:
    """An event that can be read, and whom it names: by our id, or by the BSS's own reference."""

    event: ForeignEvent
    news: ProfileNews
    customer_id: uuid.UUID | None
    customer_ref: str
    # The fields that counted; the others were older than what is known.
    taken: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Person:
    """A customer while the words of a batch are put together; ``row`` is None for one whom nobody knew."""

    customer_ref: str
    row: Customer | None
    values: dict[str, Any] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)
    consents: list[ConsentRecord] = field(default_factory=list)
    is_changed: bool = False


def take_profiles(events: Sequence[ForeignEvent], *, source: str, actor: Actor, now: datetime) -> IntakeReport:
    """Take what the BSS tells of customers in, in the order in which it came; each event counts once.

    Nothing of it is published but that a customer is new or changed: a profile is personal, and facts are read by many.
    """
    name = short_source(source)
    refused: list[RefusedEvent] = []
    sound: list[Told] = []
    for one in events:
        read = _read(one, name, now)
        if isinstance(read, EventProblem):
            refused.append(RefusedEvent(one.index, one.id, read.code, read.message, place_of(read.field)))
        else:
            sound.append(read)
    accepted = _store(sound, refused, name, actor, now) if sound else 0
    return IntakeReport(accepted, len(events) - len(refused) - accepted, tuple(refused))


def _read(event: ForeignEvent, source: str, now: datetime) -> Told | EventProblem:
    told_at = parse_instant(event.occurred_at) if event.occurred_at else now
    if told_at is None:
        return EventProblem("event.time_invalid", "time is an RFC 3339 instant with its offset.", "time")
    if told_at > now + EVENT_FUTURE_MAX:
        return EventProblem("event.in_the_future", "time lies in the future.", "time")
    subject = event.subject.removeprefix("customer/")
    if not subject.strip() or len(subject) > REF_LENGTH_MAX or UNSTORABLE.search(subject + event.id):
        message = f"subject names a customer, in up to {REF_LENGTH_MAX} characters."
        return EventProblem("event.customer_missing", message, "subject")
    news = read_profile(event.type, event.data, told_at=told_at, source=source, now=now)
    if isinstance(news, EventProblem):
        return news
    try:
        named = parse_public_id(subject)
    except PublicIdInvalid:
        return Told(event, news, None, subject)
    # A BSS may itself name its customers by such ids; with "customer/" before it, it is ours.
    return Told(event, news, named, "" if subject != event.subject else subject)


@transaction.atomic
def _store(sound: Sequence[Told], refused: list[RefusedEvent], source: str, actor: Actor, now: datetime) -> int:
    """Put the words of a batch together and write each customer once; give how many events were new."""
    sql.execute(LOCK)
    ids = [one.event.id for one in sound]
    known = set(CustomerEvent.objects.filter(source=source, event_id__in=ids).values_list("event_id", flat=True))
    people = People(sound)
    fresh: dict[str, tuple[Told, Person]] = {}
    for one in sound:
        if one.event.id in known or one.event.id in fresh:
            continue
        person = people.find_or_make(one)
        if person is None:
            refused.append(RefusedEvent(one.event.index, one.event.id, "customer.not_found", NOBODY, "subject"))
            continue
        _take(one, person)
        fresh[one.event.id] = (one, person)
    people.write(source, actor, now)
    _keep_events(list(fresh.values()), source, now)
    maybe_fail("profiles.stored")
    return len(fresh)


def _take(told: Told, person: Person) -> None:
    row = person.row
    if row is not None and (row.erased_at is not None or row.merged_into_id is not None):
        # Whom we erased, or who turned out to be another, no source brings back, and nothing of the word is kept.
        return
    told.taken = take_news(person.values, person.marks, row.told_at if row is not None else None, told.news)
    person.consents += told.news.consents
    person.is_changed |= bool(told.taken or told.news.consents) or row is None


class People:
    """The customers of a batch, locked and with what is known of when their fields were told."""

    def __init__(self, sound: Sequence[Told]) -> None:
        """Find and lock all of them, in one order."""
        refs = {one.customer_ref for one in sound if one.customer_ref}
        ids = {one.customer_id for one in sound if one.customer_id} | {public_id_of_ref(ref) for ref in refs}
        rows = list(
            Customer.objects.select_for_update(no_key=True)
            .filter(Q(public_id__in=ids) | Q(customer_ref__in=refs))
            .order_by("pk")
        )
        marks = dict(ProfileMark.objects.filter(customer__in=rows).values_list("customer_id", "marks"))
        self._people: dict[str, Person] = {}
        self._by_id: dict[uuid.UUID, Person] = {}
        for row in rows:
            held = {name: Mark(datetime.fromisoformat(at), version, told_by) for name, (at, version, told_by)
                    in marks.get(row.pk, {}).items()}  # fmt: skip
            person = Person(row.customer_ref, row, marks=held)
            self._people[row.customer_ref] = self._by_id[row.public_id] = person

    def find_or_make(self, told: Told) -> Person | None:
        """Give the customer that an event names; a new one where the event may make one, else None."""
        found = self._by_id.get(told.customer_id) if told.customer_id else None
        if found is None and told.customer_ref:
            found = self._people.get(told.customer_ref) or self._by_id.get(public_id_of_ref(told.customer_ref))
        if found is None and told.customer_ref and told.event.type in MAKING_TYPES:
            found = self._people[told.customer_ref] = Person(told.customer_ref, None)
        return found

    def write(self, source: str, actor: Actor, now: datetime) -> None:
        """Write everybody of whom something counted, in one statement, and remember as of when."""
        changed = sorted((one for one in self._people.values() if one.is_changed), key=lambda one: one.customer_ref)
        gone = {
            one.customer_ref: [channel for name, channel in ADDRESSES.items() if one.values.get(name) == ""]
            for one in changed
        }
        write_records([_record(one) for one in changed], gone, told_at=None, source=source, actor=actor, now=now)
        marked = [one for one in changed if one.marks]
        if marked:
            sql.execute(
                KEEP_MARKS,
                [
                    [one.customer_ref for one in marked],
                    [_marks_text(one.marks) for one in marked],
                    [max(mark.at for mark in one.marks.values()) for one in marked],
                ],
            )


def _record(person: Person) -> CustomerRecord:
    """Give a customer with the fields that counted, and all others as they are."""
    held = {name: value if person.row is None or name in ADDRESSES else getattr(person.row, name)
            for name, value in PROFILE_EMPTY.items()}  # fmt: skip
    values = {**held, **person.values}
    return CustomerRecord(customer_ref=person.customer_ref, **values, consents=tuple(person.consents))


def _marks_text(marks: Mapping[str, Mark]) -> str:
    return dumps_exact(
        {name: [mark.at.isoformat(), mark.version, mark.source] for name, mark in marks.items()}
    ).decode()


def _keep_events(fresh: Sequence[tuple[Told, Person]], source: str, now: datetime) -> None:
    """Remember the events by their ids, with the names of what counted and none of the words."""
    if fresh:
        told = [one for one, _ in fresh]
        data = [
            {"fields": one.taken, "consents": len(one.news.consents)} if person.is_changed else {}
            for one, person in fresh
        ]
        columns = (
            [one.event.id for one in told],
            [one.event.type for one in told],
            [person.customer_ref for _, person in fresh],
            [one.news.mark.at for one in told],
            [dumps_exact(one).decode() for one in data],
        )
        sql.execute(KEEP_EVENTS, [source, now, *columns])
