"""The words of exchange that cross its border."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from loyalty.foundation.kernel.actor import Actor


class EndpointState(StrEnum):
    """Whether an endpoint is told: paused ones keep their deliveries, disabled ones get none."""

    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    DISABLED = "DISABLED"


class DeliveryOrder(StrEnum):
    """Behind which failed delivery others wait: any one of the endpoint, or one of the same key."""

    ENDPOINT = "endpoint"
    KEY = "key"


class DeliveryState(StrEnum):
    """Where one fact stands for one endpoint."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class ForeignEvent:
    """An event of another system; ``subject`` is the customer as ``customer/<id>`` or by its own reference.

    ``index`` is its place among those that came together.
    """

    index: int
    id: str
    source: str
    type: str
    subject: str
    occurred_at: str
    data: Mapping[str, Any]
    version: int = 1
    correlation_id: str = ""
    causation_id: str = ""


@dataclass(frozen=True, slots=True)
class RefusedEvent:
    """An event that was not taken in, and why; nothing of it is kept but in the dead letters of a topic.

    ``field`` is the place in the CloudEvent that is to blame (``subject``, ``data.birth_date``), if it is one.
    """

    index: int
    id: str
    code: str
    message: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class IntakeReport:
    """What became of events that came together."""

    accepted: int = 0
    duplicates: int = 0
    refused: tuple[RefusedEvent, ...] = ()

    def __add__(self, other: "IntakeReport") -> "IntakeReport":
        """Give both together."""
        return IntakeReport(
            self.accepted + other.accepted, self.duplicates + other.duplicates, (*self.refused, *other.refused)
        )


@dataclass(frozen=True, slots=True)
class EventTrial:
    """What would become of a tried event: how it is read, and why it would not be taken in, if it would not.

    ``path`` is where in the sample the refused field was read, ``is_passed_on`` tells that no domain takes the type, so
    that it is published as it came, and ``permission`` is what whoever posts it needs besides.
    """

    event: ForeignEvent | None
    refused: RefusedEvent | None = None
    path: str = ""
    is_duplicate: bool = False
    is_passed_on: bool = False
    permission: str = ""


class Receiver(Protocol):
    """Takes events of one family in, within the transaction at hand; each counts once per source and id."""

    def __call__(self, events: Sequence[ForeignEvent], *, source: str, actor: Actor, now: datetime) -> IntakeReport:
        """Take the events in, in the order in which they came; ``actor`` is whoever brought them."""
        ...
