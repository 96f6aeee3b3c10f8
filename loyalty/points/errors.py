"""What points refuses; ledger's and programs' refusals pass through unchanged."""

from loyalty.foundation.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unprocessable


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


class BurnLimitRefused(Unprocessable):
    """The number of points to redeem is below the program's least, above its most, or not in its steps."""

    code = "burn.limit"
    title = "Not a number of points that can be redeemed"


class PurchaseRefused(Invalid):
    """A part of the purchase is no amount, or the parts do not fit the whole."""

    code = "points.purchase_refused"
    title = "The purchase does not add up"


class WalletUnknown(Unprocessable):
    """The program has no wallet of that code."""

    code = "wallet.unknown"
    title = "No such wallet"


class WalletNotRedeemable(Conflict):
    """Points of a status wallet count for tiers and are not spent."""

    code = "wallet.not_redeemable"
    title = "Points of this wallet are not redeemed"


class TransferNotAllowed(Conflict):
    """The program lets nobody transfer points, or not those of this wallet, or not of so young an account."""

    code = "transfer.not_allowed"
    title = "The program does not allow this transfer"


class TransferLimitRefused(Unprocessable):
    """The number of points is below the program's least or above its most for one transfer."""

    code = "transfer.limit"
    title = "Not a number of points that can be transferred"


class AdjustmentReasonUnknown(Unprocessable):
    """The reason code is not one of the program's."""

    code = "adjustment.reason_unknown"
    title = "No such reason code"


class ApprovalRequired(Forbidden):
    """So many points move only with the permission points.adjust_unlimited, or once someone else has approved."""

    code = "points.approval_required"
    title = "This needs an approval"


class LineUnknown(Unprocessable):
    """The purchase has no such line, or was stored without lines."""

    code = "reversal.line_unknown"
    title = "No such line of the purchase"


class LineExceeded(Conflict):
    """More of a line would be taken back than it has."""

    code = "reversal.line_exceeded"
    title = "More than the line"


class NothingToReverse(Unprocessable):
    """The lines earned nothing that could be taken back."""

    code = "reversal.nothing"
    title = "Nothing to take back"


class HoldTimeInvalid(Unprocessable):
    """A hold ends in the past or lasts too long."""

    code = "hold.time_invalid"
    title = "Not a time at which a hold can end"


class PoolNotFound(NotFound):
    """There is no such household."""

    code = "pool.not_found"
    title = "No such household"


class PoolClosed(Conflict):
    """The household is closed."""

    code = "pool.closed"
    title = "The household is closed"


class PoolMemberNotFound(NotFound):
    """The customer is not in the household."""

    code = "pool.member_not_found"
    title = "Not in the household"


class PoolMemberTaken(Conflict):
    """The customer is in a household of this program already."""

    code = "pool.member_taken"
    title = "In a household already"


class PoolRoleRefused(Forbidden):
    """The role of the customer in the household does not let them do this."""

    code = "pool.role_refused"
    title = "The role in the household does not allow this"


class HouseholdsDiffer(Conflict):
    """Two customers who are to be merged sit in two households of one program."""

    code = "pool.households_differ"
    title = "Two households of one program"


class PoolOwnerStays(Conflict):
    """A household has one owner, who leaves only by handing it over or closing it."""

    code = "pool.owner_stays"
    title = "A household has one owner"


class BulkChanged(Conflict):
    """What would be given now is more, or something else, than what was approved."""

    code = "points.bulk_changed"
    title = "This is not what was approved"


class ImportFileInvalid(Invalid):
    """The file is no CSV with the columns of an import."""

    code = "import.file_invalid"
    title = "The file cannot be read"


class ImportNotFound(NotFound):
    """There is no such import."""

    code = "import.not_found"
    title = "No such import"


class PeriodInvalid(Invalid):
    """The months asked for end before they begin, or are too many."""

    code = "period.invalid"
    title = "Not a period"


class ReferralRefused(Unprocessable):
    """The one who brings somebody in is the same customer, or no member of the program."""

    code = "points.referral_refused"
    title = "The referral does not count"
