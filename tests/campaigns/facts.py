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
