"""The facts that programs publish."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from loyalty.foundation.events.contracts import Fact


@dataclass(frozen=True, slots=True)
class ProgramChanged(Fact):
    """A program was created or changed, or a change was scheduled, cancelled or has begun.

    ``version_number`` starts at ``starts_at``; ``has_begun`` tells whether it counts already. ``are_tiers_changed``
    asks for a look at all members' tiers.
    """

    type: ClassVar[str] = "program.changed"
    program_id: uuid.UUID
    code: str
    status: str
    version_number: int
    version_id: uuid.UUID
    starts_at: datetime
    has_begun: bool
    are_tiers_changed: bool


@dataclass(frozen=True, slots=True)
class MemberLeft(Fact):
    """A member left the program and keeps the account; the key is the customer's public id."""

    type: ClassVar[str] = "member.left"
    program_id: uuid.UUID
    customer_id: uuid.UUID
    account_id: uuid.UUID
    reason: str


@dataclass(frozen=True, slots=True)
class MemberEnrolled(Fact):
    """A customer became a member, or came back after leaving; the key is the customer's public id."""

    type: ClassVar[str] = "member.enrolled"
    program_id: uuid.UUID
    customer_id: uuid.UUID
    account_id: uuid.UUID
    tier_code: str | None
