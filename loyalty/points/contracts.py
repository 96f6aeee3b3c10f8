"""What crosses the border of points: requests, receipts, the facts and the verdict of an earn."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
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
    """Points to redeem."""

    member: MemberRef
    key: Key
    points: int
    occurred_at: datetime
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReverseRequest:
    """A transaction to take back; ``points`` None takes back all that is left of it."""

    transaction_id: uuid.UUID
    key: Key
    points: int | None
    reason: str
    occurred_at: datetime


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
