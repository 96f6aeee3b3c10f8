"""What crosses the border of tiers."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from loyalty.programs.contracts import TierPlan

# A tier that nothing takes away is kept until this day; the last one that dates can tell.
FOREVER = date.max


class Direction(StrEnum):
    """Where a change of tier led; LEVEL when one tier was replaced by another that begins at the same points."""

    UP = "UP"
    DOWN = "DOWN"
    LEVEL = "LEVEL"


class Reason(StrEnum):
    """Why a tier changed."""

    EARNED = "earned"
    TIERS_CHANGED = "tiers_changed"
    BY_HAND = "by_hand"
    QUALIFIED = "qualified"
    NOT_KEPT = "not_kept"
    MANUAL_ENDED = "manual_ended"
    RECALCULATED = "recalculated"
    LATE_PURCHASE = "late_purchase"


class ManualMode(StrEnum):
    """What a tier given by hand means: not below it, exactly it, or once and then as the rules say."""

    FLOOR = "floor"
    PIN = "pin"
    ONE_OFF = "one_off"


class Span(StrEnum):
    """The three shapes of a window: all time, the last months, or periods that begin anew."""

    LIFETIME = "lifetime"
    ROLLING = "rolling"
    PERIOD = "period"


class Column(StrEnum):
    """What is counted."""

    POINTS = "points"
    POINTS_STATUS = "points_status"
    SPEND = "spend"
    PURCHASES = "purchases"
    TENURE = "tenure"
    RULE = "rule"


class BenefitState(StrEnum):
    """Where a benefit stands; PENDING points wait until they are paid."""

    PENDING = "PENDING"
    GRANTED = "GRANTED"
    WITHDRAWN = "WITHDRAWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a program's members qualify, in the form that the calendar and the SQL work with.

    ``anchor`` None means that each member's periods begin on the day it joined; ``is_next``: a tier is given with the
    next period; ``is_long``: it is kept through the next period too.
    """

    span: Span
    column: Column
    months: int
    anchor: date | None
    is_next: bool
    is_long: bool
    downgrade: str
    grace_days: int
    zone: str
    has_status: bool
    rule: Any = None


@dataclass(frozen=True, slots=True)
class DayFigures:
    """What counted on a business day."""

    day: date
    points: int = 0
    points_status: int = 0
    spend: Decimal = Decimal(0)
    purchases: int = 0


@dataclass(frozen=True, slots=True)
class Track:
    """The tier by qualification alone, and the day until which it is kept (exclusive; None: nobody has looked yet)."""

    tier: TierPlan | None
    kept_until: date | None


@dataclass(frozen=True, slots=True)
class ManualTier:
    """A tier given by hand."""

    mode: ManualMode
    tier: TierPlan | None
    until: datetime | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TierStanding:
    """Where a member stands: the tier it has, the tier it qualifies for, and how far the next one is.

    ``qualifying_value`` is what counts in the window [``counts_from``, ``counts_until``), in the qualifier's unit.
    """

    account_id: uuid.UUID
    customer_id: uuid.UUID
    program_id: uuid.UUID
    points_lifetime: int
    current: TierPlan | None
    calculated: TierPlan | None
    following: TierPlan | None
    qualifier: str
    qualifying_value: Decimal
    counts_from: date | None
    counts_until: date
    kept_until: date | None
    manual: ManualTier | None

    @property
    def value_to_next(self) -> Decimal | None:
        """What is missing to the next tier, None at the top."""
        return None if self.following is None else Decimal(self.following.min_points) - self.qualifying_value


@dataclass(frozen=True, slots=True, kw_only=True)
class TierProjection:
    """What becomes of a member's tier at the end of its period when nothing more happens."""

    account_id: uuid.UUID
    tier: TierPlan | None
    projected_tier: TierPlan | None
    projected_on: date
    qualifying_value: Decimal
    value_to_stay: Decimal | None
    value_to_next: Decimal | None
    next_tier: TierPlan | None
    period_start: date | None
    period_end: date | None
    kept_until: date | None
    grace_until: date | None
    manual: ManualTier | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EarnFact:
    """An earn, or a purchase that earned nothing: what points told of it, its transaction, and when it happened."""

    data: Mapping[str, Any]
    transaction_id: uuid.UUID
    occurred_at: datetime

    @property
    def customer_id(self) -> uuid.UUID:
        """Who earned, whichever account the points went to."""
        return uuid.UUID(str(self.data["customer_id"]))

    @property
    def program_id(self) -> uuid.UUID:
        """In which program."""
        return uuid.UUID(str(self.data["program_id"]))

    @property
    def points_amount(self) -> int:
        """How many points; none where all were lost to a cap, or nothing was earned."""
        return int(self.data.get("points_amount", 0))


@dataclass(frozen=True, slots=True)
class Settlement:
    """How many members' tiers a look at them changed."""

    upgraded: int
    downgraded: int
    levelled: int

    def __add__(self, other: "Settlement") -> "Settlement":
        return Settlement(
            self.upgraded + other.upgraded, self.downgraded + other.downgraded, self.levelled + other.levelled
        )
