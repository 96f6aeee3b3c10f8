"""Registers exchange with Django."""

from typing import ClassVar

from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    """Webhooks, Kafka, mappings."""

    name = "loyalty.foundation.exchange"
    label = "exchange"
    permissions: ClassVar[dict[str, str]] = {
        "view": "See webhook endpoints and their deliveries, and mappings of foreign events",
        "manage": "Create and change webhook endpoints and mappings",
        "replay": "Send facts again",
    }

    def ready(self) -> None:
        """Have deliveries made after facts were stored, events taken in where they are posted, and Kafka configured."""
        from loyalty.foundation.configuration import api as configuration
        from loyalty.foundation.events import api as events
        from loyalty.foundation.exchange import api
        from loyalty.foundation.exchange.operations import sections

        events.ring_after_facts("exchange.send_webhooks", is_wanted=api.is_anybody_told)
        events.provide_intake(api.take_in)
        configuration.register_section(sections.KAFKA)
