"""What crosses the border of programs: documents, plans, tiers and memberships."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any


class ProgramStatus(StrEnum):
    """The life of a program."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"


class Enrollment(StrEnum):
    """How a customer becomes a member: with the first purchase, or only when asked for."""

    AUTOMATIC = "automatic"
    EXPLICIT = "explicit"


@dataclass(frozen=True, slots=True)
class TierDocument:
    """A tier as it is written; ``id`` names the tier that it changes, else ``code`` does, else it is new."""

    code: str
    name: str
    min_points: int
    multiplier: Decimal = Decimal(1)
    benefits: tuple[str, ...] = ()
    priority: int = 0
    color: str = ""
    id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class ProgramDocument:
    """A program as it is written, whole; dates are days in its own zone, both inclusive."""

    name: str
    code: str = ""
    description: str = ""
    status: ProgramStatus = ProgramStatus.DRAFT
    start_date: date | None = None
    end_date: date | None = None
    currency: str = "USD"
    timezone: str = "UTC"
    enrollment: Enrollment = Enrollment.AUTOMATIC
    tiers: tuple[TierDocument, ...] = ()
    earn_rule: Any = None
    burn_rule: Any = None
    earn_cap_daily: int | None = None
    expiry_days: int | None = None


@dataclass(frozen=True, slots=True)
class TierPlan:
    """A tier as a version of the program fixed it."""

    id: uuid.UUID
    code: str
    name: str
    min_points: int
    multiplier: Decimal
    benefits: tuple[str, ...]
    priority: int
    color: str


@dataclass(frozen=True, slots=True)
class ProgramPlan:
    """What a program promises at an instant; ``version_id`` is what a transaction names."""

    program_id: uuid.UUID
    code: str
    name: str
    status: ProgramStatus
    start_date: date | None
    end_date: date | None
    currency: str
    timezone: str
    enrollment: Enrollment
    version_id: uuid.UUID
    version_number: int
    earn_rule: Any
    burn_rule: Any
    earn_cap_daily: int | None
    expiry_days: int | None
    tiers: tuple[TierPlan, ...]

    @property
    def tiers_by_code(self) -> Mapping[str, TierPlan]:
        """The tiers by their code."""
        return {tier.code: tier for tier in self.tiers}


@dataclass(frozen=True, slots=True)
class Enrolling:
    """A customer to take in, with the ledger account opened for it; ``account_row_id`` is the account's inner id."""

    customer_id: uuid.UUID
    account_id: uuid.UUID
    account_row_id: int


@dataclass(frozen=True, slots=True)
class MembershipView:
    """A customer in a program."""

    program_id: uuid.UUID
    customer_id: uuid.UUID
    account_id: uuid.UUID
    tier_code: str | None
    tier_name: str | None
    enrolled_at: datetime
