"""Facts as other domains publish them."""

from dataclasses import dataclass
from typing import ClassVar

from loyalty.foundation.events.contracts import Fact


@dataclass(frozen=True, slots=True)
class Purchase(Fact):
    """A purchase that came in from outside."""

    type: ClassVar[str] = "customer.purchase"
    amount: str
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class TierUpgraded(Fact):
    """A member reached a higher tier."""

    type: ClassVar[str] = "tier.upgraded"
    program_id: str
    to_tier: str


@dataclass(frozen=True, slots=True)
class UsageHigh(Fact):
    """A product is used much; nobody hears of it but the campaigns that wait for it."""

    type: ClassVar[str] = "customer.usage_high"
    product_id: str = "gb10"
