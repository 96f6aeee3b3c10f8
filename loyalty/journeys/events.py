"""The facts that journeys publishes."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from loyalty.foundation.events.contracts import Fact


@dataclass(frozen=True, slots=True)
class JourneyStarted(Fact):
    """A customer came into a journey; written by ``journeys_enter`` for all who came at once, for nobody held out."""

    type: ClassVar[str] = "journey.started"

    customer_id: str
    journey_id: str
    journey_name: str
    journey_version: int
    execution_id: str


@dataclass(frozen=True, slots=True)
class JourneyCompleted(Fact):
    """A customer came to an end of a journey; ``outcome`` is the end's, ``is_goal`` whether the goal was reached."""

    type: ClassVar[str] = "journey.completed"

    customer_id: str
    journey_id: str
    journey_name: str
    journey_version: int
    execution_id: str
    outcome: str
    is_goal: bool


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
