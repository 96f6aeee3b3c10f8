"""Reports of Amazon SES, which come over its notification service and are signed by its certificate."""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from loyalty.delivery.contracts import ReceiptOutcome
from loyalty.delivery.errors import DeliveryError, HookRefused
from loyalty.delivery.kinds import aws
from loyalty.delivery.kinds.hooks import Call, Heard, HeardReceipt
from loyalty.delivery.kinds.http import Provider, text_at
from loyalty.foundation.resilience import egress

OUTCOMES = {"Delivery": ReceiptOutcome.DELIVERED, "Complaint": ReceiptOutcome.COMPLAINED}


def hear(call: Call, values: Mapping[str, Any]) -> Heard:
    """Check and read a call; a new subscription of our topic is confirmed.

    :raises HookRefused: it is not signed by Amazon for our topic, or makes no sense.
    """
    notification = aws.read_notification(call.body, values["topic_arn"])
    url = aws.certificate_url(notification)
    aws.check_notification(notification, _certificate(url, egress.current_policy()))
    match notification["Type"]:
        case "SubscriptionConfirmation":
            _fetch(aws.amazon_url(notification.get("SubscribeURL")))
            return Heard()
        case "Notification":
            receipt = _receipt_of(str(notification.get("Message")))
            return Heard(receipts=(receipt,) if receipt is not None else ())
        case _:
            return Heard()


@lru_cache(maxsize=16)
def _certificate(url: str, policy: egress.Policy) -> bytes:
    """Give a certificate; Amazon changes it under another address, so what was read stays good."""
    return _fetch(url)


def _fetch(url: str) -> bytes:
    provider = Provider("email", url)
    try:
        response = provider.call("GET", url)
    except DeliveryError as fault:
        raise HookRefused("Amazon's notification service does not answer.") from fault
    finally:
        provider.close()
    if not response.is_success:
        raise HookRefused("Amazon's notification service does not answer.")
    return response.content


def _receipt_of(text: str) -> HeardReceipt | None:
    """Read one event (SES, "Contents of event data"); a notice that is none says nothing."""
    try:
        event = json.loads(text)
    except (ValueError, RecursionError):
        return None
    kind = text_at(event, "eventType") or text_at(event, "notificationType")
    reference = text_at(event, "mail", "messageId")[:200]
    told = event.get(kind.lower()) if isinstance(event, dict) else None
    if not reference or not isinstance(told, dict):
        return None
    if kind == "Bounce":
        is_gone = text_at(told, "bounceType") == "Permanent"
        outcome = ReceiptOutcome.REFUSED if is_gone else ReceiptOutcome.FAILED
    elif kind in OUTCOMES:
        outcome = OUTCOMES[kind]
    else:
        return None
    detail = " ".join(filter(None, (text_at(told, "bounceSubType"), text_at(told, "complaintFeedbackType"))))
    return HeardReceipt(reference, outcome, detail[:200], _instant(text_at(told, "timestamp")))


def _instant(text: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else None
