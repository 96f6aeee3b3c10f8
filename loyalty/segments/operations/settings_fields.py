"""What segments add to the section ``system`` of the configuration."""

from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.configuration.api import Field, FieldType

SYSTEM_FIELDS = (
    Field(
        "segments_shrinkage_max_percent",
        FieldType.WHOLE,
        "Share of the warehouse's rows that may be gone before a recalculation refuses",
        configuration.setting("SEGMENTS_SHRINKAGE_MAX_PERCENT"),
        "SEGMENTS_SHRINKAGE_MAX_PERCENT",
        low=0,
        high=100,
        unit="%",
    ),
    Field(
        "segments_increments_max",
        FieldType.WHOLE,
        "Partial recalculations before a whole one",
        configuration.setting("SEGMENTS_INCREMENTS_MAX"),
        "SEGMENTS_INCREMENTS_MAX",
        low=0,
        high=10_000,
    ),
)
