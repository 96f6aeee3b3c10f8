"""Writes of events: publish, relay, deliver, replay."""

import dataclasses
import logging
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from loyalty.foundation.events import registry
from loyalty.foundation.events.contracts import Envelope, Fact
from loyalty.foundation.events.errors import HandlerUnknown
from loyalty.foundation.events.models import InboxEntry, InboxState
from loyalty.foundation.kernel.exact_json import dumps_exact
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.foundation.orm import sql
from loyalty.foundation.resilience.failpoints import maybe_fail

log = logging.getLogger("loyalty.events")

RELAY_NAME = "postgres"
# Eight tries with doubling waits reach about four minutes; then a person should look.
ATTEMPTS_MAX = 8
# Facts stored in one transaction: some seconds of it. Only a backlog of more is cut.
STORE_MAX = 200_000
# Stored facts taken out of the outbox in one transaction: about a tenth of a second.
TRIM_MAX = 50_000
BACKOFF_FIRST = timedelta(seconds=1)
# Facts that a handler takes in at once: some tenths of a second of one transaction.
SET_MAX = 250

INSERT = """
    INSERT INTO events_outbox
        (event_id, type, version, key, subject_kind, subject_ref, occurred_at, correlation_id, causation_id, data)
    SELECT * FROM unnest(%s::uuid[], %s::text[], %s::smallint[], %s::text[], %s::text[], %s::text[],
        %s::timestamptz[], %s::uuid[], %s::uuid[], %s::text[]::jsonb[])
"""

READ_UNTIL = "SELECT c.position FROM events_relaycursor c WHERE c.name = %(name)s"

# Whether anything waits to be stored or handed on: nearly always the answer is no.
LOOK_AHEAD = """
    SELECT EXISTS (SELECT 1 FROM events_tail) OR coalesce(
        (SELECT c.position FROM events_relaycursor c WHERE c.name = %(name)s), 0)
        < coalesce((SELECT s.position FROM events_storecursor s), 0) AS is_waiting
"""

# The oldest pending fact of each (handler, key): facts of one key are handled one after another, and a fact
# that keeps failing holds back its own key only. Handlers of one fact go by rank: a campaign that answers a purchase
# must find the member that the purchase made. Of one round of the relay the lower ranks go first, so that a higher one
# finds many facts at once.
CLAIM = """
    SELECT i.id, i.handler, i.envelope, i.attempts FROM events_inboxentry i
    WHERE i.state = 'PENDING' AND i.due_at <= %(now)s {more}AND NOT EXISTS (
        SELECT 1 FROM events_inboxentry e
        WHERE e.handler = i.handler AND e.key = i.key AND e.state = 'PENDING' AND e.id < i.id AND i.key <> '')
        AND (i.rank = 0 OR NOT EXISTS (
            SELECT 1 FROM events_inboxentry e
            WHERE e.event_id = i.event_id AND e.state = 'PENDING' AND e.rank < i.rank))
    ORDER BY i.due_at, i.rank, i.id LIMIT %(limit)s FOR UPDATE OF i SKIP LOCKED
"""
CLAIM_ONE = CLAIM.format(more="")
# What waits for the same handler besides, where it takes facts in sets: still of each key the oldest only, so no order
# within a set matters but that of the facts.
CLAIM_MORE = CLAIM.format(more="AND i.handler = %(handler)s AND i.id <> %(first)s ")

# What a handler has taken in, or given up, begins anew; what was never made for it is made.
REPLAY = """
    INSERT INTO events_inboxentry AS i (handler, event_id, type, key, rank, state, due_at, envelope)
    SELECT %(handler)s, s.event_id, s.type, s.key, %(rank)s, 'PENDING', %(now)s, jsonb_build_object(
        'id', s.event_id, 'type', s.type, 'version', s.version, 'key', s.key, 'subject_kind', s.subject_kind,
        'subject_ref', s.subject_ref, 'occurred_at', s.occurred_at, 'recorded_at', s.recorded_at,
        'correlation_id', s.correlation_id, 'causation_id', s.causation_id, 'data', s.data)
    FROM events_stored s
    WHERE s.recorded_at >= %(since)s AND s.type = ANY (%(types)s) AND (%(key)s = '' OR s.key = %(key)s)
        AND s.position <= (SELECT c.position FROM events_relaycursor c WHERE c.name = %(name)s)
    ORDER BY s.position
    ON CONFLICT (handler, event_id) DO UPDATE SET state = 'PENDING', attempts = 0, due_at = %(now)s, last_error = ''
    WHERE i.state <> 'PENDING'
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Publication:
    """A fact with what goes on its envelope."""

    fact: Fact
    key: str
    subject_kind: str
    subject_ref: str
    occurred_at: datetime
    event_id: uuid.UUID | None = None
    correlation_id: uuid.UUID | None = None
    causation_id: uuid.UUID | None = None


def publish_many(publications: Sequence[Publication]) -> list[uuid.UUID]:
    """Write the facts into the outbox, in one statement and in the caller's transaction."""
    if not publications:
        return []
    ids = [publication.event_id or new_public_id() for publication in publications]
    columns: tuple[list[Any], ...] = (
        ids,
        [p.fact.type for p in publications],
        [p.fact.version for p in publications],
        [p.key for p in publications],
        [p.subject_kind for p in publications],
        [p.subject_ref for p in publications],
        [p.occurred_at for p in publications],
        [p.correlation_id for p in publications],
        [p.causation_id for p in publications],
        [dumps_exact(p.fact).decode() for p in publications],
    )
    sql.execute(INSERT, columns)
    return ids


def publish(
    fact: Fact,
    *,
    key: str,
    subject_kind: str,
    subject_ref: str,
    occurred_at: datetime,
    event_id: uuid.UUID | None = None,
    correlation_id: uuid.UUID | None = None,
    causation_id: uuid.UUID | None = None,
) -> uuid.UUID:
    """Write one fact into the outbox in the caller's transaction; give its id."""
    one = Publication(
        fact=fact,
        key=key,
        subject_kind=subject_kind,
        subject_ref=subject_ref,
        occurred_at=occurred_at,
        event_id=event_id,
        correlation_id=correlation_id,
        causation_id=causation_id,
    )
    return publish_many([one])[0]


@transaction.atomic
def store_facts() -> int:
    """Move what was published and committed from the outbox into the event store; give the last fact's position."""
    row = sql.fetch_one("SELECT events_store_facts(%s) AS position", [STORE_MAX])
    return int(row["position"]) if row else 0


STRIP = """
    UPDATE {table} s SET data = coalesce((
        SELECT jsonb_object_agg(e.name, e.value) FROM jsonb_each(s.data) e (name, value)
        WHERE jsonb_typeof(e.value) IN ('number', 'boolean') OR e.name = ANY (%(kept)s)), '{{}}'::jsonb)
    WHERE {places} AND s.key = %(key)s AND s.type = ANY (%(types)s)
"""
# Where facts are: those that wait to be stored, and the stored ones, which an index finds by key and type.
PLACES = {
    "events_outbox": "true",
    "events_stored": "hashtextextended(s.key || ' ' || s.type, 0) IN ("
    "SELECT hashtextextended(%(key)s || ' ' || t, 0) FROM unnest(%(types)s::text[]) t)",
}


def strip_facts(*, key: str, types: Sequence[str], kept: Sequence[str]) -> int:
    """Take out of the facts of one key all that could name a person; give how many facts were looked at.

    Numbers, yes and no and the fields of ``kept`` stay, so that the fact that something happened stays true.
    """
    params = {"key": key, "types": list(types), "kept": list(kept)}
    return sum(sql.execute(STRIP.format(table=table, places=places), params) for table, places in PLACES.items())


REKEY = """
    UPDATE {table} s SET key = %(into)s
    WHERE {places} AND s.key = %(key)s AND s.type = ANY (%(types)s) AND s.subject_kind = %(subject_kind)s
"""


def rekey_facts(*, subject_kind: str, key: str, into: str, types: Sequence[str]) -> int:
    """Have facts of one key count as those of another, because both turned out to be one; give how many.

    Whom a fact was about when it happened stays told by its subject and its data; its place among all facts stays.

    :param subject_kind: only facts about such a subject; what is told of something else that is owned stays as it was.
    """
    params = {"key": key, "into": into, "types": list(types), "subject_kind": subject_kind}
    return sum(sql.execute(REKEY.format(table=table, places=places), params) for table, places in PLACES.items())


@transaction.atomic
def trim_outbox() -> int:
    """Take stored facts out of the outbox, some of them at a time; give how many."""
    row = sql.fetch_one("SELECT events_trim_outbox(%s) AS count", [TRIM_MAX])
    maybe_fail("relay.trimmed")
    return int(row["count"]) if row else 0


def drop_old_months(*, now: datetime, kept_months: int) -> list[str]:
    """Drop the months of the event store that ended more than ``kept_months`` whole months ago; give their tables.

    0 keeps everything. A month with a fact that the relay, or a reader with a cursor of its own, has not read yet
    stays, and so do all after it. Each month is a transaction of its own; a store that is locked is asked again later.
    """
    if not kept_months:
        return []
    at = now.astimezone(UTC)
    month = at.year * 12 + at.month - 1 - kept_months
    before = datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)
    dropped: list[str] = []
    while (name := _drop_month(before)) is not None:
        log.info("the event store's month %s was dropped", name)
        dropped.append(name)
    return dropped


@transaction.atomic
def _drop_month(before: datetime) -> str | None:
    cursor = sql.fetch_one(READ_UNTIL, {"name": RELAY_NAME})
    read_until = min([int(cursor["position"]) if cursor else 0, *registry.readers_behind()])
    row = sql.fetch_one("SELECT events_drop_month(%s, %s) AS name", [before, read_until])
    maybe_fail("events.month_dropped")
    return str(row["name"]) if row and row["name"] else None


@transaction.atomic
def relay(*, now: datetime, limit: int = 1000) -> tuple[int, int]:
    """Store new facts and put them into the handlers' inboxes; give facts read and inbox rows made.

    The facts are stored before the handlers are asked what they want, and only those are handed on: who began to want
    a type before a fact was published is asked after it, and so gets it.
    """
    ahead = sql.fetch_one(LOOK_AHEAD, {"name": RELAY_NAME})
    if ahead is None or not ahead["is_waiting"]:
        return 0, 0
    maybe_fail("relay.looked_ahead")
    until = store_facts()
    maybe_fail("relay.stored")
    wanted = [(one, kind) for one in registry.subscriptions() for kind in one.types_wanted()]
    row = sql.fetch_one(
        "SELECT read_count, made_count FROM events_relay(%s, %s, %s, %s, %s, %s, %s)",
        [
            *(
                RELAY_NAME,
                [one.name for one, _ in wanted],
                [kind for _, kind in wanted],
                [one.rank for one, _ in wanted],
            ),
            *(limit, until, now),
        ],
    )
    maybe_fail("relay.moved")
    return (int(row["read_count"]), int(row["made_count"])) if row else (0, 0)


def read_envelope(stored: dict[str, Any]) -> Envelope:
    """Build the envelope from its stored form."""
    return Envelope(
        id=uuid.UUID(stored["id"]),
        type=stored["type"],
        version=int(stored["version"]),
        key=stored["key"],
        subject_kind=stored["subject_kind"],
        subject_ref=stored["subject_ref"],
        occurred_at=datetime.fromisoformat(stored["occurred_at"]),
        recorded_at=datetime.fromisoformat(stored["recorded_at"]),
        correlation_id=uuid.UUID(stored["correlation_id"]) if stored["correlation_id"] else None,
        causation_id=uuid.UUID(stored["causation_id"]) if stored["causation_id"] else None,
        data=stored["data"],
    )


def deliver_one(*, now: datetime) -> bool:
    """Handle the next due inbox row, and no other; give False when none is due."""
    return deliver_due(now=now, limit=1) > 0


def deliver_due(*, now: datetime, limit: int = SET_MAX) -> int:
    """Handle the next due inbox row, with up to ``limit`` of its handler where that takes facts in sets; give how many.

    The handler's effect and the mark DONE commit together, so a kill at any moment leaves both or neither.
    """
    with transaction.atomic():
        entries = _claim(now, limit)
        if not entries:
            return 0
        maybe_fail("delivery.claimed")
        if taken := _take(entries, now):
            maybe_fail("delivery.handled")
            InboxEntry.objects.filter(pk__in=[entry.pk for entry in taken]).update(state=InboxState.DONE, done_at=now)
            maybe_fail("delivery.marked")
    maybe_fail("delivery.committed")
    return len(entries)


def _claim(now: datetime, limit: int) -> list[InboxEntry]:
    """Lock the next due row and those that may be handled with it, in the order in which they were published."""
    first = next(iter(InboxEntry.objects.raw(CLAIM_ONE, {"now": now, "limit": 1})), None)
    if first is None:
        return []
    subscription = registry.find_subscription(first.handler)
    if limit == 1 or subscription is None or subscription.take_set is None:
        return [first]
    params = {"now": now, "limit": limit - 1, "handler": first.handler, "first": first.pk}
    return sorted([first, *InboxEntry.objects.raw(CLAIM_MORE, params)], key=lambda entry: entry.pk)


def _take(entries: Sequence[InboxEntry], now: datetime) -> list[InboxEntry]:
    """Have the handler take rows in, together or, where that fails, each by itself; give those that it took in."""
    if len(entries) > 1:
        fault = _attempt(entries, now)
        if fault is None:
            return list(entries)
        told = (entries[0].handler, len(entries))
        log.warning("handler %s failed on a set of %s events, each is tried by itself", *told, exc_info=fault)
    taken = []
    for entry in entries:
        fault = _attempt([entry], now)
        if fault is None:
            taken.append(entry)
            continue
        log.warning("handler %s failed on event %s", entry.handler, entry.event_id, exc_info=fault)
        _postpone(entry, f"{type(fault).__name__}: {fault}", now)
    return taken


def _attempt(entries: Sequence[InboxEntry], now: datetime) -> Exception | None:
    """Have the handler take rows in; give the fault that undid all of it, if there was one."""
    try:
        with transaction.atomic():
            _handle(entries, now)
    except Exception as fault:  # a handler may fail in any way; the row remembers it and others go on
        return fault
    return None


def _handle(entries: Sequence[InboxEntry], now: datetime) -> None:
    subscription = registry.find_subscription(entries[0].handler)
    if subscription is None:
        raise LookupError(f"No handler {entries[0].handler} in this version.")
    facts = [read_envelope(entry.envelope) for entry in entries]
    if subscription.take_set is not None and len(facts) > 1:
        subscription.take_set(facts, now=now)
        return
    for fact in facts:
        subscription.handler(fact, now=now)


def _postpone(entry: InboxEntry, error: str, now: datetime) -> None:
    attempts = entry.attempts + 1
    state = InboxState.DEAD if attempts >= ATTEMPTS_MAX else InboxState.PENDING
    wait = BACKOFF_FIRST * 2 ** (attempts - 1)
    InboxEntry.objects.filter(pk=entry.pk).update(
        attempts=attempts, state=state, last_error=error[:2000], due_at=now + wait
    )


def replay_dead(*, entry: InboxEntry, now: datetime) -> None:
    """Put a dead row back in line, with its tries forgotten."""
    InboxEntry.objects.filter(pk=entry.pk, state=InboxState.DEAD).update(
        state=InboxState.PENDING, attempts=0, due_at=now, last_error=""
    )


@transaction.atomic
def replay_facts(*, handler: str, since: datetime, key: str, now: datetime) -> int:
    """Have a handler take in the facts recorded from an instant on once more, of one key if one is given; count them.

    A handler that did its work already finds that out by the id of the fact, as it does when a fact comes twice.

    :raises HandlerUnknown: this version has no such handler.
    """
    subscription = registry.find_subscription(handler)
    if subscription is None:
        raise HandlerUnknown(f"No handler is called {handler}.")
    named = {"handler": handler, "rank": subscription.rank, "name": RELAY_NAME}
    return sql.execute(REPLAY, {**named, "since": since, "key": key, "types": subscription.types_wanted(), "now": now})
