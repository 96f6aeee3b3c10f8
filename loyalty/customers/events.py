"""The facts that customers publishes."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from loyalty.foundation.events.contracts import Fact


@dataclass(frozen=True, slots=True)
class CustomerCreated(Fact):
    """A customer became known. Written in sets by ``sql/upsert.sql`` with these fields."""

    type: ClassVar[str] = "customer.created"

    customer_id: str
    customer_ref: str
    source: str


@dataclass(frozen=True, slots=True)
class CustomerUpdated(Fact):
    """Identity, contact points or consents of a customer changed. Written in sets by ``sql/upsert.sql``."""

    type: ClassVar[str] = "customer.updated"

    customer_id: str
    customer_ref: str
    source: str


@dataclass(frozen=True, slots=True)
class CustomerErased(Fact):
    """A customer's personal data is gone; ``stores`` tells how many rows of each store held some."""

    type: ClassVar[str] = "customer.erased"

    customer_id: str
    stores: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class CustomerMerged(Fact):
    """Two customers turned out to be one; about the one who stays. ``stores`` tells how many rows of each went over."""

    type: ClassVar[str] = "customer.merged"

    customer_id: str
    merged_customer_id: str
    merged_customer_ref: str
    stores: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ConsentGranted(Fact):
    """A customer allowed messages of a purpose on a channel."""

    type: ClassVar[str] = "consent.granted"

    customer_id: str
    customer_ref: str
    channel: str
    purpose: str
    source: str


@dataclass(frozen=True, slots=True)
class ConsentWithdrawn(Fact):
    """A customer forbade messages of a purpose on a channel."""

    type: ClassVar[str] = "consent.withdrawn"

    customer_id: str
    customer_ref: str
    channel: str
    purpose: str
    source: str


@dataclass(frozen=True, slots=True)
class CustomerAttributeChanged(Fact):
    """An attribute of a customer has another value, told as text. Written in sets by ``sql/attributes.sql``."""

    type: ClassVar[str] = "customer.attribute_changed"

    customer_id: str
    attribute: str
    value: str | None
    previous_value: str | None
    source: str


@dataclass(frozen=True, slots=True)
class CustomerPurchase(Fact):
    """A customer bought something. Told from outside, published as it came (``sql/events.sql``); it may say more."""

    type: ClassVar[str] = "customer.purchase"

    event_id: str
    amount: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class CustomerLogin(Fact):
    """A customer signed in somewhere. Told from outside, published as it came; it may say more."""

    type: ClassVar[str] = "customer.login"

    event_id: str
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class PersonalDataAlarm(Fact):
    """One user was shown the personal data of more people within an hour than is usual; told once an hour."""

    type: ClassVar[str] = "personal_data.alarm"

    user_id: str
    user_name: str
    people: int
    people_max: int
