"""Registers events with Django."""

from typing import ClassVar

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class EventsConfig(AppConfig):
    """Outbox, relay, inbox."""

    name = "loyalty.foundation.events"
    label = "events"
    permissions: ClassVar[dict[str, str]] = {
        "view": "See events and dead letters",
        "replay": "Put dead letters back in line",
        "receive": "Send events into the platform",
    }

    def ready(self) -> None:
        """Know every type of fact, whichever module of a domain was asked for first."""
        autodiscover_modules("events")
