"""What crosses the border of points: requests, receipts, the facts and the verdict of an earn."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

from loyalty.foundation.kernel.money import Money
from loyalty.programs.contracts import ProgramPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRef:
    """Names a member: by account, or by customer (either name) and program."""

    account_id: uuid.UUID | None = None
    customer_id: uuid.UUID | None = None
    customer_ref: str = ""
    program_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What makes a request once: where the key comes from, the key, and the fingerprint of the request's content."""

    scope: str
    key: str
    request_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class EarnRequest:
    """A purchase that earns, or ``points`` given without one; exactly one of ``amount`` and ``points`` is set."""

    member: MemberRef
    key: Key
    occurred_at: datetime
    amount: Decimal | None = None
    currency: str = ""
    points: int | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    causation_id: uuid.UUID | None = None
    correlation_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnRequest:
    """Points to redeem; with ``pool_id`` those of a household, on behalf of the member named."""

    member: MemberRef
    key: Key
    points: int
    occurred_at: datetime
    context: Mapping[str, Any] = field(default_factory=dict)
    pool_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineToReverse:
    """A line of a purchase to take back; ``amount`` None takes back all that is left of it."""

    line_id: str
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReverseRequest:
    """A transaction to take back: ``points`` or ``lines`` of it, or without both all that is left."""

    transaction_id: uuid.UUID
    key: Key
    points: int | None
    reason: str
    occurred_at: datetime
    lines: tuple[LineToReverse, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberFacts:
    """A member as it stands when points are to move."""

    account_id: uuid.UUID
    customer_id: uuid.UUID
    customer_ref: str
    program_id: uuid.UUID
    tier_code: str | None
    points_available: int
    points_posted: int
    points_lifetime: int
    status: str
    enrolled_at: datetime
    # A member has an account per wallet; a household's account (kind "pool") goes by its owner's name.
    kind: str = "member"
    wallet: str = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class EarnFacts:
    """All that an earn rule and the earn modifiers may know."""

    plan: ProgramPlan
    member: MemberFacts
    amount: Decimal
    currency: str
    context: Mapping[str, Any]
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Bonus:
    """What a modifier adds to the multiplied base, exactly, before the one rounding; ``code`` names who added it."""

    code: str
    points: Decimal
    words: str = ""


class EarnModifier(Protocol):
    """Adds to an earn; registered by upper domains such as promotions. Reads, decides, and writes nothing."""

    def __call__(self, facts: EarnFacts, base: Decimal, multiplied: Decimal) -> Sequence[Bonus]:
        """Give the bonuses for this purchase; none when it does not apply."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EarnVerdict:
    """How many points a purchase earns before caps, and why; ``trace`` is JSON-able and stored with the transaction."""

    points: int
    cap_window: date
    cap_points_max: int | None
    expires_at: datetime | None
    trace: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class EarnReceipt:
    """The answer to an earn; no ``transaction_id`` means that nothing was earned and the trace tells why."""

    transaction_id: uuid.UUID | None
    account_id: uuid.UUID
    customer_id: uuid.UUID
    program_id: uuid.UUID
    points_amount: int
    points_balance: int
    points_lost_to_caps: int
    expires_at: datetime | None
    tier: dict[str, Any] | None
    trace: dict[str, Any]
    is_replay: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnReceipt:
    """The answer to a burn; ``value`` is what the points were worth."""

    transaction_id: uuid.UUID
    account_id: uuid.UUID
    points_amount: int
    points_balance: int
    value: Money
    is_replay: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReverseReceipt:
    """The answer to a reversal."""

    transaction_id: uuid.UUID
    account_id: uuid.UUID
    points_amount: int
    points_balance: int
    reverses: uuid.UUID
    is_replay: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EarnLine:
    """The answer to one line of a batch: a receipt, or a refusal."""

    receipt: EarnReceipt | None
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiryReport:
    """What expired; ``is_complete`` is False when more is due than one call takes."""

    lots_expired: int
    points_expired: int
    accounts_touched: int
    is_complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What a purchase would earn, with nothing written."""

    points_amount: int
    points_lost_to_caps: int
    expires_at: datetime | None
    tier_code: str | None
    tier_code_after: str | None
    value: Money | None
    trace: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRequest:
    """Points to move between two accounts; ``customer`` names who acts when the sender is a household."""

    from_account_id: uuid.UUID
    to_account_id: uuid.UUID
    points: int
    key: Key
    reason: str = ""
    customer: MemberRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustRequest:
    """Points to add or (negative) to take, with one of the program's reason codes.

    ``is_unlimited`` says that the one who asks may pass the program's limit. ``expires_on`` is the last day of points
    that are added; None goes by the program's expiry.
    """

    account_id: uuid.UUID
    points_change: int
    reason_code: str
    key: Key
    reason: str = ""
    expires_on: date | None = None
    is_unlimited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRequest:
    """Points to set aside until ``expires_at``; with ``pool_id`` those of a household."""

    member: MemberRef
    points: int
    expires_at: datetime
    key: Key
    reason: str = ""
    pool_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndHoldRequest:
    """A hold to capture (``points`` None: all of it) or to release."""

    hold_id: uuid.UUID
    key: Key
    points: int | None = None
    reason: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRequest:
    """A pending earn to confirm or to cancel."""

    transaction_id: uuid.UUID
    key: Key
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReinstateRequest:
    """An expiry to take back, wholly or in part; the points live until the end of ``expires_on``."""

    transaction_id: uuid.UUID
    key: Key
    points: int | None = None
    expires_on: date | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """The answer to a verb that moved points: how many, without sign, and what the account has then."""

    transaction_id: uuid.UUID
    account_id: uuid.UUID
    points_amount: int
    points_balance: int
    is_replay: bool
    points_fee: int = 0
    points_unrecovered: int = 0
    to_account_id: uuid.UUID | None = None
    to_points_balance: int | None = None
    reverses: uuid.UUID | None = None
    reason_code: str = ""


class PoolRole(StrEnum):
    """What a customer may in a household: everything, spend within a limit, or look."""

    OWNER = "owner"
    SPENDER = "spender"
    VIEWER = "viewer"


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolMemberDocument:
    """A customer's place in a household as it is written."""

    role: PoolRole
    points_daily_max: int | None = None
    is_earning_into_pool: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSeat:
    """A customer's place in an active household: what a posting on its account needs to know."""

    pool_id: uuid.UUID
    account_id: uuid.UUID
    program_id: uuid.UUID
    member_id: uuid.UUID
    customer_id: uuid.UUID
    role: PoolRole
    points_daily_max: int | None
    is_earning_into_pool: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """How far an import is and what it did."""

    import_id: uuid.UUID
    rows_total: int
    rows_done: int
    rows_imported: int
    rows_refused: int
    customers_created: int
    members_enrolled: int
    points_imported: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationReport:
    """What holding the book against itself found."""

    reconciliation_id: uuid.UUID
    kind: str
    accounts_checked: int
    discrepancies_found: int
    invariants_violated: tuple[str, ...]
