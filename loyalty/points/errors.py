"""What points refuses; ledger's and programs' refusals pass through unchanged."""

from loyalty.foundation.kernel.errors import Conflict, Invalid, NotFound, Unprocessable


class MemberNotNamed(Invalid):
    """Neither an account nor a customer with a program is named, or both are."""

    code = "points.member_not_named"
    title = "Name one member"


class MemberUnknown(NotFound):
    """The customer or the account named does not exist."""

    code = "points.member_unknown"
    title = "No such member"


class NotAMember(Conflict):
    """The program enrols only when asked, and the customer is not enrolled."""

    code = "points.not_a_member"
    title = "Not a member of the program"


class AmountInvalid(Invalid):
    """The amount of a purchase is not a positive number in range."""

    code = "points.amount_refused"
    title = "Not the amount of a purchase"


class CurrencyMismatch(Unprocessable):
    """The purchase is in another currency than the program."""

    code = "points.currency_mismatch"
    title = "Another currency than the program's"


class OccurredAtRefused(Unprocessable):
    """The purchase lies in the future or too far in the past."""

    code = "points.occurred_at_refused"
    title = "The instant is out of range"


class RuleResultInvalid(Unprocessable):
    """A rule gave something that is no number of points or no value."""

    code = "points.rule_result_invalid"
    title = "The rule gave an impossible result"


class BurnRuleMissing(Conflict):
    """The program does not say what points are worth."""

    code = "points.burn_rule_missing"
    title = "The program has no burn rule"
