"""What crosses the border of points: requests, receipts, the facts and the verdict of an earn."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from loyalty.foundation.kernel.money import Money
from loyalty.programs.contracts import EVENT_PURCHASE, WALLET_MAIN, ProgramPlan

# What a verb answers.
Answer = TypeVar("Answer")


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
    """A purchase that earns, ``points`` given without one, or another event that a rule names.

    A purchase has an ``amount``; ``points`` have a ``wallet`` and ask no rule, and with ``is_capped`` false no cap; an
    event of another ``event_type`` needs neither. ``context`` holds what else is known of the purchase (README) or the
    event's data.
    """

    member: MemberRef
    key: Key
    occurred_at: datetime
    amount: Decimal | None = None
    currency: str = ""
    points: int | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    event_type: str = EVENT_PURCHASE
    wallet: str = WALLET_MAIN
    is_capped: bool = True
    causation_id: uuid.UUID | None = None
    correlation_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundEvent:
    """What happened to a customer, as an event tells it."""

    event_type: str
    event_id: uuid.UUID
    customer_id: uuid.UUID
    data: Mapping[str, Any]
    occurred_at: datetime
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
    # Among the available ones, those whose time is over and which the expiry has not swept: no burn takes them.
    points_overdue: int = 0
    # A member has an account per wallet; a household's account (kind "pool") goes by its owner's name.
    kind: str = "member"
    wallet: str = "main"
    tier_since_at: datetime | None = None
    segment_codes: tuple[str, ...] = ()
    purchase_count: int = 0
    # Rules that give once in a membership and have given.
    rules_given: frozenset[str] = frozenset()
    # The household, by its public id, and whether the member's points go there.
    pool_id: uuid.UUID | None = None
    pool_account_id: uuid.UUID | None = None

    @property
    def points_spendable(self) -> int:
        """What a burn could take now."""
        return self.points_available - self.points_overdue


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseLine:
    """One line of a purchase; ``amount`` is that of the whole line."""

    line_id: str
    amount: Decimal
    product_id: str = ""
    product_category: str = ""
    quantity: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """A purchase as it was told: amounts are parts of ``amount`` and in its currency."""

    amount: Decimal
    tax_amount: Decimal = Decimal(0)
    fee_amount: Decimal = Decimal(0)
    points_paid_amount: Decimal = Decimal(0)
    channel: str = ""
    product_category: str = ""
    product_id: str = ""
    partner_ref: str = ""
    lines: tuple[PurchaseLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EarnFacts:
    """All that an earn rule and the earn modifiers may know; ``amount`` is the amount as told, 0 without a purchase."""

    plan: ProgramPlan
    member: MemberFacts
    amount: Decimal
    currency: str
    context: Mapping[str, Any]
    occurred_at: datetime
    event_type: str = EVENT_PURCHASE


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


class MemberFactsProvider(Protocol):
    """Gives one fact about customers, in sets, for rules that read it; registered by upper domains."""

    def __call__(self, customer_ids: Sequence[uuid.UUID], at: datetime) -> Mapping[uuid.UUID, Any]:
        """Give the fact by customer as it stands at an instant; customers without one are left out."""
        ...


class TierHistory(Protocol):
    """Gives which tier members had at an instant; registered by the domain that keeps the history."""

    def __call__(self, account_ids: Sequence[uuid.UUID], at: datetime) -> Mapping[uuid.UUID, tuple[str, str] | None]:
        """Give code and name by account, None for no tier; accounts it does not know are left out."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The whole points that one rule or modifier gives; ``code`` is the rule's, or ``modifier:`` and the modifier's."""

    code: str
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CapCount:
    """A cap as it counts against one posting, in units: points, or millionths of money.

    ``ref`` names the counter, ``window_start`` its window (None: this posting alone); ``part`` narrows it to what one
    rule gives; a shared counter belongs to no account.
    """

    code: str
    ref: str
    period: str
    scope: str
    window_start: date | None
    units_max: int
    units_per_point: int = 1
    part: str | None = None
    is_shared: bool = False
    is_refusing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CapResult:
    """How many points were asked of a cap and how many it left."""

    ref: str
    window_start: date | None
    asked: int
    granted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletVerdict:
    """What goes into one wallet before the caps of periods, and why; ``trace`` is JSON-able and stored with it.

    ``rules_once`` names the rules counted here that give only once in a membership.
    """

    wallet: str
    points: int
    parts: tuple[Part, ...]
    caps: tuple[CapCount, ...]
    expires_at: datetime | None
    spendable_until: datetime | None
    is_pending: bool
    activates_at: datetime | None
    rules_once: tuple[str, ...]
    trace: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class EarnVerdict:
    """What a purchase earns in each wallet that gets something; the main wallet stands first, also with nothing."""

    wallets: tuple[WalletVerdict, ...]

    @property
    def main(self) -> WalletVerdict:
        """The verdict about the main wallet."""
        return self.wallets[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletReceipt:
    """What went into one wallet beside the main one."""

    wallet: str
    transaction_id: uuid.UUID
    account_id: uuid.UUID
    points_amount: int
    points_balance: int
    points_lost_to_caps: int
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EarnReceipt:
    """The answer to an earn; no ``transaction_id`` means that nothing was earned and the trace tells why.

    The figures are those of the main wallet (of the wallet named, for points given directly); ``other_wallets`` tells
    the others. Pending points are in no balance yet; without ``activates_at`` somebody has to confirm them.
    """

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
    wallet: str = WALLET_MAIN
    spendable_until: datetime | None = None
    is_pending: bool = False
    activates_at: datetime | None = None
    other_wallets: tuple[WalletReceipt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionReport:
    """What recomputing a member's later earns changed: how many were corrected, by how many points in all."""

    transactions_corrected: int
    points_change: int


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
class EarnLine:
    """The answer to one line of a batch: a receipt, or a refusal with what a single call would tell."""

    receipt: EarnReceipt | None
    code: str = ""
    message: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(Generic[Answer]):
    """The answer to one line of a batch of another verb: what a single call answers, or the refusal it would meet."""

    receipt: Answer | None
    code: str = ""
    message: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiryReport:
    """What expired; ``is_complete`` is False when more is due than one call takes."""

    lots_expired: int
    points_expired: int
    accounts_touched: int
    is_complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulateRequest:
    """A sample purchase or event, who makes it, and what to try instead of what the program promises.

    ``account_id``, ``customer_id`` or ``customer_ref`` says whose tier, balance, segments and room under caps to take;
    a new member's when none is given. A customer who is no member yet counts as a new one with these segments.
    ``changes`` holds terms of the program by their names; ``program_version`` is another version than that of the day.
    Without a ``program_id`` the changes are a whole program that nobody has saved, in ``currency`` and ``timezone``.
    """

    program_id: uuid.UUID | None
    occurred_at: datetime
    amount: Decimal | None = None
    currency: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    event_type: str = EVENT_PURCHASE
    timezone: str = "UTC"
    account_id: uuid.UUID | None = None
    customer_id: uuid.UUID | None = None
    customer_ref: str = ""
    tier_code: str | None = None
    points_lifetime: int | None = None
    segment_codes: tuple[str, ...] | None = None
    program_version: int | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    points_to_burn: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedWallet:
    """What a purchase would bring into one wallet, with its trace."""

    wallet: str
    points_amount: int
    points_lost_to_caps: int
    expires_at: datetime | None
    spendable_until: datetime | None
    is_pending: bool
    activates_at: datetime | None
    trace: dict[str, Any]


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
    wallets: tuple[SimulatedWallet, ...] = ()
    is_pending: bool = False
    activates_at: datetime | None = None
    spendable_until: datetime | None = None


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
    # Of an adjustment, with its sign.
    points_change: int = 0
    to_account_id: uuid.UUID | None = None
    to_points_balance: int | None = None
    reverses: uuid.UUID | None = None
    reason_code: str = ""
    wallet: str = ""
    other_wallets: tuple["Movement", ...] = ()


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
