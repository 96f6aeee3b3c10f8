"""The parts of Xiva's answers that we read; anything else in them is ignored, anything wrong in these is refused."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any

import msgspec

from loyalty.foundation.kernel.errors import Unavailable

Ref = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Text = Annotated[str, msgspec.Meta(max_length=300)]


class Tokens(msgspec.Struct):
    """An answer of the sign-in; a refresh may keep the refresh token."""

    access: Annotated[str, msgspec.Meta(min_length=1, max_length=8000)]
    refresh: Annotated[str, msgspec.Meta(max_length=8000)] = ""


class MediumCharacteristic(msgspec.Struct, rename="camel"):
    """Where a contact medium leads."""

    email_address: Text = ""
    phone_number: Text = ""
    token: Text = ""
    city: Text = ""


class ContactMedium(msgspec.Struct, rename="camel"):
    """One way to reach a customer (TMF629)."""

    medium_type: Text
    preferred: bool = False
    characteristic: MediumCharacteristic = msgspec.field(default_factory=MediumCharacteristic)


class PrivacyChoice(msgspec.Struct, rename="camel"):
    """What a customer allows on a channel."""

    channel: Text
    purpose: Text
    is_granted: bool
    changed_at: datetime


class XivaCustomer(msgspec.Struct, rename="camel"):
    """A customer as Xiva lists them."""

    id: Ref
    given_name: Text = ""
    family_name: Text = ""
    status: Text = "Active"
    gender: Text = ""
    birth_date: date | None = None
    customer_since: date | None = None
    language: Text = "en"
    time_zone: Text = "UTC"
    contact_medium: list[ContactMedium] = []  # noqa: RUF012 - msgspec copies empty defaults
    privacy: list[PrivacyChoice] = []  # noqa: RUF012 - msgspec copies empty defaults


@dataclass(slots=True)
class PartsFound:
    """What Xiva told of several customers, by reference; ``unanswered`` it could not be asked for, as ``refusal`` says.

    Who is in neither, Xiva does not know.
    """

    known: dict[str, Any] = field(default_factory=dict)
    unanswered: set[str] = field(default_factory=set)
    refusal: Unavailable | None = None
