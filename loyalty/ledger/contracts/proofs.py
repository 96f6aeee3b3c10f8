"""What the ledger tells of itself: proofs, reconciliations, liability, and what its runs did. Points are whole."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


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


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDiscrepancy(Discrepancy):
    """Two figures of one account that should be equal and are not."""

    account_id: uuid.UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationChunk:
    """What one chunk of a reconciliation found; ``next_after`` is where the next begins, None at the end."""

    accounts_checked: int
    entries_checked: int
    discrepancies: tuple[AccountDiscrepancy, ...]
    next_after: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiabilityMonth:
    """What a program owed its members at the ends of one month (UTC), and what moved between them.

    opening + issued - redeemed - expired + adjusted = closing; ``is_reconciled`` tells whether the books agree.
    """

    program_ref: uuid.UUID
    month: date
    points_opening: int
    points_issued: int
    points_redeemed: int
    points_expired: int
    points_adjusted: int
    points_closing: int
    is_reconciled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiringGroup:
    """Points of an account that expire on one day or in one month; ``period_start`` is its first day."""

    period_start: date
    points: int
    lots: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InactivityChunk:
    """What one chunk of the expiry by inactivity did; ``next_after`` is where the next begins, None at the end."""

    lots_expired: int
    points_expired: int
    accounts_touched: int
    next_after: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseChunk:
    """What one chunk of the release of holds whose time is over did."""

    holds_released: int
    points_released: int
    accounts_touched: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DaysClosed:
    """What a closing of days did; ``closed_until`` is the last closed day, None when there is none."""

    days_closed: int
    entries_closed: int
    closed_until: date | None
