"""Front door of tiers."""

from loyalty.tiers.contracts import (
    Direction,
    EarnFact,
    ManualMode,
    ManualTier,
    Reason,
    Settlement,
    TierProjection,
    TierStanding,
)
from loyalty.tiers.errors import ManualTierInvalid, TierNotAbove, TierNotBelow
from loyalty.tiers.operations.assigning import assign, downgrade, upgrade
from loyalty.tiers.operations.benefits import award_benefits
from loyalty.tiers.operations.counting import CORRECTION
from loyalty.tiers.operations.looking import qualify_member, recalculate_program
from loyalty.tiers.operations.settling import (
    RECALCULATE_KIND,
    SETTLE_KIND,
    recalculate_run,
    settle_due,
    settle_program,
    start_recalculation,
    start_settling,
)
from loyalty.tiers.operations.taking import take_correction, take_earn, take_merge, take_reversal
from loyalty.tiers.operations.taking_sets import take_earns, take_enrolments
from loyalty.tiers.queries import (
    get_standing,
    list_benefits,
    list_tiers_as_of,
    projection_of,
    standing_as_of,
    standing_of,
)

__all__ = [
    "CORRECTION",
    "RECALCULATE_KIND",
    "SETTLE_KIND",
    "Direction",
    "EarnFact",
    "ManualMode",
    "ManualTier",
    "ManualTierInvalid",
    "Reason",
    "Settlement",
    "TierNotAbove",
    "TierNotBelow",
    "TierProjection",
    "TierStanding",
    "assign",
    "award_benefits",
    "downgrade",
    "get_standing",
    "list_benefits",
    "list_tiers_as_of",
    "projection_of",
    "qualify_member",
    "recalculate_program",
    "recalculate_run",
    "settle_due",
    "settle_program",
    "standing_as_of",
    "standing_of",
    "start_recalculation",
    "start_settling",
    "take_correction",
    "take_earn",
    "take_earns",
    "take_enrolments",
    "take_merge",
    "take_reversal",
    "upgrade",
]
