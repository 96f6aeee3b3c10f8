"""Webhooks out: deliveries made from the event store, signed, sent and tried again (Standard Webhooks 1.0)."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
from django.db import transaction
from standardwebhooks import Webhook

from loyalty.foundation.audit import api as audit
from loyalty.foundation.events import api as events
from loyalty.foundation.exchange.contracts import DeliveryState, EndpointState
from loyalty.foundation.exchange.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from loyalty.foundation.exchange.operations.endpoints import PURPOSE, secrets_of, source
from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.orm import sql
from loyalty.foundation.resilience import egress
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.foundation.resilience.retry import read_retry_after

# The schedule that the specification of Standard Webhooks names: ten tries over 75 hours and 35 minutes.
WAITS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
# A receiver has this long to answer, as the specification asks (15 to 30 seconds).
ANSWER_S = 20.0
# Longer than a try can take; then another worker may take the delivery over from one that died.
LEASE = timedelta(seconds=60)
# So many failures of an endpoint one after another, whatever their keys, and it is left alone for a while.
FAILURES_MAX = 5
PAUSE = timedelta(minutes=5)
FAN_OUT_MAX = 5_000
FAN_OUT = "SELECT exchange_fan_out(%s, %s, %s, %s::text[], %s) AS made"
ANSWER_BYTES_MAX = 64_000
ANSWER_KEPT = 500
LETTER_BYTES = 4

# The oldest delivery of each endpoint, or of each of its keys: what fails holds back only what must come after it.
CLAIM = """
    SELECT d.id FROM exchange_webhookdelivery d JOIN exchange_webhookendpoint e ON e.id = d.endpoint_id
    WHERE d.state = 'PENDING' AND d.due_at <= %(now)s AND e.state = 'ACTIVE'
        AND (e.open_until IS NULL OR e.open_until <= %(now)s)
        AND NOT EXISTS (
            SELECT 1 FROM exchange_webhookdelivery b
            WHERE b.endpoint_id = d.endpoint_id AND b.state = 'PENDING' AND b.id < d.id
                AND (e."order" = 'endpoint' OR b.key = d.key))
    ORDER BY d.due_at, d.id LIMIT 1 FOR UPDATE OF d SKIP LOCKED
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a try; ``status_code`` is None when no answer came."""

    outcome: str
    status_code: int | None
    text: str
    took_ms: int
    retry_after: timedelta | None = None

    @property
    def is_delivered(self) -> bool:
        """Tell whether the receiver has it."""
        return self.outcome == "delivered"


def is_anybody_told() -> bool:
    """Tell whether there is an endpoint that is told of facts."""
    return WebhookEndpoint.objects.exclude(state=EndpointState.DISABLED).exists()


def fan_out(*, now: datetime) -> int:
    """Make the deliveries of the facts that are newer than each endpoint's position; give how many."""
    until, types = events.store_facts(), sorted(events.list_type_names())
    made = 0
    while WebhookEndpoint.objects.exclude(state=EndpointState.DISABLED).filter(position__lt=until).exists():
        with transaction.atomic():
            row = sql.fetch_one(FAN_OUT, [until, FAN_OUT_MAX, source(), types, now])
            made += int(row["made"]) if row else 0
            maybe_fail("webhooks.fanned_out")
    return made


def send_one(*, now: datetime) -> bool:
    """Send the next due delivery; give False when none is due.

    Nothing is locked during the call. A worker that dies between the call and the record leaves a delivery that is
    sent again when its lease is over: the receiver knows it by its ``webhook-id``.
    """
    claimed = _claim(now)
    if claimed is None:
        return False
    maybe_fail("webhooks.claimed")
    answer = _post(claimed, now)
    maybe_fail("webhooks.sent")
    _record(claimed, answer, now)
    return True


@transaction.atomic
def _claim(now: datetime) -> WebhookDelivery | None:
    row = sql.fetch_one(CLAIM, {"now": now})
    if row is None:
        return None
    delivery = WebhookDelivery.objects.select_related("endpoint").get(pk=row["id"])
    WebhookDelivery.objects.filter(pk=delivery.pk).update(due_at=now + LEASE)
    if delivery.endpoint.open_until is not None:
        # The circuit is half open: one delivery tries whether the endpoint is back, and the others wait for it.
        WebhookEndpoint.objects.filter(pk=delivery.endpoint.pk).update(open_until=now + LEASE)
    return delivery


def _post(delivery: WebhookDelivery, now: datetime) -> Answer:
    message_id = str(delivery.event_id)
    signatures = [Webhook(secret).sign(message_id, now, delivery.body) for secret in secrets_of(delivery.endpoint, now)]
    headers = {
        "Content-Type": "application/cloudevents+json; charset=utf-8",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
    started = time.perf_counter()
    try:
        with (
            egress.client(PURPOSE, total_s=ANSWER_S, bytes_max=ANSWER_BYTES_MAX) as client,
            client.stream("POST", delivery.endpoint.url, content=delivery.body.encode(), headers=headers) as response,
        ):
            outcome, text = _outcome_of(response), _text_of(response)
    except egress.EgressRefusal as refusal:
        return Answer(refusal.code, None, "", _ms_since(started))
    except httpx.TimeoutException:
        return Answer("timeout", None, "", _ms_since(started))
    except httpx.TransportError:
        return Answer("unreachable", None, "", _ms_since(started))
    wait = read_retry_after(response.headers.get("retry-after", ""), now)
    return Answer(outcome, response.status_code, text, _ms_since(started), wait)


def _ms_since(started: float) -> int:
    return int((time.perf_counter() - started) * 1000)


def _outcome_of(response: httpx.Response) -> str:
    if response.is_success:
        return "delivered"
    if response.is_redirect:
        return "redirected"
    return "gone" if response.status_code == httpx.codes.GONE else "refused"


def _text_of(response: httpx.Response) -> str:
    """Give the beginning of an answer for the log; its status alone says what became of the event.

    A receiver that has taken an event and then says more than anybody reads, or says it badly, has taken it all the
    same: sending it again for three days, and disabling the endpoint then, would be wrong.
    """
    kept = b""
    try:
        for piece in response.iter_bytes():
            kept += piece
            if len(kept) > ANSWER_KEPT * LETTER_BYTES:
                break
    except (egress.EgressRefusal, httpx.HTTPError):
        pass
    return kept.decode(response.encoding or "utf-8", "replace")[:ANSWER_KEPT]


@transaction.atomic
def _record(delivery: WebhookDelivery, answer: Answer, now: datetime) -> None:
    endpoint = WebhookEndpoint.objects.select_for_update().filter(pk=delivery.endpoint.pk).first()
    if endpoint is None:
        return
    held = WebhookDelivery.objects.select_for_update().get(pk=delivery.pk)
    WebhookAttempt.objects.create(
        delivery=held,
        at=now,
        status_code=answer.status_code,
        outcome=answer.outcome,
        took_ms=answer.took_ms,
        answer=answer.text.replace("\x00", ""),
    )
    held.attempts += 1
    held.last_outcome = answer.outcome
    if answer.is_delivered:
        held.state, held.delivered_at = DeliveryState.DELIVERED, now
        endpoint.failures_in_a_row, endpoint.open_until, endpoint.last_success_at = 0, None, now
    else:
        endpoint.failures_in_a_row += 1
        if endpoint.failures_in_a_row >= FAILURES_MAX:
            endpoint.open_until = now + PAUSE
        if held.attempts > len(WAITS):
            held.state = DeliveryState.FAILED
            if endpoint.last_success_at is None or endpoint.last_success_at < held.created_at:
                _disable(endpoint, "nothing_delivered", now)
        else:
            wait = WAITS[held.attempts - 1]
            held.due_at = now + max(wait, answer.retry_after or wait)
        if answer.outcome == "gone":
            _disable(endpoint, "gone", now)
    held.save(update_fields=["attempts", "last_outcome", "state", "delivered_at", "due_at"])
    endpoint.save(update_fields=["failures_in_a_row", "open_until", "last_success_at", "state", "state_reason"])
    maybe_fail("webhooks.recorded")


def _disable(endpoint: WebhookEndpoint, reason: str, now: datetime) -> None:
    """Tell an endpoint nothing more: it said so itself, or nothing reached it over the whole schedule."""
    endpoint.state, endpoint.state_reason = EndpointState.DISABLED, reason
    audit.record(
        actor=system_actor("webhooks"),
        act="exchange.manage",
        subject_kind="webhook_endpoint",
        subject_ref=str(endpoint.public_id),
        at=now,
        after={"state": EndpointState.DISABLED.value, "reason": reason},
    )


def forget_deliveries(*, before: datetime) -> int:
    """Forget deliveries that ended and were made before an instant; give how many."""
    return sql.execute(
        "WITH old AS (SELECT id FROM exchange_webhookdelivery WHERE created_at < %s AND state <> 'PENDING' "
        "LIMIT 5000), "
        "tries AS (DELETE FROM exchange_webhookattempt a USING old WHERE a.delivery_id = old.id) "
        "DELETE FROM exchange_webhookdelivery d USING old WHERE d.id = old.id",
        [before],
    )
