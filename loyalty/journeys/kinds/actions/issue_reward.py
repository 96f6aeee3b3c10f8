"""Give the customer a reward: the kind is there with its field, and is not available until a domain keeps rewards.

What is missing is a catalogue with stock, a redemption that happens once, and a voucher or a fulfilment behind it. An
action that only noted that a reward was meant would tell people of something that nobody gives them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from loyalty.journeys.contracts import FAILURE, ActionCall, ActionOutcome, ActionRow, FieldKind, FieldSpec, Problem
from loyalty.journeys.kinds.actions.protocol import Effect
from loyalty.journeys.policy.reasons import Reason

CODE = "journeys.rewards_missing"


class IssueReward:
    """``{"reward"}``: the code of the reward, once there are any."""

    kind = "issue_reward"
    title = "Give a reward"
    description = "The customer gets a reward of the catalogue."
    icon = "i-lucide-gift"
    group = "offers"
    fields = (FieldSpec("reward", FieldKind.TEXT, "Reward", is_required=True, maximum=100),)

    @property
    def unavailable_reason(self) -> str:
        """Why it cannot be used."""
        return Reason("reward_missing")

    def problems_of(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        """Nothing beyond that it is not available, which validation says of every such kind."""
        return []

    def preview(self, call: ActionCall, row: ActionRow, *, now: datetime) -> Effect:
        """Tell that nothing would be given."""
        return Effect(Reason("reward_missing"), FAILURE, {}, result={"code": CODE})

    def perform_set(self, call: ActionCall, rows: Sequence[ActionRow], *, now: datetime) -> Sequence[ActionOutcome]:
        """Fail for all rows, with the reason: nobody is told of what nobody gives."""
        return [ActionOutcome(FAILURE, {"code": CODE}, (Reason("reward_missing"),))] * len(rows)
