"""Registers delivery with Django."""

from typing import ClassVar

from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    """Channels, templates, contact policy, send ledger."""

    name = "loyalty.delivery"
    label = "delivery"
    permissions: ClassVar[dict[str, str]] = {
        "view": "See sends and their states",
        "manage": "Change the contact policy and the suppressed addresses",
    }

    def ready(self) -> None:
        """Register the channels that can send, and the sections of their servers."""
        from loyalty.delivery.kinds import registry
        from loyalty.delivery.kinds.email.channel import EmailChannel
        from loyalty.delivery.kinds.email.section import EMAIL
        from loyalty.delivery.kinds.sms.channel import SmsChannel
        from loyalty.foundation.configuration import api as configuration

        registry.register(EmailChannel())
        registry.register(SmsChannel())
        configuration.register_section(EMAIL)
