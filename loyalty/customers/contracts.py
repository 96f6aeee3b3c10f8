"""What crosses the border of customers."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any


class CustomerStatus(StrEnum):
    """Where a customer stands with the operator."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    CLOSED = "CLOSED"


class Channel(StrEnum):
    """A way to reach a customer."""

    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    IN_APP = "in_app"
    WEBHOOK = "webhook"
    WHATSAPP = "whatsapp"


class Purpose(StrEnum):
    """What a message is for; consent is given per channel and purpose."""

    MARKETING = "marketing"
    SERVICE = "service"


class DevicePlatform(StrEnum):
    """Whose service reaches a device; apps of either make may use the first."""

    FCM = "fcm"
    APNS = "apns"


class AttributeKind(StrEnum):
    """What the value of an attribute is."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class AttributeView:
    """A value that the operator keeps about customers: what it is called, and what it may be.

    One that is not ``is_active`` keeps its values, is set no more, and rules read it no more.
    """

    id: uuid.UUID
    internal_id: int
    code: str
    label: str
    description: str
    kind: AttributeKind
    choices: tuple[str, ...]
    is_active: bool


@dataclass(frozen=True, slots=True)
class NewValue:
    """A value that one customer is to have, ``None`` for none; it is checked already.

    ``key`` names what sets it, for ever: asked again under the same key nothing is done, and the first outcome given.
    """

    customer: int
    attribute: AttributeView
    value: Any
    key: str = ""


@dataclass(frozen=True, slots=True)
class ValueOutcome:
    """What became of a new value; where it ``is_set`` not, the customer is erased or gone and nothing changed."""

    is_set: bool
    value: Any = None
    previous: Any = None

    @property
    def is_changed(self) -> bool:
        """Whether the value was another one before."""
        return self.is_set and self.value != self.previous


@dataclass(frozen=True, slots=True)
class HeldValue:
    """The value of an attribute that a customer has, and who set it when."""

    attribute: AttributeView
    value: Any
    source: str
    actor: str
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeviceView:
    """A device that push messages reach under its token; ``device_ref`` is the app's own name for itself."""

    id: uuid.UUID
    customer_id: uuid.UUID
    device_ref: str
    platform: str
    token: str
    language: str


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """What a customer allows, as told by a source at a moment."""

    channel: str
    purpose: str
    is_granted: bool
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """A customer as another system describes them; ``customer_ref`` is that system's id."""

    customer_ref: str
    first_name: str = ""
    last_name: str = ""
    status: str = CustomerStatus.ACTIVE
    language: str = "en"
    time_zone: str = "UTC"
    city: str = ""
    gender: str = ""
    birth_date: date | None = None
    customer_since: date | None = None
    email: str = ""
    phone: str = ""
    push_token: str = ""
    consents: tuple[ConsentRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """When a source told something, and as which version of the customer, where it numbers them."""

    at: datetime
    version: int | None
    source: str


@dataclass(frozen=True, slots=True)
class ProfileNews:
    """What a source told of a customer at one time: the fields that it named, and answers to requests for consent."""

    mark: Mark
    fields: Mapping[str, Any]
    consents: tuple[ConsentRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class CustomerView:
    """A customer as other domains see them; ``id`` is the public id, also in the warehouse."""

    id: uuid.UUID
    customer_ref: str
    first_name: str
    last_name: str
    status: str
    language: str
    time_zone: str
    city: str


@dataclass(frozen=True, slots=True)
class ErasureCertificate:
    """When a customer was erased, and how many rows of each store said who it was; none the second time."""

    customer_id: uuid.UUID
    erased_at: datetime
    stores: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class MergeSide:
    """One of two customers who turn out to be one person: the public id, and the internal one."""

    id: uuid.UUID
    internal_id: int


@dataclass(frozen=True, slots=True)
class MergeCertificate:
    """Into whom a customer was merged and when, and how many rows of each store went over; none the second time."""

    customer_id: uuid.UUID
    into_id: uuid.UUID
    merged_at: datetime
    stores: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ConsentView:
    """What a customer allows now; without an answer of theirs the policy's default stands."""

    channel: str
    purpose: str
    is_granted: bool
    source: str
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class UpsertReport:
    """What a batch of records did."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0

    def __add__(self, other: "UpsertReport") -> "UpsertReport":
        return UpsertReport(
            self.created + other.created, self.updated + other.updated, self.unchanged + other.unchanged
        )


@dataclass(frozen=True, slots=True)
class EventChain:
    """What the sender of an event says it belongs to, and what caused it."""

    correlation_id: uuid.UUID | None = None
    causation_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class InboundEvent:
    """One event from outside, read and checked for form; ``position`` is its place in the caller's list."""

    position: int
    event_id: str
    type: str
    customer_id: uuid.UUID | None
    customer_ref: str
    occurred_at: datetime
    data: dict[str, Any]
    chain: EventChain


@dataclass(frozen=True, slots=True)
class RejectedEvent:
    """An event that was not taken in, why, and the field of it that is to blame, if it is one."""

    index: int
    event_id: str
    code: str
    message: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class EventsReport:
    """What became of a batch of events."""

    accepted: int
    duplicates: int
    rejected: tuple[RejectedEvent, ...] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class IssuedSecret:
    """A source of signed events at the only moment its secret is shown."""

    id: uuid.UUID
    code: str
    secret: str


@dataclass(frozen=True, slots=True)
class BssFacts:
    """What the BSS told of several customers, by its own reference.

    ``unanswered`` could not be asked for, for the reason that ``code`` and ``reason`` give; whoever is in neither, the
    BSS does not know.
    """

    known: Mapping[str, Mapping[str, Any]]
    unanswered: frozenset[str] = frozenset()
    code: str = ""
    reason: str = ""
