"""Facts of the ledger. The SQL functions write them; these classes are their contract, and a test compares the two.

Every fact carries ``subject_kind`` "transaction", ``subject_ref`` and ``event_id`` equal to the transaction's id, and
``key`` equal to the id of the account's owner. ``customer_id`` is who acted: the owner, or the member of a pool.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from loyalty.foundation.events.contracts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsMoved(Fact):
    """What every fact about points says; ``points_amount`` has no sign, ``points_balance`` is the balance after it.

    ``account_sequence`` numbers what moved on the account from 1 without a gap, and is None where nothing moved: facts
    may arrive in another order than they happened, and a receiver orders them by it.
    """

    transaction_id: uuid.UUID
    account_id: uuid.UUID
    account_kind: str
    wallet: str
    owner_ref: uuid.UUID
    customer_id: uuid.UUID
    program_id: uuid.UUID
    points_amount: int
    points_balance: int
    account_sequence: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsEarned(PointsMoved):
    """Points were earned; ``confirms`` names the pending earn that this one confirms.

    ``occurred_at`` is the business instant: well before ``recorded_at`` the earn is a late one.
    """

    type: ClassVar[str] = "points.earned"
    occurred_at: datetime
    recorded_at: datetime
    points_lost_to_caps: int
    lifetime_points_earned: int
    expires_at: datetime | None
    confirms: uuid.UUID | None
    context: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsCapped(PointsEarned):
    """An earn was lost to its caps entirely: ``points_amount`` is 0 and no points moved."""

    type: ClassVar[str] = "points.capped"


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsPending(PointsEarned):
    """Points were earned and wait to be confirmed; by themselves at ``activates_at``, when it is given."""

    type: ClassVar[str] = "points.pending"
    activates_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsAdjusted(PointsMoved):
    """Points were added or, ``points_change`` negative, taken by hand or by a correction, for a coded reason."""

    type: ClassVar[str] = "points.adjusted"
    occurred_at: datetime
    recorded_at: datetime
    points_change: int
    reason_code: str
    reason: str
    expires_at: datetime | None
    context: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsBurned(PointsMoved):
    """Points were burned."""

    type: ClassVar[str] = "points.burned"
    reason: str
    context: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsReversed(PointsMoved):
    """A transaction was taken back, wholly or in part.

    ``reversed_kind`` is its verb, or "pending" for an earn that was cancelled before it was posted;
    ``reversed_points_amount`` is its whole size. Of a transfer the facts ``to_…`` are its recipient's.
    """

    type: ClassVar[str] = "points.reversed"
    lifetime_points_earned: int
    reverses: uuid.UUID
    reversed_kind: str
    reversed_occurred_at: datetime
    reversed_points_amount: int
    reversed_context: dict[str, Any] | None
    to_account_id: uuid.UUID | None
    to_account_kind: str | None
    to_owner_ref: uuid.UUID | None
    to_points_balance: int | None
    to_account_sequence: int | None
    reason: str
    context: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsExpired(PointsMoved):
    """Points reached the end of their lots, or (``reason`` inactivity) of their account's patience."""

    type: ClassVar[str] = "points.expired"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsTransferred(PointsMoved):
    """Points went from one account to another: the common facts are the sender's, those ``to_…`` the recipient's.

    A merge of accounts is one too, with ``reason_code`` merge.
    """

    type: ClassVar[str] = "points.transferred"
    fee_points: int
    to_account_id: uuid.UUID
    to_account_kind: str
    to_owner_ref: uuid.UUID
    to_points_balance: int
    to_account_sequence: int | None
    reason_code: str
    reason: str
    context: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsHeld(Fact):
    """Points were set aside; ``subject_ref`` is the hold's id."""

    type: ClassVar[str] = "points.held"
    hold_id: uuid.UUID
    account_id: uuid.UUID
    account_kind: str
    wallet: str
    owner_ref: uuid.UUID
    customer_id: uuid.UUID
    program_id: uuid.UUID
    points_amount: int
    points_balance: int
    points_held: int
    state: str
    expires_at: datetime
    reason: str
    context: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsHoldReleased(PointsHeld):
    """A hold ended without a burn: released, or (``state`` EXPIRED) its time was over."""

    type: ClassVar[str] = "points.hold_released"
