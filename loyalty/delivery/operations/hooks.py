"""Taking in what providers tell us over HTTP."""

import uuid
from datetime import datetime

from loyalty.customers import api as customers
from loyalty.delivery.contracts import Purpose
from loyalty.delivery.errors import HookUnknown
from loyalty.delivery.kinds import hooks
from loyalty.delivery.operations.receiving import ReceivedReceipt, record_inbound, record_receipts
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.kernel.actor import system_actor

REFERENCE_LENGTH_MAX, ADDRESS_LENGTH_MAX = 200, 254


def take_hook(*, channel: str, provider: str, call: hooks.Call) -> str:
    """Keep what a provider says of our messages, and what customers wrote; give what it wants to read back.

    What is kept before it is answered is not lost; a call that comes twice changes nothing.

    :raises HookUnknown: this provider is not the one that is set up.
    :raises HookRefused: it is not signed as the configuration asks, or makes no sense.
    """
    hook, code = hooks.find(channel, provider)
    section = configuration.read(code)
    if section.get("provider", provider) != provider:
        raise HookUnknown()
    heard = hook.hear(call, section)
    receipts = [
        ReceivedReceipt(
            storable(one.reference), one.outcome, _not_later(one.occurred_at, call.now), storable(one.detail)
        )
        for one in heard.receipts
    ]
    if receipts:
        record_receipts(channel=channel, receipts=receipts, now=call.now)
    for message in heard.messages:
        record_inbound(
            channel=channel,
            reference=storable(message.reference),
            from_address=storable(message.from_address, ADDRESS_LENGTH_MAX),
            to_address=storable(message.to_address, ADDRESS_LENGTH_MAX),
            body=storable(message.body, None),
            now=call.now,
        )
    return heard.answer


def storable(text: str, length: int | None = REFERENCE_LENGTH_MAX) -> str:
    """Give a text as the database takes it: no NUL and no half of a character, which JSON can write."""
    return text.encode(errors="replace").decode().replace("\x00", "")[:length]


def _not_later(told: datetime | None, now: datetime) -> datetime:
    """Give the instant of a report; a provider's clock may run ahead of ours."""
    return now if told is None or told > now else told


def obey_complaint(*, customer_id: uuid.UUID, channel: str, send: str, now: datetime) -> None:
    """Withdraw the consent to marketing of a customer who called a message spam; doing it again changes nothing."""
    customers.withdraw_consent(
        customer_id=customer_id,
        channel=channel,
        purpose=Purpose.MARKETING.value,
        source="complaint",
        reason=f"complaint about {send}",
        actor=system_actor("delivery.complaint"),
        now=now,
    )
