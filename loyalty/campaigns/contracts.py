"""What crosses the border of campaigns."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class CampaignStatus(StrEnum):
    """The life of a campaign."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    ENDED = "ENDED"


class TriggerKind(StrEnum):
    """What can set a campaign off; by hand is always possible."""

    EVENT = "event"
    SCHEDULE = "schedule"
    THRESHOLD = "threshold"


MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class NewCampaign:
    """A campaign to create; the trigger and the content are checked by their kinds."""

    name: str
    trigger: Mapping[str, Any]
    channels: tuple[str, ...]
    content: Mapping[str, Any]
    description: str = ""
    program: uuid.UUID | None = None
    segment: uuid.UUID | None = None
    purpose: str = "marketing"


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a campaign is triggered: by what, and for an event by which fact about which customer."""

    kind: str
    event_id: uuid.UUID | None = None
    customer_id: uuid.UUID | None = None
    shared: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TriggerOutcome:
    """The answer to a trigger; ``is_new`` is False when the occurrence had been triggered before."""

    is_new: bool
    answer: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SampleCustomer:
    """A customer of the audience with the values that the template gets."""

    internal_id: int
    id: uuid.UUID
    customer_ref: str
    values: Mapping[str, Any]
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FireReport:
    """What one look at schedules and thresholds did."""

    fired: int
    refused: int


@dataclass(frozen=True, slots=True)
class DueSlot:
    """The slot that is due, and the one after it, if there is one."""

    slot_at: datetime
    next_at: datetime | None
