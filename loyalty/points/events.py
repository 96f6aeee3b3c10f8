"""Facts that points publishes itself; the ledger publishes those of its transactions.

``points.expiring`` is written by ``sql/movement.sql``; a test compares it with the class.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from loyalty.foundation.events.contracts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsExpiring(Fact):
    """Points of an account will expire at ``expires_at``; said once per date and number of days before.

    ``customer_id`` is whom to tell: the member, or the owner of a household.
    """

    type: ClassVar[str] = "points.expiring"
    account_id: uuid.UUID
    customer_id: uuid.UUID
    owner_ref: uuid.UUID
    account_kind: str
    program_id: uuid.UUID
    wallet: str
    points_amount: int
    expires_at: datetime
    days_before: int


@dataclass(frozen=True, slots=True)
class NothingWasEarned(Fact):
    """A purchase of a member earned no points; ``context`` holds its amount and what else is known of it."""

    type: ClassVar[str] = "points.nothing_earned"

    customer_id: str
    program_id: str
    account_id: str
    reason: str
    context: dict[str, Any]
