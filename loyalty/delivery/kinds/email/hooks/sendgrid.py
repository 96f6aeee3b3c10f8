"""Reports of SendGrid, signed by its key on an elliptic curve."""

from collections.abc import Mapping
from typing import Any

from anymail.signals import EventType, RejectReason  # type: ignore[import-untyped]
from anymail.webhooks.sendgrid import SendGridTrackingWebhookView  # type: ignore[import-untyped]

from loyalty.delivery.kinds.email.hooks.by_anymail import heard_by
from loyalty.delivery.kinds.hooks import Call, Heard


class _View(SendGridTrackingWebhookView):
    """anymail's view, which gives no reason for a bounce: SendGrid calls one that is about this mail alone blocked."""

    tracking_webhook_verification_key = None

    def esp_to_anymail_event(self, esp_event: Mapping[str, Any]) -> Any:
        """Read one event."""
        event = super().esp_to_anymail_event(esp_event)
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
