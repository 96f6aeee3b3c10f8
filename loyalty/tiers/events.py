"""The facts that tiers publishes; ``sql/settling.sql`` writes most of them, and a test compares the fields."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from loyalty.foundation.events.contracts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class TierMoved(Fact):
    """What every fact about a change of tier says; the key is the customer's id, no tier is None.

    ``effective_at`` is the business instant from which the tier counts.
    """

    customer_id: uuid.UUID
    account_id: uuid.UUID
    program_id: uuid.UUID
    from_tier: str | None
    to_tier: str | None
    to_tier_name: str | None
    points_lifetime: int
    reason: str
    effective_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TierUpgraded(TierMoved):
    """A member reached a higher tier."""

    type: ClassVar[str] = "tier.upgraded"


@dataclass(frozen=True, slots=True, kw_only=True)
class TierDowngraded(TierMoved):
    """A member fell to a lower tier."""

    type: ClassVar[str] = "tier.downgraded"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerTierUpgrade(TierMoved):
    """The same as ``tier.upgraded``, under the name that the product documents promise to campaigns."""

    type: ClassVar[str] = "customer.tier_upgrade"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerTierDowngrade(TierMoved):
    """The same as ``tier.downgraded``, under the name that campaigns expect beside the upgrade."""

    type: ClassVar[str] = "customer.tier_downgrade"


@dataclass(frozen=True, slots=True, kw_only=True)
class TierWillDowngrade(Fact):
    """A member is about to fall; told once per period.

    ``falls_on`` is the day from which it has the lower tier (in a rolling window: at the earliest), ``value_to_stay``
    what is missing, in the unit of the qualifier.
    """

    type: ClassVar[str] = "tier.will_downgrade"
    customer_id: uuid.UUID
    account_id: uuid.UUID
    program_id: uuid.UUID
    from_tier: str
    to_tier: str | None
    falls_on: date
    qualifying_value: Decimal
    value_to_stay: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class TierBenefit(Fact):
    """What every fact about a benefit says; ``kind`` is points or feature, ``period_start`` names the period."""

    customer_id: uuid.UUID
    account_id: uuid.UUID
    program_id: uuid.UUID
    tier: str
    benefit: str
    kind: str
    points_amount: int
    period_start: date
    transaction_id: uuid.UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TierBenefitGranted(TierBenefit):
    """A tier granted a member something."""

    type: ClassVar[str] = "tier.benefit_granted"


@dataclass(frozen=True, slots=True, kw_only=True)
class TierBenefitWithdrawn(TierBenefit):
    """A member left the tier that had granted a feature."""

    type: ClassVar[str] = "tier.benefit_withdrawn"
