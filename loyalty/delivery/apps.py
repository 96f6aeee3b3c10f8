"""Registers delivery with Django."""

from typing import ClassVar

from django.apps import AppConfig

from loyalty.delivery.kinds import registry
from loyalty.delivery.kinds.email.channel import EmailChannel
from loyalty.delivery.kinds.sms.channel import SmsChannel


class DeliveryConfig(AppConfig):
    """Channels, templates, contact policy, send ledger."""

    name = "loyalty.delivery"
    label = "delivery"
    permissions: ClassVar[dict[str, str]] = {
        "view": "See sends and their states",
        "manage": "Change the contact policy and the suppressed addresses",
    }

    def ready(self) -> None:
        """Register the channels that can send."""
        registry.register(EmailChannel())
        registry.register(SmsChannel())
