"""What tiers refuses."""

from loyalty.foundation.kernel.errors import Conflict, Invalid


class TierNotAbove(Conflict):
    """An upgrade must lead to a tier above the member's."""

    code = "tier.not_above"
    title = "Not a higher tier"


class TierNotBelow(Conflict):
    """A downgrade must lead to a tier below the member's."""

    code = "tier.not_below"
    title = "Not a lower tier"


class ManualTierInvalid(Invalid):
    """A tier given by hand needs a tier, a mode and a reason, and an end that lies ahead."""

    code = "tier.manual_invalid"
    title = "This tier cannot be given by hand"
