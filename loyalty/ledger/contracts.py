"""What crosses the border of the ledger: postings in, receipts and views out. Points are whole; ids are public ids."""

import enum
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


class AccountStatus(enum.StrEnum):
    """Whether an account takes postings: FROZEN only reversals and expiry, CLOSED nothing."""

    ACTIVE = "ACTIVE"
    FROZEN = "FROZEN"
    CLOSED = "CLOSED"


class TransactionKind(enum.StrEnum):
    """The verb that made a transaction."""

    EARN = "earn"
    BURN = "burn"
    EXPIRE = "expire"
    REVERSE = "reverse"


class ReversalPolicy(enum.StrEnum):
    """What may be taken back of an earn whose points were spent meanwhile.

    WITHIN_BALANCE takes from the account's other lots what its own lot lacks; UNSPENT_ONLY refuses then.
    """

    WITHIN_BALANCE = "within_balance"
    UNSPENT_ONLY = "unspent_only"


@dataclass(frozen=True, slots=True, kw_only=True)
class CapLine:
    """A cap that an earn counts against: at most ``points_max`` in the window that began on ``window_start``."""

    cap_ref: str
    window_start: date
    points_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """What every posting says.

    ``request_hash`` (32 bytes) is the fingerprint of the client's request; when empty the ledger takes one of the
    posting itself. A caller whose points are computed should give its own, made of what the client sent, so that a
    retry stays the same request when a rule changed in between. ``trace`` and ``context`` are stored as JSON.
    """

    idempotency_scope: str
    idempotency_key: str
    occurred_at: datetime
    request_hash: bytes = b""
    actor_ref: str = ""
    trace: Mapping[str, Any] | None = None
    context: Mapping[str, Any] | None = None
    transaction_id: uuid.UUID | None = None
    correlation_id: uuid.UUID | None = None
    causation_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EarnPosting(Posting):
    """Points to earn, before caps; no ``expires_at`` means they never expire."""

    account_id: uuid.UUID
    points_amount: int
    expires_at: datetime | None = None
    caps: tuple[CapLine, ...] = ()
    program_version_ref: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnPosting(Posting):
    """Points to burn, first to expire first."""

    account_id: uuid.UUID
    points_amount: int
    program_version_ref: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReversePosting(Posting):
    """A transaction to reverse; ``points_amount`` None reverses all that is left of it."""

    reverses: uuid.UUID
    points_amount: int | None = None
    policy: ReversalPolicy = ReversalPolicy.WITHIN_BALANCE
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The answer to a posting, the same for a replay (but for ``is_replay``).

    ``points_amount`` is what was moved, without sign, after caps; ``points_balance`` is the posted balance right after.
    """

    transaction_id: uuid.UUID
    account_id: uuid.UUID
    owner_ref: uuid.UUID
    program_ref: uuid.UUID
    kind: TransactionKind
    points_amount: int
    points_balance: int
    points_lost_to_caps: int
    is_replay: bool
    occurred_at: datetime
    recorded_at: datetime
    expires_at: datetime | None
    reverses: uuid.UUID | None
    trace: dict[str, Any] | None
    context: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLine:
    """The answer to one line of a batch: a receipt, or the code of the refusal."""

    receipt: Receipt | None
    refusal_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiryChunk:
    """What one chunk of the expiry did."""

    lots_expired: int
    points_expired: int
    accounts_touched: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """A member account with its figures; available = posted - held."""

    account_id: uuid.UUID
    owner_ref: uuid.UUID
    program_ref: uuid.UUID
    status: AccountStatus
    points_posted: int
    points_held: int
    points_available: int
    points_pending: int
    lifetime_points_earned: int
    lifetime_points_redeemed: int
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One entry of an account: ``points_change`` is signed, ``account_sequence`` counts from 1 without a gap."""

    account_sequence: int
    transaction_id: uuid.UUID
    kind: TransactionKind
    points_change: int
    balance_after: int
    occurred_at: datetime
    recorded_at: datetime
    reverses: uuid.UUID | None
    reason: str
    actor_ref: str
    context: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionView:
    """A transaction as it stands in the book; ``points_change`` is the member's signed change (0: lost to caps)."""

    transaction_id: uuid.UUID
    account_id: uuid.UUID
    owner_ref: uuid.UUID
    program_ref: uuid.UUID
    kind: TransactionKind
    points_change: int
    points_balance: int
    points_lost_to_caps: int
    points_reversed: int
    occurred_at: datetime
    recorded_at: datetime
    reverses: uuid.UUID | None
    actor_ref: str
    program_version_ref: str
    reason: str
    trace: dict[str, Any] | None
    context: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LotView:
    """A lot with points left, in the order in which lots are spent."""

    transaction_id: uuid.UUID
    earned_at: datetime
    expires_at: datetime | None
    points_original: int
    points_remaining: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CapUsageView:
    """How much of a cap an account has used in one window."""

    account_id: uuid.UUID
    cap_ref: str
    window_start: date
    points_used: int
    points_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """Two figures of an account that should be equal and are not."""

    code: str
    expected: int
    found: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """An account's balance beside the sums of its entries and lots, read at one instant."""

    account_id: uuid.UUID
    is_balanced: bool
    points_balance: int
    sum_of_entries: int
    sum_of_lots: int
    discrepancies: tuple[Discrepancy, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerTotals:
    """Totals of the whole book: outstanding = issued - redeemed - expired + adjusted."""

    points_issued: int
    points_redeemed: int
    points_expired: int
    points_adjusted: int
    points_outstanding: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InvariantResult:
    """One invariant checked: the number of violations, the first few of them as rows, and the time it took."""

    code: str
    title: str
    violations: int
    examples: tuple[dict[str, Any], ...]
    duration_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The whole ledger proved at one instant: its totals and every invariant."""

    is_balanced: bool
    as_of: datetime
    totals: LedgerTotals
    invariants: tuple[InvariantResult, ...]
    duration_ms: float
