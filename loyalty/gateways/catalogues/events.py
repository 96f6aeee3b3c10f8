"""Facts that the product promises and whose domains are not built yet: their names and data are settled here."""

from dataclasses import dataclass
from typing import ClassVar

from loyalty.foundation.events.contracts import Fact


@dataclass(frozen=True, slots=True)
class RewardRedeemed(Fact):
    """A member redeemed a reward; published when the rewards are there."""

    type: ClassVar[str] = "reward.redeemed"

    redemption_id: str
    customer_id: str
    program_id: str
    reward_code: str
    points_amount: int


@dataclass(frozen=True, slots=True)
class PredictionCompleted(Fact):
    """Customers were scored by a model; published when the models are there."""

    type: ClassVar[str] = "ml.prediction.completed"

    model_code: str
    model_version: str
    customers: int
