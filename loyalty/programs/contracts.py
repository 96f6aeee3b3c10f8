"""What crosses the border of programs: documents, plans, tiers and memberships.

What a program promises is ``ProgramTerms``: a document is written with it, a version fixes it, a plan carries it. Every
default means what a program meant that never said anything about it.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from loyalty.foundation.rules.api import PROFILE_FIRST

# The codes behind the short forms: ``earn_rule`` is the rule ``base``, ``earn_cap_daily`` the cap ``daily``.
RULE_BASE = "base"
CAP_DAILY = "daily"
WALLET_MAIN = "main"
EVENT_PURCHASE = "customer.purchase"
EVENT_REFERRED = "customer.referred"


class ProgramStatus(StrEnum):
    """The life of a program."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"


class Enrollment(StrEnum):
    """How a customer becomes a member: with the first purchase, or only when asked for."""

    AUTOMATIC = "automatic"
    EXPLICIT = "explicit"


class VersionStatus(StrEnum):
    """Where a version stands: it counts, it will, or another one has followed it."""

    CURRENT = "current"
    SCHEDULED = "scheduled"
    PAST = "past"


class EarnRuleKind(StrEnum):
    """A base rule competes with the other base rules of its wallet; a bonus always adds."""

    BASE = "base"
    BONUS = "bonus"


class Stacking(StrEnum):
    """What counts when several base rules of one wallet match: all, the most generous, or the first by priority."""

    SUM = "sum"
    BEST = "best"
    FIRST = "first"


class OncePer(StrEnum):
    """How often a rule gives anything: each time, or once in a membership."""

    ALWAYS = ""
    MEMBER = "member"


class ActivationKind(StrEnum):
    """When earned points can be spent: at once, some days later, or when somebody confirms them."""

    IMMEDIATE = "immediate"
    AFTER_DAYS = "after_days"
    ON_CONFIRMATION = "on_confirmation"


class CapPeriod(StrEnum):
    """The window of a cap, in the program's zone; a week begins on Monday, ``program`` has one window for all time."""

    TRANSACTION = "transaction"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    PROGRAM = "program"


class CapScope(StrEnum):
    """Whose earning a cap counts together."""

    MEMBER = "member"
    HOUSEHOLD = "household"
    PROGRAM = "program"
    PARTNER = "partner"


class CapMeasure(StrEnum):
    """What a cap counts: points, or what they cost by ``point_value``."""

    POINTS = "points"
    MONEY = "money"


class OnReach(StrEnum):
    """What happens to an earn that does not fit under a cap: it is cut to what fits, or refused."""

    TRUNCATE = "truncate"
    REFUSE = "refuse"


class ExpiryKind(StrEnum):
    """What ends the life of points."""

    NEVER = "never"
    AGE = "age"
    FIXED_DATE = "fixed_date"
    END_OF_PERIOD = "end_of_period"
    INACTIVITY = "inactivity"


class ExpiryPeriod(StrEnum):
    """The calendar period at whose end points go."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Consumption(StrEnum):
    """Which points a burn takes first: those that end soonest, those that end last, or of all a share."""

    FIFO = "fifo"
    LIFO = "lifo"
    PROPORTIONAL = "proportional"


class Clawback(StrEnum):
    """What a reversal may take back from points that were posted: nothing, what is left, or all into debt."""

    ONLY_PENDING = "only_pending"
    WITHIN_BALANCE = "within_balance"
    UNLIMITED = "unlimited"


class WalletKind(StrEnum):
    """What the points of a wallet are for."""

    REDEEMABLE = "redeemable"
    STATUS = "status"
    PARTNER = "partner"


class TierQualifier(StrEnum):
    """What lifts a member through the tiers; ``min_points`` of a tier counts in its unit."""

    POINTS = "points"
    SPEND = "spend"
    COUNT = "count"
    TENURE = "tenure"
    RULE = "rule"


class TierWindow(StrEnum):
    """The stretch of time whose doings count for a tier."""

    LIFETIME = "lifetime"
    CALENDAR_YEAR = "calendar_year"
    ANNIVERSARY = "anniversary"
    ROLLING = "rolling"
    CYCLE = "cycle"


class TierEffect(StrEnum):
    """When a tier that was reached is given."""

    IMMEDIATE = "immediate"
    NEXT_PERIOD = "next_period"


class TierDowngrade(StrEnum):
    """How far a member falls that no longer qualifies."""

    NEVER = "never"
    ONE_STEP = "one_step"
    BY_BALANCE = "by_balance"


class TierValidity(StrEnum):
    """How long a tier holds once it is reached."""

    REST_OF_PERIOD = "rest_of_period"
    REST_PLUS_NEXT = "rest_plus_next"


class TierMode(StrEnum):
    """How a member came by its tier, and so what a recalculation may do with it.

    Qualified tiers follow the points. A floor can be passed but not undercut; a pin stays whatever the points say; a
    one-off stands until the end of its period or until what it was given until.
    """

    QUALIFIED = ""
    FLOOR = "floor"
    PIN = "pin"
    ONE_OFF = "one_off"


class BenefitKind(StrEnum):
    """What a tier grants once on entering: points, or a feature that others look up by its code."""

    POINTS = "points"
    FEATURE = "feature"


@dataclass(frozen=True, slots=True)
class EarnRulePlan:
    """One way to earn. ``rule`` is JSONLogic that gives points; conditions left empty always hold.

    ``weekdays`` are ISO (Monday is 1); the hours are whole ones in the program's zone, from inclusive, until exclusive,
    and wrap midnight when the first is not below the second; the days of ``starts_on`` and ``ends_on`` both count.
    """

    code: str
    name: str = ""
    rule: Any = None
    kind: EarnRuleKind = EarnRuleKind.BASE
    event_type: str = EVENT_PURCHASE
    priority: int = 0
    weekdays: tuple[int, ...] = ()
    hour_from: int | None = None
    hour_until: int | None = None
    segment_codes: tuple[str, ...] = ()
    tier_codes: tuple[str, ...] = ()
    starts_on: date | None = None
    ends_on: date | None = None
    wallet: str = WALLET_MAIN
    is_multiplied: bool = True
    partner_ref: str = ""
    once_per: OncePer = OncePer.ALWAYS


@dataclass(frozen=True, slots=True)
class EarnBasePlan:
    """Which part of a purchase earns: what is taken off its amount, and which goods and channels earn nothing."""

    net_of_tax: bool = False
    net_of_fees: bool = False
    net_of_points_paid: bool = True
    excluded_categories: tuple[str, ...] = ()
    excluded_products: tuple[str, ...] = ()
    excluded_channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ActivationPlan:
    """When earned points can be spent; ``days`` belongs to ``after_days``."""

    kind: ActivationKind = ActivationKind.IMMEDIATE
    days: int | None = None


@dataclass(frozen=True, slots=True)
class CapPlan:
    """The most that is earned in a window: whole points, or money at the program's ``point_value``.

    With ``rule_code`` only what that rule gives counts; with ``partner_ref`` or ``tier_codes`` only such purchases and
    such members.
    """

    code: str
    period: CapPeriod = CapPeriod.DAY
    scope: CapScope = CapScope.MEMBER
    measure: CapMeasure = CapMeasure.POINTS
    limit: Decimal = Decimal(0)
    rule_code: str = ""
    partner_ref: str = ""
    tier_codes: tuple[str, ...] = ()
    on_reach: OnReach = OnReach.TRUNCATE


@dataclass(frozen=True, slots=True)
class TierExpiry:
    """How long points of a member of one tier last instead: days or months, one of the two."""

    days: int | None = None
    months: int | None = None


@dataclass(frozen=True, slots=True)
class ExpiryPlan:
    """How long points last, captured when they are earned.

    ``age`` and ``inactivity`` take days or months; ``fixed_date`` a ``month_day`` (MM-DD, the last good day, the first
    one that is not before the earning); ``end_of_period`` ends with the ``periods``-th period, the one of the earning
    being the first. ``grace_days_after`` is how long points can still be spent after the date the member was told.
    """

    kind: ExpiryKind = ExpiryKind.NEVER
    days: int | None = None
    months: int | None = None
    month_day: str = ""
    period: ExpiryPeriod = ExpiryPeriod.YEAR
    periods: int = 1
    tier_overrides: Mapping[str, TierExpiry] = field(default_factory=dict)
    warn_days_before: tuple[int, ...] = ()
    grace_days_after: int = 0


@dataclass(frozen=True, slots=True)
class BurnPlan:
    """How points are spent: which first, and how many at a time; ``points_max`` is per burn."""

    consumption: Consumption = Consumption.FIFO
    points_min: int = 1
    points_step: int = 1
    points_max: int | None = None


@dataclass(frozen=True, slots=True)
class TransferPlan:
    """Whether and how members give points to each other; limits and fee are the sender's, None is no limit."""

    is_allowed: bool = True
    points_min: int = 1
    points_max: int | None = None
    points_daily: int | None = None
    points_monthly: int | None = None
    fee_percent: Decimal = Decimal(0)
    fee_points: int = 0
    counts_for_tier: bool = False
    account_age_days_min: int = 0


@dataclass(frozen=True, slots=True)
class ReversalPlan:
    """What a reversal may take back, and for how many days points that come back can at least be spent."""

    clawback: Clawback = Clawback.WITHIN_BALANCE
    reinstate_days: int = 30


@dataclass(frozen=True, slots=True)
class ReasonPlan:
    """A reason that may be given for an adjustment."""

    code: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class AdjustmentPlan:
    """Which reasons an adjustment may have (none named: any), and up to how many points one person decides alone."""

    reason_codes: tuple[ReasonPlan, ...] = ()
    points_max_without_approval: int | None = None


@dataclass(frozen=True, slots=True)
class WalletPlan:
    """A kind of points that a member holds beside others."""

    code: str
    name: str = ""
    kind: WalletKind = WalletKind.REDEEMABLE
    is_transferable: bool = True


@dataclass(frozen=True, slots=True)
class TierPolicyPlan:
    """How members move through the tiers; ``rule`` belongs to ``qualifier`` rule and gives a number."""

    qualifier: TierQualifier = TierQualifier.POINTS
    rule: Any = None
    window: TierWindow = TierWindow.LIFETIME
    rolling_months: int | None = None
    cycle_start: str = ""
    cycle_months: int | None = None
    effect: TierEffect = TierEffect.IMMEDIATE
    downgrade: TierDowngrade = TierDowngrade.BY_BALANCE
    grace_days: int = 0
    validity: TierValidity = TierValidity.REST_OF_PERIOD


@dataclass(frozen=True, slots=True)
class ReferralPlan:
    """What both sides get when a member brings somebody in; 0 is nothing."""

    referrer_points: int = 0
    referee_points: int = 0


@dataclass(frozen=True, slots=True)
class BenefitGrant:
    """What a tier grants once on entering; its points count under the member's caps only with ``is_capped``."""

    code: str
    kind: BenefitKind = BenefitKind.FEATURE
    points: int = 0
    is_capped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramTerms:
    """What a version of a program fixes, beside its tiers; ``point_value`` is the money that one point costs.

    ``rules_profile`` is the profile of the rule language that the version's rules were written under: what they mean
    stays, whatever later profiles say. Nobody writes it; a version whose rules change gets the latest.
    """

    earn_rules: tuple[EarnRulePlan, ...] = ()
    stacking: Stacking = Stacking.SUM
    earn_base: EarnBasePlan = EarnBasePlan()
    activation: ActivationPlan = ActivationPlan()
    caps: tuple[CapPlan, ...] = ()
    expiry: ExpiryPlan = ExpiryPlan()
    burn_rule: Any = None
    burn: BurnPlan = BurnPlan()
    transfer: TransferPlan = TransferPlan()
    reversal: ReversalPlan = ReversalPlan()
    adjustment: AdjustmentPlan = AdjustmentPlan()
    wallets: tuple[WalletPlan, ...] = (WalletPlan(code=WALLET_MAIN, name="Main"),)
    tier_policy: TierPolicyPlan = TierPolicyPlan()
    referral: ReferralPlan = ReferralPlan()
    point_value: Decimal | None = None
    rules_profile: int = PROFILE_FIRST


def earn_rule_of(terms: ProgramTerms) -> Any:
    """Give the short form of the earn rules: what the rule ``base`` says."""
    return next((rule.rule for rule in terms.earn_rules if rule.code == RULE_BASE), None)


def earn_cap_daily_of(terms: ProgramTerms) -> int | None:
    """Give the short form of the caps: the points of ``daily``, as long as it is a plain cap of a member's day."""
    found = next((cap for cap in terms.caps if cap.code == CAP_DAILY), None)
    is_plain = found is not None and found == CapPlan(code=CAP_DAILY, limit=found.limit)
    is_whole = found is not None and found.limit.is_finite() and found.limit == found.limit.to_integral_value()
    return int(found.limit) if found is not None and is_plain and is_whole else None


def expiry_days_of(terms: ProgramTerms) -> int | None:
    """Give the short form of the expiry: its days, as long as it goes by age in days."""
    return terms.expiry.days if terms.expiry.kind is ExpiryKind.AGE else None


@dataclass(frozen=True, slots=True)
class TierDocument:
    """A tier as it is written; ``id`` names the tier that it changes, else ``code`` does, else it is new."""

    code: str
    name: str
    min_points: int
    multiplier: Decimal = Decimal(1)
    benefits: tuple[str, ...] = ()
    priority: int = 0
    color: str = ""
    id: uuid.UUID | None = None
    benefit_grants: tuple[BenefitGrant, ...] = ()
    is_invitation_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramDocument(ProgramTerms):
    """A program as it is written, whole; dates are days in its own zone, both inclusive.

    ``earn_rule``, ``earn_cap_daily`` and ``expiry_days`` are short forms: of the rule ``base``, of the cap ``daily``
    of a member's day and of an expiry by age in days. Written alone they change the long form; both must say the same.
    """

    name: str
    code: str = ""
    description: str = ""
    status: ProgramStatus = ProgramStatus.DRAFT
    start_date: date | None = None
    end_date: date | None = None
    currency: str = "USD"
    timezone: str = "UTC"
    enrollment: Enrollment = Enrollment.AUTOMATIC
    tiers: tuple[TierDocument, ...] = ()
    earn_rule: Any = None
    earn_cap_daily: int | None = None
    expiry_days: int | None = None


@dataclass(frozen=True, slots=True)
class TierPlan:
    """A tier as a version of the program fixed it."""

    id: uuid.UUID
    code: str
    name: str
    min_points: int
    multiplier: Decimal
    benefits: tuple[str, ...]
    priority: int
    color: str
    benefit_grants: tuple[BenefitGrant, ...] = ()
    is_invitation_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramPlan(ProgramTerms):
    """What a program promises at an instant; ``version_id`` is what a transaction names."""

    program_id: uuid.UUID
    code: str
    name: str
    status: ProgramStatus
    start_date: date | None
    end_date: date | None
    currency: str
    timezone: str
    enrollment: Enrollment
    version_id: uuid.UUID
    version_number: int
    tiers: tuple[TierPlan, ...] = ()

    @property
    def tiers_by_code(self) -> Mapping[str, TierPlan]:
        """The tiers by their code."""
        return {tier.code: tier for tier in self.tiers}

    @property
    def earn_rule(self) -> Any:
        """The rule ``base``, or None."""
        return earn_rule_of(self)

    @property
    def earn_cap_daily(self) -> int | None:
        """The points of the cap ``daily``, or None."""
        return earn_cap_daily_of(self)

    @property
    def expiry_days(self) -> int | None:
        """The days of an expiry by age, or None when it is another one."""
        return expiry_days_of(self)


@dataclass(frozen=True, slots=True)
class Enrolling:
    """A customer to take in, with the ledger account opened for it; ``account_row_id`` is the account's inner id.

    ``enrolled_at`` and ``tier_code`` are brought along from elsewhere; left out, the customer joins now and begins in
    the tier that begins at zero. A tier that the program does not have counts as left out.
    """

    customer_id: uuid.UUID
    account_id: uuid.UUID
    account_row_id: int
    enrolled_at: datetime | None = None
    tier_code: str = ""


@dataclass(frozen=True, slots=True)
class MembershipView:
    """A customer in a program."""

    program_id: uuid.UUID
    customer_id: uuid.UUID
    account_id: uuid.UUID
    tier_code: str | None
    tier_name: str | None
    enrolled_at: datetime
    tier_mode: TierMode = TierMode.QUALIFIED
    tier_until_at: datetime | None = None
    left_at: datetime | None = None
