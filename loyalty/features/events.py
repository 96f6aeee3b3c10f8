"""The facts that features publishes."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from loyalty.foundation.events.contracts import Fact


@dataclass(frozen=True, slots=True)
class WarehouseFeaturesChanged(Fact):
    """The warehouse has computed its rows anew: values up to ``reference_instant`` are in them now.

    The warehouse itself tells nobody; features looks every half minute and says it in the warehouse's name.
    """

    type: ClassVar[str] = "warehouse.features_changed"

    reference_instant: datetime
    previous_instant: datetime | None
