"""Issue a reward of the catalogue; waits for the domain of rewards."""

from loyalty.journeys.kinds.actions.missing import MissingAction


class IssueReward(MissingAction):
    """Not usable before there are rewards."""

    kind = "issue_reward"
    title = "Issue a reward"
    description = "The customer is given a reward of the catalogue."
    icon = "i-lucide-gift"
    group = "offers"
    unavailable_reason = "There is no catalogue of rewards here yet."
