"""What comes back: receipts of providers, and messages of customers with the keywords that steer what we send."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from loyalty.customers import api as customers
from loyalty.delivery.contracts import Audience, ChannelCode, MessageRequest, Purpose, ReceiptOutcome
from loyalty.delivery.kinds import registry
from loyalty.delivery.models import InboundMessage
from loyalty.delivery.operations.enqueue import enqueue_chunk, open_message
from loyalty.delivery.policy.keywords import Keyword, keyword_of
from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.foundation.orm import sql
from loyalty.foundation.work import api as work

RECEIPTS_PER_STEP = 5_000
# One that was told before is only told again: when it was last told says of which message, where a provider gives a
# reference a second time.
RECORD = """
    WITH told AS (
        SELECT * FROM
            unnest(%(references)s::text[], %(outcomes)s::text[], %(details)s::text[], %(instants)s::timestamptz[])
            AS r (reference, outcome, detail, occurred_at)
    ), again AS (
        UPDATE delivery_receipt r SET received_at = %(now)s FROM (SELECT DISTINCT reference, outcome FROM told) t
        WHERE r.channel = %(channel)s AND r.reference = t.reference AND r.outcome = t.outcome
    )
    INSERT INTO delivery_receipt (channel, reference, outcome, detail, occurred_at, received_at)
    SELECT %(channel)s, reference, outcome, detail, occurred_at, %(now)s FROM told
    ON CONFLICT DO NOTHING
"""
ONE_CUSTOMER = """
    SELECT customer_id, public_id AS customer_public_id, NULL::jsonb AS variables FROM customers_directory
    WHERE public_id = %(delivery_inbound_customer)s
"""
DETAIL_LENGTH_MAX = 200


@dataclass(frozen=True, slots=True)
class ReceivedReceipt:
    """What a provider said of one of its references."""

    reference: str
    outcome: ReceiptOutcome
    occurred_at: datetime
    detail: str = ""


@dataclass(frozen=True, slots=True)
class AppliedReceipts:
    """What one step of applying receipts did."""

    applied: int
    delivered: int
    failed: int


def record_receipts(*, channel: str, receipts: Sequence[ReceivedReceipt], now: datetime) -> int:
    """Keep what a provider said; give how many of it was new. It is applied by the doorbell that this rings."""
    count = sql.execute(
        RECORD,
        {
            "channel": channel,
            "references": [receipt.reference for receipt in receipts],
            "outcomes": [receipt.outcome.value for receipt in receipts],
            "details": [receipt.detail[:DETAIL_LENGTH_MAX] for receipt in receipts],
            "instants": [receipt.occurred_at for receipt in receipts],
            "now": now,
        },
    )
    work.ring("delivery.apply_receipts")
    return count


def apply_receipts(*, now: datetime, limit: int = RECEIPTS_PER_STEP) -> AppliedReceipts:
    """Bring sends to what their receipts say, in one statement; call again until nothing was applied."""
    row = sql.fetch_one("SELECT * FROM delivery_apply_receipts(%s, %s)", [now, limit]) or {}
    return AppliedReceipts(**{name: int(row.get(name) or 0) for name in ("applied", "delivered", "failed")})


@transaction.atomic
def record_inbound(
    *,
    reference: str,
    from_address: str,
    to_address: str,
    body: str,
    now: datetime,
    channel: str = ChannelCode.SMS.value,
) -> uuid.UUID | None:
    """Keep a customer's message and do what its keyword asks; None when it was kept before.

    STOP withdraws the consent to marketing of everyone with the number, START grants it, and each is answered, as HELP.
    """
    keyword = keyword_of(body)
    # The telephone's number is what text messages and WhatsApp know a customer by.
    found = customers.list_by_telephone(from_address)
    message, is_new = InboundMessage.objects.get_or_create(
        channel=channel,
        reference=reference,
        defaults={
            "public_id": new_public_id(),
            "from_address": from_address,
            "to_address": to_address,
            "body": body.replace("\x00", ""),
            "keyword": keyword.value if keyword else "",
            "customers": len(found),
            "received_at": now,
        },
    )
    if not is_new:
        return None
    if keyword is not None:
        # What they wish counts also where no answer can be sent.
        can_answer = channel in registry.available()
        for customer in found:
            _obey(keyword, customer, message, now)
            if can_answer:
                _answer(keyword, customer, message, now)
    return message.public_id


def _obey(keyword: Keyword, customer_id: uuid.UUID, message: InboundMessage, now: datetime) -> None:
    if keyword is not Keyword.HELP:
        answer = customers.withdraw_consent if keyword is Keyword.STOP else customers.grant_consent
        answer(
            customer_id=customer_id,
            channel=message.channel,
            purpose=Purpose.MARKETING.value,
            source="keyword",
            reason=f"{keyword.value} in message {message.public_id}",
            actor=system_actor("delivery.keyword"),
            now=now,
        )


def _answer(keyword: Keyword, customer_id: uuid.UUID, message: InboundMessage, now: datetime) -> None:
    reply = open_message(
        request=MessageRequest(
            occurrence_key=f"inbound:{message.public_id}",
            channel=message.channel,
            purpose=Purpose.SERVICE.value,
            content={"body": settings.LOYALTY_SMS_REPLIES[keyword.value]},
            variables=(),
            source_kind="delivery.inbound",
            source_ref=message.public_id,
            priority=0,
        ),
        now=now,
    )
    # One message answers a number that several customers share; each of them would get it otherwise.
    if not reply.is_complete:
        audience = Audience(ONE_CUSTOMER, {"delivery_inbound_customer": customer_id})
        enqueue_chunk(message_id=reply.id, audience=audience, now=now)
