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
        ReceivedReceipt(one.reference, one.outcome, _not_later(one.occurred_at, call.now), one.detail)
        for one in heard.receipts
    ]
    if receipts:
        record_receipts(channel=channel, receipts=receipts, now=call.now)
    for message in heard.messages:
        record_inbound(
            channel=channel,
            reference=message.reference,
            from_address=message.from_address,
            to_address=message.to_address,
            body=message.body,
            now=call.now,
        )
    return heard.answer


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
