"""Registers segments with Django."""

from typing import ClassVar

from django.apps import AppConfig


class SegmentsConfig(AppConfig):
    """Segments."""

    name = "loyalty.segments"
    label = "segments"
    permissions: ClassVar[dict[str, str]] = {
        "view": "See segments and their members",
        "create": "Create segments",
        "change": "Change segments and their members",
        "delete": "Delete segments",
        "recalculate": "Recalculate segments",
    }

    def ready(self) -> None:
        """Register the work that this domain does."""
        from loyalty.customers import api as customers
        from loyalty.features import api as features
        from loyalty.foundation.audit import api as audit
        from loyalty.foundation.configuration import api as configuration
        from loyalty.foundation.events import api as events
        from loyalty.foundation.web import scoping
        from loyalty.foundation.work import api as work
        from loyalty.points import api as points
        from loyalty.segments import api, handlers
        from loyalty.segments.operations import merging, recalculation
        from loyalty.segments.operations.settings_fields import SYSTEM_FIELDS
        from loyalty.segments.queries.views import ARABIC, FACTS, list_places, list_segment_codes, overview_part

        configuration.extend_section("system", *SYSTEM_FIELDS)
        work.register(recalculation.RUN_KIND, recalculation.recalculate)
        work.register(recalculation.TOGETHER_KIND, recalculation.recalculate_together)
        events.subscribe(
            "warehouse.features_changed", name="segments.refresh_after_features", handler=handlers.on_features_changed
        )
        events.ring_after_facts("segments.settle", is_wanted=api.is_anything_driven, read_until=api.get_position_read)
        audit.register_link("segment", "/segments/{ref}")
        scoping.register_kind("segment", list_places, names=())
        customers.register_overview_part("segments", overview_part)
        customers.register_merging("segments", merging.merge)
        features.register_platform_facts(FACTS)
        features.register_words("ar", ARABIC)
        points.register_member_facts("segment_codes", list_segment_codes)
