"""The facts that journeys publishes."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from loyalty.foundation.events.contracts import Fact


@dataclass(frozen=True, slots=True)
class JourneySignalled(Fact):
    """An action told other systems that a customer came to a step; ``name`` is the signal, ``data`` its own."""

    type: ClassVar[str] = "journey.signalled"

    customer_id: str
    journey_id: str
    journey_name: str
    execution_id: str
    node_id: str
    name: str
    data: dict[str, Any] = field(default_factory=dict)
