"""Issue an offer; waits for the domain of promotions."""

from loyalty.journeys.kinds.actions.missing import MissingAction


class IssueOffer(MissingAction):
    """Not usable before there are offers."""

    kind = "issue_offer"
    title = "Issue an offer"
    description = "The customer is given an offer that can be accepted."
    icon = "i-lucide-ticket-percent"
    group = "offers"
    unavailable_reason = "There are no offers here yet."
