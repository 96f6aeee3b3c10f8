"""What tiers refuses."""

from loyalty.foundation.kernel.errors import Conflict


class TierNotAbove(Conflict):
    """An upgrade must lead to a tier above the member's."""

    code = "tier.not_above"
    title = "Not a higher tier"


class TierNotBelow(Conflict):
    """A downgrade must lead to a tier below the member's."""

    code = "tier.not_below"
    title = "Not a lower tier"
