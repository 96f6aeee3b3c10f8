"""What crosses the border of campaigns."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any


class CampaignStatus(StrEnum):
    """The life of a campaign. REVIEW: somebody is to look at it; SCHEDULED: it becomes active at its beginning."""

    DRAFT = "DRAFT"
    REVIEW = "REVIEW"
    SCHEDULED = "SCHEDULED"
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    ENDED = "ENDED"


class TriggerKind(StrEnum):
    """What can set a campaign off; by hand is always possible."""

    EVENT = "event"
    SCHEDULE = "schedule"
    THRESHOLD = "threshold"


MANUAL = "manual"
# Caused by another domain's step for a set of customers, such as a journey's action.
SET = "set"
# What stands for a variant where there is none: of the control group, and of who was in neither. No code of a variant
# can be one of them.
CONTROL_CODE, NO_VARIANT = "control", "(none)"


class FallbackWhen(StrEnum):
    """When the next channel is tried: nothing can go by this one, nothing arrived by it, nobody opened it in time."""

    UNREACHABLE = "unreachable"
    UNDELIVERED = "undelivered"
    UNOPENED = "unopened"


class PastTime(StrEnum):
    """What happens to customers in whose zone the hour is over already when an occurrence begins."""

    SEND_NOW = "send_now"
    SKIP = "skip"
    NEXT_DAY = "next_day"


@dataclass(frozen=True, slots=True)
class NewCampaign:
    """A campaign to create; the trigger and the content are checked by their kinds."""

    name: str
    trigger: Mapping[str, Any]
    channels: tuple[str, ...]
    content: Mapping[str, Any]
    description: str = ""
    program: uuid.UUID | None = None
    segments: tuple[uuid.UUID, ...] = ()
    excluded_segments: tuple[uuid.UUID, ...] = ()
    purpose: str = "marketing"
    goal: Mapping[str, Any] | None = None
    fallback: Mapping[str, Any] | None = None
    variants: tuple[Mapping[str, Any], ...] = ()
    control_percent: int = 0
    offers: tuple[Mapping[str, Any], ...] = ()
    budget_amount: Decimal | None = None
    priority: int = 5
    repeat_days: int | None = None
    valid_hours: int | None = None
    seeds: tuple[str, ...] = ()
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    # Short for one segment.
    segment: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """When a message goes by the clock of each customer: a local time, and what counts where it is over already."""

    wall: datetime
    past: str
    zone: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What an occurrence is made of, frozen when it began: the values, the arms, the offers, the order of channels.

    ``segments``, ``excluded`` and ``program`` say who is meant where nobody was kept yet (a preview); ``used`` are the
    names that the templates use.
    """

    campaign: uuid.UUID
    program: uuid.UUID | None = None
    segments: tuple[uuid.UUID, ...] = ()
    excluded: tuple[uuid.UUID, ...] = ()
    shared: Mapping[str, Any] = field(default_factory=dict)
    used: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    fallback: Mapping[str, Any] | None = None
    variants: tuple[Mapping[str, Any], ...] = ()
    control_percent: int = 0
    offers: tuple[Mapping[str, Any], ...] = ()
    repeat_days: int | None = None
    due: Due | None = None


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a campaign is triggered for everybody whom it means: by what."""

    kind: str
    shared: Mapping[str, Any] = field(default_factory=dict)
    due: Due | None = None


@dataclass(frozen=True, slots=True)
class TriggerOutcome:
    """The answer to a trigger; ``is_new`` is False when the occurrence had been triggered before."""

    is_new: bool
    answer: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NewEntry:
    """One customer for whom another domain has a campaign sent, under a key of its own that is unique for ever.

    ``values`` are shown by the template beside the campaign's own.
    """

    key: str
    customer_id: uuid.UUID
    values: Mapping[str, Any] = field(default_factory=dict)


# What came of an entry besides a reason of the contact policy.
QUEUED = "queued"
REPEATED_KEY = "repeated_key"


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
