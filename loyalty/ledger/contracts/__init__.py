"""What crosses the border of the ledger: postings in, receipts and views out. Points are whole; ids are public ids."""

import enum
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

# The wallet of points that members spend; a program may name others.
MAIN_WALLET: Final = "main"


class AccountStatus(enum.StrEnum):
    """Whether an account takes postings: FROZEN only reversals and expiry, CLOSED nothing."""

    ACTIVE = "ACTIVE"
    FROZEN = "FROZEN"
    CLOSED = "CLOSED"


class AccountKind(enum.StrEnum):
    """Whose points an account keeps: a member's, or a pool's (a household's)."""

    MEMBER = "member"
    POOL = "pool"


class TransactionKind(enum.StrEnum):
    """The verb that made a transaction. A captured hold is a burn, a confirmed pending earn an earn."""

    EARN = "earn"
    BURN = "burn"
    TRANSFER = "transfer"
    ADJUST = "adjust"
    EXPIRE = "expire"
    REVERSE = "reverse"


class HoldState(enum.StrEnum):
    """Where a hold stands."""

    ACTIVE = "ACTIVE"
    CAPTURED = "CAPTURED"
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"


class PendingState(enum.StrEnum):
    """Where a pending earn stands."""

    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"


class Consumption(enum.StrEnum):
    """Which lots are spent first: the first to expire, the last to expire, or all of them by their share."""

    FIFO = "fifo"
    LIFO = "lifo"
    PROPORTIONAL = "proportional"


class AsOfBasis(enum.StrEnum):
    """Which past is meant: what the book knew at an instant, or what had happened by then."""

    RECORDED = "recorded"
    OCCURRED = "occurred"


class OnReach(enum.StrEnum):
    """What happens to a posting beyond a cap: it is cut to the room left, or refused."""

    TRUNCATE = "truncate"
    REFUSE = "refuse"


class ReversalPolicy(enum.StrEnum):
    """What may be taken back of an earn that was posted.

    ONLY_PENDING nothing; WITHIN_BALANCE what is available now, from the earn's own lot first; UNLIMITED everything, and
    what the lots lack becomes debt. Where nothing is available, WITHIN_BALANCE refuses and WITHIN_BALANCE_OR_NONE posts
    a reversal of no points, which tells all of them as ``points_unrecovered``.
    """

    ONLY_PENDING = "only_pending"
    WITHIN_BALANCE = "within_balance"
    WITHIN_BALANCE_OR_NONE = "within_balance_or_none"
    UNLIMITED = "unlimited"


@dataclass(frozen=True, slots=True, kw_only=True)
class CapLine:
    """A cap that a posting counts against: at most ``units_max`` in the window that began on ``window_start``.

    A point counts ``units_per_point`` units (a budget of money counts millionths of the currency). ``part`` names the
    part of an earn that the cap belongs to; without it the cap is of the whole. A shared cap is counted for all
    accounts together, so its ``cap_ref`` names the scope (household, partner, program).
    """

    cap_ref: str
    window_start: date
    units_max: int
    units_per_point: int = 1
    part: str | None = None
    is_shared: bool = False
    on_reach: OnReach = OnReach.TRUNCATE


@dataclass(frozen=True, slots=True, kw_only=True)
class CapHit:
    """What a posting asked of one cap and what it was granted, in points."""

    cap_ref: str
    window_start: date
    asked: int
    granted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EarnPart:
    """A part of an earn with caps of its own; the parts of a posting sum to its points."""

    code: str
    points_amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """What every posting says.

    ``request_hash`` (32 bytes) is the fingerprint of the client's request; when empty the ledger takes one of the
    posting itself. A caller whose points are computed should give its own, made of what the client sent, so that a
    retry stays the same request when a rule changed in between. ``trace`` and ``context`` are stored as JSON.
    ``customer_ref`` is who acted, when it was not the owner of the account (the member of a pool).
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
    customer_ref: uuid.UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EarnPosting(Posting):
    """Points to earn, before caps.

    ``expires_at`` is the date told to the member (None: never), ``spendable_until`` the end of the grace after it
    (None: the same). A pending earn is counted under its caps now and posted when it is confirmed, or by itself at
    ``activates_at``.
    """

    account_id: uuid.UUID
    points_amount: int
    expires_at: datetime | None = None
    spendable_until: datetime | None = None
    caps: tuple[CapLine, ...] = ()
    parts: tuple[EarnPart, ...] = ()
    is_pending: bool = False
    activates_at: datetime | None = None
    program_version_ref: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnPosting(Posting):
    """Points to burn, from the lots that ``consumption`` says."""

    account_id: uuid.UUID
    points_amount: int
    consumption: Consumption = Consumption.FIFO
    program_version_ref: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferPosting(Posting):
    """Points to move to another account of the same program and wallet; the fee comes on top, from the sender.

    Caps are the sender's limits (``transfer:day`` and the like); lots keep their dates.
    """

    account_id: uuid.UUID
    to_account_id: uuid.UUID
    points_amount: int
    fee_points: int = 0
    caps: tuple[CapLine, ...] = ()
    program_version_ref: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePosting(Posting):
    """An account to merge into another, and to close."""

    account_id: uuid.UUID
    to_account_id: uuid.UUID
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustPosting(Posting):
    """Points to add (a new lot, earned at ``occurred_at``) or, negative, to take (first to expire first), and why."""

    account_id: uuid.UUID
    points_change: int
    reason_code: str
    expires_at: datetime | None = None
    spendable_until: datetime | None = None
    program_version_ref: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldPosting(Posting):
    """Points to set aside until ``expires_at`` for a purchase that is not final."""

    account_id: uuid.UUID
    points_amount: int
    expires_at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturePosting(Posting):
    """A hold to burn; ``points_amount`` None burns all of it, fewer points release the rest."""

    hold_id: uuid.UUID
    points_amount: int | None = None
    program_version_ref: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePosting(Posting):
    """A hold to give back."""

    hold_id: uuid.UUID
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmPosting(Posting):
    """A pending earn to post now; dates given here replace those it was made with."""

    confirms: uuid.UUID
    expires_at: datetime | None = None
    spendable_until: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelPosting(Posting):
    """A pending earn to cancel; ``points_amount`` None cancels all that is left of it."""

    cancels: uuid.UUID
    points_amount: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReversePosting(Posting):
    """A transaction to reverse; ``points_amount`` None reverses all that is left of it.

    ``expires_at`` (and ``spendable_until``) are of the new lot that reinstated points get.
    """

    reverses: uuid.UUID
    points_amount: int | None = None
    policy: ReversalPolicy = ReversalPolicy.WITHIN_BALANCE
    expires_at: datetime | None = None
    spendable_until: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterpart:
    """The other account of a transfer, and its balance right after."""

    account_id: uuid.UUID
    points_balance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The answer to a posting, the same for a replay (but for ``is_replay``).

    ``points_amount`` is what was moved, without sign, after caps; the balances are those right after. ``caps`` lists
    what every cap granted, by reference and window. ``points_unrecovered`` is what a reversal could not take back.
    """

    transaction_id: uuid.UUID
    account_id: uuid.UUID
    owner_ref: uuid.UUID
    program_ref: uuid.UUID
    wallet: str
    customer_ref: uuid.UUID
    kind: TransactionKind
    points_amount: int
    points_balance: int
    points_pending: int
    points_held: int
    points_debt: int
    points_lost_to_caps: int
    points_unrecovered: int
    is_pending: bool
    is_replay: bool
    occurred_at: datetime
    recorded_at: datetime
    expires_at: datetime | None
    reverses: uuid.UUID | None
    confirms: uuid.UUID | None
    hold_id: uuid.UUID | None
    counterpart: Counterpart | None
    caps: tuple[CapHit, ...]
    trace: dict[str, Any] | None
    context: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldReceipt:
    """The answer to a hold or to a release: the hold as it stood right after, and the balances."""

    hold_id: uuid.UUID
    account_id: uuid.UUID
    owner_ref: uuid.UUID
    program_ref: uuid.UUID
    wallet: str
    customer_ref: uuid.UUID
    state: HoldState
    points_amount: int
    points_balance: int
    points_pending: int
    points_held: int
    points_debt: int
    is_replay: bool
    held_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    context: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldView:
    """A hold as it stands; ``captured_by`` is the burn that used it."""

    hold_id: uuid.UUID
    account_id: uuid.UUID
    points_amount: int
    points_captured: int
    state: HoldState
    held_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    captured_by: uuid.UUID | None
    customer_ref: uuid.UUID
    actor_ref: str
    reason: str
    context: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingView:
    """A pending earn; ``points_amount`` is what is left of ``points_original``."""

    transaction_id: uuid.UUID
    account_id: uuid.UUID
    points_original: int
    points_amount: int
    state: PendingState
    earned_at: datetime
    activates_at: datetime | None
    expires_at: datetime | None
    spendable_until: datetime | None
    ended_by: uuid.UUID | None
    context: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLine:
    """The answer to one line of a batch: a receipt, or the refusal with what a single call would tell."""

    receipt: Receipt | None
    refusal_code: str | None
    refusal_detail: str = ""
    refusal_facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldLine:
    """The answer to one line of a batch of holds or releases: a receipt, or the refusal as in ``BatchLine``."""

    receipt: HoldReceipt | None
    refusal_code: str | None
    refusal_detail: str = ""
    refusal_facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationChunk:
    """What one chunk of the activation of pending earns did."""

    earns_activated: int
    points_activated: int
    accounts_touched: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiryChunk:
    """What one chunk of the expiry did."""

    lots_expired: int
    points_expired: int
    accounts_touched: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """An account of a member or a pool with its figures; available = posted - held, below zero while in debt."""

    account_id: uuid.UUID
    owner_ref: uuid.UUID
    program_ref: uuid.UUID
    kind: AccountKind
    wallet: str
    status: AccountStatus
    points_posted: int
    points_held: int
    points_available: int
    points_pending: int
    points_debt: int
    lifetime_points_earned: int
    lifetime_points_redeemed: int
    opened_at: datetime
    merged_into: uuid.UUID | None


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
    customer_ref: uuid.UUID
    program_ref: uuid.UUID
    wallet: str
    kind: TransactionKind
    is_pending: bool
    points_change: int
    points_balance: int
    points_lost_to_caps: int
    points_reversed: int
    occurred_at: datetime
    recorded_at: datetime
    reverses: uuid.UUID | None
    confirms: uuid.UUID | None
    hold_id: uuid.UUID | None
    caps: tuple[CapHit, ...]
    actor_ref: str
    program_version_ref: str
    idempotency_scope: str
    idempotency_key: str
    reason_code: str
    reason: str
    trace: dict[str, Any] | None
    context: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LotView:
    """A lot with points left, in the order in which lots are spent."""

    transaction_id: uuid.UUID
    earned_at: datetime
    expires_at: datetime | None
    spendable_until: datetime | None
    points_original: int
    points_remaining: int
    points_held: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CapUsageView:
    """How many of a cap's units have been used in one window; ``account_id`` is None for a shared cap."""

    account_id: uuid.UUID | None
    cap_ref: str
    window_start: date
    units_used: int
    units_max: int
