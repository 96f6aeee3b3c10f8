"""What signing in tells others."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

SessionKind = Literal["password", "oidc"]
# Why a session may do nothing yet but what ends the reason.
LimitedBy = Literal["", "password", "second_factor"]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a sign-in comes from: address, what the browser says it is, and the device's secret if it has one."""

    address: str
    agent: str
    device: str = ""


@dataclass(frozen=True, slots=True)
class Challenge:
    """A right password that still needs a code; ``token`` carries it to the next request."""

    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """A sign-in that succeeded, not yet a session."""

    user_id: int
    kind: SessionKind
    has_second_factor: bool
    limited_by: LimitedBy


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A second factor about to be set up: the secret as text, as an address for apps, and as a QR code in SVG."""

    secret: str
    uri: str
    qr_svg: str


@dataclass(frozen=True, slots=True)
class ResetToken:
    """The token of a password reset at the only moment it is known."""

    secret: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter with a link that works once, to one of the platform's own people; it is kept nowhere."""

    to: str
    name: str
    link: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class SignInState:
    """How somebody signs in, for an administrator."""

    user_id: uuid.UUID
    has_password: bool
    password_changed_at: datetime | None
    must_change_password: bool
    has_second_factor: bool
    is_slowed_until: datetime | None
