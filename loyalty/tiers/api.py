"""Front door of tiers."""

from loyalty.tiers.contracts import Direction, Reason, Settlement, TierStanding
from loyalty.tiers.errors import TierNotAbove, TierNotBelow
from loyalty.tiers.operations import downgrade, qualify_member, recalculate_program, upgrade
from loyalty.tiers.queries import get_standing, standing_of

__all__ = [
    "Direction",
    "Reason",
    "Settlement",
    "TierNotAbove",
    "TierNotBelow",
    "TierStanding",
    "downgrade",
    "get_standing",
    "qualify_member",
    "recalculate_program",
    "standing_of",
    "upgrade",
]
