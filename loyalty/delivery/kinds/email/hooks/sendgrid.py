"""Reports of SendGrid, signed by its key on an elliptic curve."""

import logging
from collections.abc import Mapping
from typing import Any

from anymail.signals import AnymailTrackingEvent, EventType, RejectReason  # type: ignore[import-untyped]
from anymail.webhooks.sendgrid import SendGridTrackingWebhookView  # type: ignore[import-untyped]

from loyalty.delivery.kinds.email.hooks.by_anymail import SENSELESS, heard_by
from loyalty.delivery.kinds.hooks import Call, Heard

log = logging.getLogger("loyalty.delivery.email")


class _View(SendGridTrackingWebhookView):
    """anymail's view, which gives no reason for a bounce: SendGrid calls one that is about this mail alone blocked."""

    tracking_webhook_verification_key = None

    def esp_to_anymail_event(self, esp_event: Mapping[str, Any]) -> Any:
        """Read one event; one that makes no sense says nothing, and takes none of its batch with it."""
        if not isinstance(esp_event, Mapping):
            raise TypeError("no batch of events")
        try:
            event = super().esp_to_anymail_event(esp_event)
        except SENSELESS as fault:
            log.warning("an event of SendGrid's cannot be read: %s", type(fault).__name__)
            return AnymailTrackingEvent(event_type=EventType.UNKNOWN)
        if event.event_type == EventType.BOUNCED and esp_event.get("type") != "blocked":
            event.reject_reason = RejectReason.BOUNCED
        return event


def hear(call: Call, values: Mapping[str, Any]) -> Heard:
    """Check and read a call.

    :raises HookRefused: it is not signed, or makes no sense.
    """
    return heard_by(
        lambda: _View(tracking_webhook_verification_key=values["webhook_key"], webhook_secret=[]), call, values
    )
