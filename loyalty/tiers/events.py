"""The facts that tiers publishes; ``sql/tiers.sql`` writes them with these fields, and a test compares the two."""

import uuid
from dataclasses import dataclass
from typing import ClassVar

from loyalty.foundation.events.contracts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class TierMoved(Fact):
    """What every fact about a change of tier says; the key is the customer's id, no tier is None."""

    customer_id: uuid.UUID
    account_id: uuid.UUID
    program_id: uuid.UUID
    from_tier: str | None
    to_tier: str | None
    to_tier_name: str | None
    points_lifetime: int
    reason: str


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
