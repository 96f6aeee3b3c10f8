"""Sending what is due: claimed in a batch, marked SENDING before each hand-over and settled after it.

One commit lies between two messages: it settles the one before and marks the next. A process killed at any moment
leaves at most one message whose outcome nobody knows; after its lease that one is UNKNOWN and never repeated.
"""

import logging
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from loyalty.delivery.contracts import BatchReport, Outgoing, Purpose, Receipt, SendState
from loyalty.delivery.errors import DeliveryError, VariableMissing
from loyalty.delivery.events import MessageBounced, MessageDelivered, MessageFact, MessageSent
from loyalty.delivery.kinds import registry
from loyalty.delivery.kinds.protocol import Channel, Connection
from loyalty.delivery.models import Send
from loyalty.delivery.policy.contact import EXCLUSION_SQL
from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.exact_json import ExactDecoder
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.foundation.orm import sql

log = logging.getLogger("loyalty.delivery")

# Messages per connection. A killed worker's unsent rest comes back after the claim's lease.
BATCH_ROWS = 50
CLAIM_LEASE = timedelta(minutes=2)
# Longer than the slowest conversation: six steps of at most two minutes each.
SEND_LEASE = timedelta(minutes=15)
# Refusals that may pass are retried with doubling waits up to an hour, for as long as mail servers do it themselves.
BACKOFF_FIRST = timedelta(seconds=30)
BACKOFF_MAX = timedelta(hours=1)
RETRY_FOR = timedelta(days=3)
# A channel that is down is asked again this soon; nobody's message counts an attempt for it.
CHANNEL_RETRY = timedelta(seconds=15)

CLAIM = """
    WITH due AS (
        SELECT id FROM delivery_send WHERE state = 'QUEUED' AND channel = %(channel)s AND due_at <= %(now)s
        ORDER BY priority, due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ), claimed AS (
        UPDATE delivery_send s SET claim = %(claim)s, due_at = %(until)s FROM due WHERE s.id = due.id
        RETURNING s.id, s.public_id, s.message_id, s.customer_id, s.variables, s.queued_at, s.priority
    )
    SELECT c.*, m.occurrence_key, m.source_kind, m.source_ref, m.purpose, k.parts, d.public_id AS customer_public_id
    FROM claimed c JOIN delivery_message m ON m.id = c.message_id JOIN delivery_content k ON k.id = m.content_id
    LEFT JOIN customers_directory d ON d.customer_id = c.customer_id
    ORDER BY c.priority, c.id
"""

# Consent and address are read again here, in the transaction that commits to the hand-over. A row that was held,
# cancelled or taken by another worker meanwhile does not match.
BEGIN = f"""
    UPDATE delivery_send s SET state = CASE WHEN x.reason IS NULL THEN 'SENDING' ELSE 'SKIPPED' END,
        reason = coalesce(x.reason, ''), attempts = s.attempts + (x.reason IS NULL)::int,
        address = coalesce(CASE WHEN m.is_test THEN s.address ELSE r.address END, ''),
        due_at = CASE WHEN x.reason IS NULL THEN %(until)s::timestamptz END,
        ended_at = CASE WHEN x.reason IS NOT NULL THEN %(now)s::timestamptz END
    FROM delivery_send q JOIN delivery_message m ON m.id = q.message_id
    LEFT JOIN customers_reachable r ON r.customer_id = q.customer_id AND r.channel = q.channel AND r.purpose = m.purpose
    CROSS JOIN LATERAL (SELECT CASE WHEN NOT m.is_test THEN {EXCLUSION_SQL} END AS reason) x
    WHERE q.id = %(id)s AND s.id = q.id AND s.state = 'QUEUED' AND s.claim = %(claim)s AND s.due_at IS NOT NULL
    RETURNING s.state, s.attempts, s.address, r.first_name, r.last_name, r.customer_ref
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
    occurrence_key: str
    source_kind: str
    source_ref: uuid.UUID
    purpose: str
    parts: dict[str, str]
    customer_public_id: uuid.UUID | None

    def fact(self, kind: type[MessageFact], channel: str, **more: str) -> MessageFact:
        """Make a fact of this send."""
        return kind(
            send_id=str(self.public_id),
            channel=channel,
            customer_id=str(self.customer_public_id or ""),
            occurrence_key=self.occurrence_key,
            source_kind=self.source_kind,
            source_ref=str(self.source_ref),
            **more,
        )


@dataclass(frozen=True, slots=True)
class Begun:
    """A send that is marked SENDING, ready for the channel."""

    row: ClaimedSend
    attempts: int
    outgoing: Outgoing


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a hand-over."""

    begun: Begun
    result: Receipt | DeliveryError


class Batch:
    """One worker's turn at one channel."""

    def __init__(self, channel: Channel, now: datetime) -> None:
        self.channel = channel
        self.now = now
        self.claim = new_public_id()
        self.counts: Counter[str] = Counter()
        self.is_channel_down = False

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
            if self.is_channel_down:
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
        outcome: Outcome | None = None
        for row in rows:
            with transaction.atomic():
                if outcome is not None:
                    self._settle(outcome)
                begun = self._begin(row)
            outcome = self._hand_over(begun, connection) if begun is not None else None
            if self.is_channel_down:
                break
        if outcome is not None:
            with transaction.atomic():
                self._settle(outcome)

    def _begin(self, row: ClaimedSend) -> Begun | None:
        """Mark a row SENDING and render it; None when it is not to be sent."""
        params = {"id": row.id, "claim": self.claim, "now": self.now, "until": self.now + SEND_LEASE}
        begun = sql.fetch_one(BEGIN, params)
        if begun is None:
            return None
        if begun["state"] == SendState.SKIPPED:
            self.counts["skipped"] += 1
            return None
        is_marketing = row.purpose == Purpose.MARKETING
        own = {name: begun[name] for name in ("first_name", "last_name", "customer_ref")}
        try:
            rendered = self.channel.render(
                row.parts, {**(row.variables or {}), **own}, send_id=row.id, is_marketing=is_marketing
            )
        except VariableMissing as missing:
            self._end(row, SendState.SKIPPED, "template.variable_missing", missing.name)
            self.counts["skipped"] += 1
            return None
        headers = self.channel.headers(send_id=row.id, is_marketing=is_marketing)
        return Begun(row, begun["attempts"], Outgoing(row.public_id, begun["address"], rendered, headers))

    def _hand_over(self, begun: Begun, connection: Connection) -> Outcome:
        try:
            return Outcome(begun, connection.send(begun.outgoing))
        except DeliveryError as fault:
            self.is_channel_down = fault.is_channel_down
            return Outcome(begun, fault)

    def _settle(self, outcome: Outcome) -> None:
        """Write what came of a hand-over, with its facts."""
        row, result = outcome.begun.row, outcome.result
        if isinstance(result, Receipt):
            self._settle_sent(row, result)
        elif result.is_unknown:
            self._end(row, SendState.UNKNOWN, result.code, result.detail)
            self.counts["unknown"] += 1
        elif result.is_permanent or self.now - row.queued_at > RETRY_FOR:
            state = SendState.BOUNCED if result.is_recipient else SendState.FAILED
            self._end(row, state, result.code, result.detail)
            self.counts["failed"] += 1
            if result.is_recipient:
                self._publish(row, row.fact(MessageBounced, self.channel.code, code=result.code))
        else:
            wait = min(BACKOFF_FIRST * 2 ** min(outcome.begun.attempts - 1, 10), BACKOFF_MAX)
            self._mark(row, state=SendState.QUEUED, due_at=self.now + wait, detail=f"{result.code}: {result.detail}")
            self.counts["retried"] += 1

    def _settle_sent(self, row: ClaimedSend, receipt: Receipt) -> None:
        state = SendState.DELIVERED if receipt.is_final else SendState.SENT
        delivered_at = self.now if receipt.is_final else None
        self._mark(row, state=state, sent_at=self.now, delivered_at=delivered_at, due_at=None, reason="", detail="")
        self._publish(row, row.fact(MessageSent, self.channel.code))
        if receipt.is_final:
            self._publish(row, row.fact(MessageDelivered, self.channel.code))
        self.counts["sent"] += 1

    def _end(self, row: ClaimedSend, state: SendState, reason: str, detail: str) -> None:
        self._mark(row, state=state, reason=reason, detail=detail, due_at=None, ended_at=self.now)

    def _mark(self, row: ClaimedSend, **changes: Any) -> None:
        # UNKNOWN too: when the lease ran out while a slow server still answered, the answer is the better knowledge.
        if "detail" in changes:
            changes["detail"] = str(changes["detail"])[:500]
        Send.objects.filter(pk=row.id, claim=self.claim, state__in=[SendState.SENDING, SendState.UNKNOWN]).update(
            **changes
        )

    def _publish(self, row: ClaimedSend, fact: MessageFact) -> None:
        key = str(row.customer_public_id or "")
        events.publish(fact, key=key, subject_kind="customer", subject_ref=key, occurred_at=self.now)

    def _put_back(self, rows: Sequence[ClaimedSend]) -> int:
        """Let the rows that were not begun wait until the channel may work again; no attempt is counted."""
        untouched = Send.objects.filter(
            pk__in=[row.id for row in rows], claim=self.claim, state=SendState.QUEUED, due_at=self.now + CLAIM_LEASE
        )
        return untouched.update(due_at=self.now + CHANNEL_RETRY, claim=None)


def _read(stored: str | None) -> Any:
    """Read JSON as the driver hands it over, its numbers exact."""
    return None if stored is None else ExactDecoder().decode(stored)


def send_due(*, channel: str, now: datetime, limit: int = BATCH_ROWS) -> BatchReport:
    """Send one batch of what is due on a channel, over one connection.

    :raises ChannelNotAvailable: nothing can be sent there.
    """
    return Batch(registry.get(channel), now).run(limit)


def give_up_unknown(*, now: datetime) -> int:
    """Mark what a lost worker was handing over: it may or may not have gone, so it is never sent again by itself."""
    return Send.objects.filter(state=SendState.SENDING, due_at__lt=now).update(
        state=SendState.UNKNOWN, reason="send.outcome_unknown", due_at=None, ended_at=now
    )
