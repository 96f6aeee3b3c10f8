"""Registers tiers with Django and subscribes to what can change a member's tier."""

from typing import ClassVar

from django.apps import AppConfig


class TiersConfig(AppConfig):
    """Qualification of members for tiers, and its history."""

    name = "loyalty.tiers"
    label = "tiers"
    permissions: ClassVar[dict[str, str]] = {
        "view": "See members' tiers, benefits and history",
        "upgrade": "Raise a member's tier by hand",
        "downgrade": "Lower a member's tier by hand",
    }

    def ready(self) -> None:
        """Subscribe to earned points and to changed programs."""
        from loyalty.foundation.events import api as events
        from loyalty.tiers import handlers

        events.subscribe("points.earned", name="tiers.on_points_earned", handler=handlers.on_points_earned)
        events.subscribe("program.changed", name="tiers.on_program_changed", handler=handlers.on_program_changed)
