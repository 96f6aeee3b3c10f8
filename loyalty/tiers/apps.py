"""Registers tiers with Django and subscribes to what can change a member's tier."""

from typing import ClassVar

from django.apps import AppConfig


class TiersConfig(AppConfig):
    """Qualification of members for tiers, and its history."""

    name = "loyalty.tiers"
    label = "tiers"
    permissions: ClassVar[dict[str, str]] = {
        "view": "See members' tiers, benefits, projections and history",
        "upgrade": "Raise a member's tier by hand",
        "downgrade": "Lower a member's tier by hand",
        "assign": "Give members tiers by hand, as a floor, a pin or once",
        "recalculate": "Look at all members of a program again",
    }

    def ready(self) -> None:
        """Subscribe to what counts for a tier, and register the work that this domain does."""
        from loyalty.features import api as features
        from loyalty.foundation.events import api as events
        from loyalty.foundation.work import api as work
        from loyalty.points import api as points
        from loyalty.tiers import api, handlers
        from loyalty.tiers.queries import ARABIC, EVENT_TYPES, FACTS, tier_history

        for event_type, handler, take_set in (
            ("points.earned", handlers.on_points_earned, handlers.on_many_points_earned),
            ("points.capped", handlers.on_points_capped, handlers.on_many_points_capped),
            ("points.nothing_earned", handlers.on_nothing_earned, handlers.on_many_nothing_earned),
            ("points.reversed", handlers.on_points_reversed, None),
            ("points.adjusted", handlers.on_points_adjusted, None),
            ("points.transferred", handlers.on_points_transferred, None),
            ("member.enrolled", handlers.on_member_enrolled, handlers.on_members_enrolled),
            ("program.changed", handlers.on_program_changed, None),
        ):
            events.subscribe(event_type, name=f"tiers.{handler.__name__}", handler=handler, take_set=take_set)
        points.register_tier_history(tier_history)
        features.register_platform_facts(FACTS)
        for kind in EVENT_TYPES:
            features.register_event_type(kind)
        features.register_words("ar", ARABIC)
        work.register(api.SETTLE_KIND, api.settle_program)
        work.register(api.RECALCULATE_KIND, api.recalculate_run)
