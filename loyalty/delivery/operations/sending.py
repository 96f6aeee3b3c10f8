"""Sending what is due: claimed in a batch, marked SENDING before each hand-over and settled after it.

One commit lies between two windows of messages: it settles the one before and marks the next. A process killed at any
moment leaves at most one window whose outcome nobody knows; after its lease it is UNKNOWN and never repeated.
"""

import logging
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any

from django.db import OperationalError, connection

from loyalty.delivery.contracts import BatchReport, Outgoing, Purpose, Receipt, SendState
from loyalty.delivery.errors import DeliveryError, VariableMissing
from loyalty.delivery.events import MessageBounced, MessageDelivered, MessageFact, MessageSent
from loyalty.delivery.kinds import links, registry
from loyalty.delivery.kinds.protocol import Channel, Connection
from loyalty.delivery.models import Send
from loyalty.delivery.operations import contacting, pacing
from loyalty.delivery.operations.budgeting import repeat_lost
from loyalty.delivery.policy.variables import PREFERENCES
from loyalty.delivery.queries.budgeting import cost_per_message
from loyalty.delivery.queries.templating import parts_for
from loyalty.foundation.kernel.exact_json import ExactDecoder, dumps_exact
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.foundation.orm import sql

log = logging.getLogger("loyalty.delivery")

# Messages per connection. A killed worker's unsent rest comes back after the claim's lease.
BATCH_ROWS = 50
CLAIM_LEASE = timedelta(minutes=2)
# Longer than a window takes where steps keep to the default time-out; what a slower one answers later still settles it.
SEND_LEASE = timedelta(minutes=15)
# Refusals that may pass are retried with doubling waits up to an hour, for as long as mail servers do it themselves.
BACKOFF_FIRST = timedelta(seconds=30)
BACKOFF_MAX = timedelta(hours=1)
RETRY_FOR = timedelta(days=3)
# A channel that is down is asked again this soon; nobody's message counts an attempt for it.
CHANNEL_RETRY = timedelta(seconds=15)
DETAIL_LENGTH_MAX = 500
# A dead-lock or a restart of the database in between is over by the third try, or it is a longer fault.
TURN_TRIES = 3

CLAIM = """
    WITH due AS (
        SELECT id FROM delivery_send WHERE state = 'QUEUED' AND channel = %(channel)s AND due_at <= %(now)s
        ORDER BY priority, due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ), claimed AS (
        UPDATE delivery_send s SET claim = %(claim)s, due_at = %(until)s FROM due WHERE s.id = due.id
        RETURNING s.id, s.public_id, s.message_id, s.customer_id, s.variables, s.queued_at, s.priority, s.variant
    )
    SELECT c.*, m.occurrence_key, m.source_kind, m.source_ref, m.purpose, k.parts, d.public_id AS customer_public_id,
        coalesce(nullif(f.language, ''), d.language, '') AS language
    FROM claimed c JOIN delivery_message m ON m.id = c.message_id
    JOIN delivery_content k ON k.id = coalesce((m.variants ->> nullif(c.variant, ''))::bigint, m.content_id)
    LEFT JOIN customers_directory d ON d.customer_id = c.customer_id
    LEFT JOIN delivery_preference f ON f.customer_id = c.customer_id
    ORDER BY c.priority, c.id
"""

TURN = """
    WITH charged AS MATERIALIZED (
        SELECT delivery_charge(%(claim)s, %(now)s, %(policy)s::jsonb ->> 'zone', %(settled)s::jsonb)),
    settled AS MATERIALIZED (SELECT delivery_settle(%(claim)s, %(now)s, %(settled)s::jsonb) FROM charged)
    SELECT b.* FROM (SELECT count(*) FROM settled) s
    CROSS JOIN delivery_begin_within_budgets(%(claim)s, %(now)s, %(until)s, %(next)s::bigint[],
        %(policy)s::jsonb, %(cost)s::numeric) b
"""


@dataclass(frozen=True, slots=True)
class ClaimedSend:
    """A row of the queue that this worker holds, with what its message is."""

    id: int
    public_id: uuid.UUID
    message_id: int
    customer_id: int
    variables: dict[str, Any] | None
    queued_at: datetime
    priority: int
    variant: str
    occurrence_key: str
    source_kind: str
    source_ref: uuid.UUID
    purpose: str
    parts: dict[str, str]
    customer_public_id: uuid.UUID | None
    language: str

    def fact(self, kind: type[MessageFact], channel: str, **more: str) -> MessageFact:
        """Make a fact of this send."""
        return kind(
            send_id=str(self.public_id),
            channel=channel,
            customer_id=self.key,
            occurrence_key=self.occurrence_key,
            source_kind=self.source_kind,
            source_ref=str(self.source_ref),
            **more,
        )

    @property
    def key(self) -> str:
        """The customer, by whom facts are ordered."""
        return str(self.customer_public_id or "")


@dataclass(frozen=True, slots=True)
class Begun:
    """A send that is marked SENDING, with what is fresh of its customer."""

    row: ClaimedSend
    attempts: int
    address: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a send that was SENDING goes on; written with the next turn. One not ``is_begun`` counts no attempt."""

    row: ClaimedSend
    state: SendState
    counted_as: str
    reason: str = ""
    detail: str = ""
    due_at: datetime | None = None
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    ended_at: datetime | None = None
    is_begun: bool = True
    references: tuple[str, ...] = ()
    units: int = 1
    facts: tuple[MessageFact, ...] = ()

    def as_told(self) -> dict[str, Any]:
        """Give the verdict as the database is told."""
        facts = [{"id": str(new_public_id()), "type": fact.type, "data": asdict(fact)} for fact in self.facts]
        return {
            "id": self.row.id,
            "state": self.state.value,
            "reason": self.reason,
            "detail": self.detail[:DETAIL_LENGTH_MAX],
            **{name: getattr(self, name) for name in ("due_at", "sent_at", "delivered_at", "ended_at", "is_begun")},
            "key": self.row.key,
            "references": self.references,
            "units": self.units,
            "facts": facts,
        }


class Batch:
    """One worker's turn at one channel."""

    def __init__(self, channel: Channel, now: datetime, pause: Callable[[float], object] = time.sleep) -> None:
        self.channel = channel
        self.now = now
        self.claim = new_public_id()
        self.counts: Counter[str] = Counter()
        self.is_channel_down = False
        self.is_too_fast = False
        self._policy = contacting.as_told()
        self._cost = cost_per_message([channel.code])[channel.code]
        self._rate = pacing.rate_of(channel.code)
        self._pause = pause

    def run(self, limit: int) -> BatchReport:
        """Claim, send and settle."""
        rows = self._claim_rows(limit)
        if rows:
            try:
                with self.channel.connect() as connection:
                    self._send_all(rows, connection)
            except DeliveryError as fault:
                log.warning("channel %s is down: %s", self.channel.code, fault)
                self.is_channel_down = True
            if self.is_channel_down or self.is_too_fast:
                self.counts["retried"] += self._put_back(rows)
        return BatchReport(claimed=len(rows), is_channel_down=self.is_channel_down, **self.counts)

    def _claim_rows(self, limit: int) -> list[ClaimedSend]:
        params = {
            "channel": self.channel.code,
            "now": self.now,
            "until": self.now + CLAIM_LEASE,
            "claim": self.claim,
            "limit": limit,
        }
        rows = sql.fetch_all(CLAIM, params)
        return [ClaimedSend(**{**row, **{name: _read(row[name]) for name in ("variables", "parts")}}) for row in rows]

    def _send_all(self, rows: Sequence[ClaimedSend], connection: Connection) -> None:
        verdicts: list[Verdict] = []
        # What leaves in one window leaves at once, so a window holds no more than a second's worth.
        step = min(self.channel.window, self._rate) if self._rate else self.channel.window
        for start in range(0, len(rows), step):
            window = rows[start : start + step]
            wait = pacing.reserve(channel=self.channel.code, messages=len(window), rate=self._rate)
            if wait is None:
                self.is_too_fast = True
                break
            if wait:
                # Settled before the pause: a worker that is killed in it leaves nothing of which nobody knows.
                verdicts = self._settle(verdicts)
                self._pause(wait)
            begun = self._turn(verdicts, window)
            verdicts = self._hand_over(begun, connection)
            if self.is_channel_down:
                break
        self._settle(verdicts)

    def _settle(self, verdicts: list[Verdict]) -> list[Verdict]:
        if verdicts:
            self._turn(verdicts, ())
        return []

    def _turn(self, verdicts: Sequence[Verdict], rows: Sequence[ClaimedSend]) -> list[Begun]:
        """Settle the window before and mark the next; give those of it that are to be sent, in their order."""
        params = {
            "settled": dumps_exact([verdict.as_told() for verdict in verdicts]).decode(),
            "next": [row.id for row in rows],
            "claim": self.claim,
            "now": self.now,
            "until": self.now + SEND_LEASE,
            "policy": self._policy,
            "cost": self._cost,
        }
        answers = {answer["id"]: answer for answer in _run_turn(params)}
        self.counts.update(verdict.counted_as for verdict in verdicts)
        found = [(row, answers[row.id]) for row in rows if row.id in answers]
        self.counts["skipped"] += sum(answer["state"] == SendState.SKIPPED for _, answer in found)
        self.counts["held"] += sum(answer["state"] == SendState.QUEUED for _, answer in found)
        return [_begun(row, answer) for row, answer in found if answer["state"] == SendState.SENDING]

    def _hand_over(self, window: Sequence[Begun], connection: Connection) -> list[Verdict]:
        """Render the messages of a window, give them to the channel and say how each goes on."""
        verdicts: list[Verdict] = []
        ready: list[Begun] = []
        messages: list[Outgoing] = []
        for begun in window:
            try:
                messages.append(self._outgoing(begun))
                ready.append(begun)
            except VariableMissing as missing:
                skipped = self._end(begun.row, SendState.SKIPPED, "skipped", "template.variable_missing", missing.name)
                verdicts.append(skipped)
        outcomes = connection.hand_over(messages) if messages else []
        return verdicts + [
            self._verdict(begun, outcome) for begun, outcome in zip_longest(ready, outcomes) if begun is not None
        ]

    def _outgoing(self, begun: Begun) -> Outgoing:
        row, is_marketing = begun.row, begun.row.purpose == Purpose.MARKETING
        parts = parts_for(row.parts, row.language)
        values = begun.values
        if any(PREFERENCES in text for text in parts.values()):
            values = {**values, PREFERENCES: links.preferences_url(row.id)}
        rendered = self.channel.render(parts, values, send_id=row.id, is_marketing=is_marketing)
        headers = self.channel.headers(send_id=row.id, is_marketing=is_marketing)
        return Outgoing(row.public_id, begun.address, rendered, headers)

    def _verdict(self, begun: Begun, outcome: Receipt | DeliveryError | None) -> Verdict:
        row = begun.row
        if isinstance(outcome, Receipt):
            return self._sent(row, outcome)
        self.is_channel_down = self.is_channel_down or outcome is None or outcome.is_channel_down
        if outcome is None or outcome.is_channel_down:
            # Nothing of it left the house.
            told = "" if outcome is None else f"{outcome.code}: {outcome.detail}"
            later = self.now + CHANNEL_RETRY
            return Verdict(row, SendState.QUEUED, "retried", detail=told, due_at=later, is_begun=False)
        return self._verdict_on(begun, outcome)

    def _sent(self, row: ClaimedSend, receipt: Receipt) -> Verdict:
        facts = [row.fact(MessageSent, self.channel.code)]
        if receipt.is_final:
            facts.append(row.fact(MessageDelivered, self.channel.code))
        return Verdict(
            row,
            SendState.DELIVERED if receipt.is_final else SendState.SENT,
            "sent",
            sent_at=self.now,
            delivered_at=self.now if receipt.is_final else None,
            references=receipt.references,
            units=receipt.units,
            facts=tuple(facts),
        )

    def _verdict_on(self, begun: Begun, fault: DeliveryError) -> Verdict:
        """Tell an outcome that nobody knows from a refusal for good and from one that may pass."""
        row = begun.row
        if fault.is_unknown:
            return self._end(row, SendState.UNKNOWN, "unknown", fault.code, fault.detail)
        if fault.is_recipient:
            bounced = row.fact(MessageBounced, self.channel.code, code=fault.code)
            return self._end(row, SendState.BOUNCED, "failed", fault.code, fault.detail, bounced)
        if fault.is_permanent or self.now - row.queued_at > RETRY_FOR:
            return self._end(row, SendState.FAILED, "failed", fault.code, fault.detail)
        wait = min(BACKOFF_FIRST * 2 ** min(begun.attempts - 1, 10), BACKOFF_MAX)
        wait = max(wait, timedelta(seconds=fault.wait_s))
        told = f"{fault.code}: {fault.detail}"
        return Verdict(row, SendState.QUEUED, "retried", detail=told, due_at=self.now + wait)

    def _end(
        self, row: ClaimedSend, state: SendState, counted_as: str, reason: str, detail: str, *facts: MessageFact
    ) -> Verdict:
        return Verdict(row, state, counted_as, reason=reason, detail=detail, ended_at=self.now, facts=facts)

    def _put_back(self, rows: Sequence[ClaimedSend]) -> int:
        """Let the rows that were not begun wait until the channel may work again; no attempt is counted."""
        untouched = Send.objects.filter(
            pk__in=[row.id for row in rows], claim=self.claim, state=SendState.QUEUED, due_at=self.now + CLAIM_LEASE
        )
        return untouched.update(due_at=self.now + CHANNEL_RETRY, claim=None)


def _begun(row: ClaimedSend, answer: dict[str, Any]) -> Begun:
    own = {name: answer[name] for name in ("first_name", "last_name", "customer_ref")}
    return Begun(row, answer["attempts"], answer["address"], {**(row.variables or {}), **own})


def _run_turn(params: dict[str, Any]) -> list[dict[str, Any]]:
    """Write a turn, again when the database refused or lost it: what a channel answered must not be forgotten.

    Written twice it changes nothing: a settled row is no longer SENDING, a begun one no longer QUEUED.
    """
    for _ in range(TURN_TRIES - 1):
        try:
            return sql.fetch_all(TURN, params)
        except OperationalError as fault:
            if connection.in_atomic_block:
                raise
            log.warning("a turn of sending is written again: %s", fault)
            connection.close_if_unusable_or_obsolete()
    return sql.fetch_all(TURN, params)


def _read(stored: str | None) -> Any:
    """Read JSON as the driver hands it over, its numbers exact."""
    return None if stored is None else ExactDecoder().decode(stored)


def send_due(*, channel: str, now: datetime, limit: int = BATCH_ROWS) -> BatchReport:
    """Send one batch of what is due on a channel, over one connection.

    :raises ChannelNotAvailable: nothing can be sent there.
    """
    return Batch(registry.get(channel), now).run(limit)


def give_up_unknown(*, now: datetime) -> int:
    """Mark what a lost worker was handing over: it may or may not have gone, so it is never sent again by itself.

    Where handing over twice is once it goes back to the queue instead, and is paid for when it is begun again.
    """
    repeat_lost(channels=registry.repeatable(), lease=SEND_LEASE, zone=contacting.current().time_zone, now=now)
    return Send.objects.filter(state=SendState.SENDING, due_at__lt=now).update(
        state=SendState.UNKNOWN, reason="send.outcome_unknown", due_at=None, ended_at=now
    )
