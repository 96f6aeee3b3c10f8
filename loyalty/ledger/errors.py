"""Refused postings, each with a stable code and the SQLSTATE by which the database functions raise it."""

from loyalty.foundation.kernel.errors import Conflict, Invalid, NotFound, Refusal, Unprocessable
from loyalty.foundation.kernel.points import PointsAmountInvalid

__all__ = [
    "REFUSALS",
    "AccountNotActive",
    "AccountNotEmpty",
    "AccountNotFound",
    "AdjustmentReasonMissing",
    "AlreadyReversed",
    "BatchInvalid",
    "CapReached",
    "ClawbackRefused",
    "HoldNotActive",
    "HoldNotFound",
    "IdempotencyKeyReused",
    "InsufficientPoints",
    "OtherProgram",
    "PendingNotPending",
    "PointsAmountInvalid",
    "ReversalExceeds",
    "TransactionNotFound",
    "TransactionNotReversible",
    "TransferToSelf",
]


class InsufficientPoints(Conflict):
    """Fewer points are available than are asked for; facts: points_requested, points_available."""

    code = "points.insufficient"
    title = "Not enough points"


class AccountNotFound(NotFound):
    """No account has this id."""

    code = "account.not_found"
    title = "No such account"


class AccountNotActive(Conflict):
    """The account is frozen or closed; fact: status."""

    code = "account.not_active"
    title = "The account is not active"


class AccountNotEmpty(Conflict):
    """An account with points cannot be closed; fact: points_posted."""

    code = "account.not_empty"
    title = "The account still holds points"


class IdempotencyKeyReused(Unprocessable):
    """The key was used before for another request."""

    code = "idempotency.key_reused"
    title = "The idempotency key was used for another request"


class TransactionNotFound(NotFound):
    """No transaction has this id."""

    code = "transaction.not_found"
    title = "No such transaction"


class AlreadyReversed(Conflict):
    """Nothing of the transaction is left to reverse."""

    code = "transaction.already_reversed"
    title = "Already reversed"


class ReversalExceeds(Conflict):
    """More points than are left of the transaction; facts: points_requested, points_reversible."""

    code = "transaction.reversal_exceeds"
    title = "The reversal exceeds the transaction"


class TransactionNotReversible(Conflict):
    """This kind of transaction is not reversed; fact: kind."""

    code = "transaction.not_reversible"
    title = "This kind of transaction cannot be reversed"


class CapReached(Conflict):
    """A cap leaves too little room; facts: cap_ref, window_start, units_max, units_used, points_room."""

    code = "points.cap_reached"
    title = "The cap is reached"


class ClawbackRefused(Conflict):
    """The policy takes back pending points only, and these are posted."""

    code = "transaction.clawback_refused"
    title = "Posted points are not taken back"


class HoldNotFound(NotFound):
    """No hold has this id."""

    code = "hold.not_found"
    title = "No such hold"


class HoldNotActive(Conflict):
    """The hold was captured, released or has expired; fact: state."""

    code = "hold.not_active"
    title = "The hold is not active"


class TransferToSelf(Invalid):
    """The sender and the recipient are one account."""

    code = "points.transfer_to_self"
    title = "A transfer needs two accounts"


class OtherProgram(Conflict):
    """Points do not move between programs or wallets."""

    code = "account.other_program"
    title = "The accounts are of different programs"


class PendingNotPending(Conflict):
    """The transaction is not a pending earn, or not pending any more; fact: state."""

    code = "pending.not_pending"
    title = "The earn is not pending"


class AdjustmentReasonMissing(Invalid):
    """An adjustment without a reason code."""

    code = "adjustment.reason_missing"
    title = "An adjustment needs a reason code"


class BatchInvalid(Invalid):
    """A batch is longer than allowed."""

    code = "points.batch_invalid"
    title = "Not a batch"


# By the SQLSTATE that the SQL functions raise.
REFUSALS: dict[str, type[Refusal]] = {
    "KL001": InsufficientPoints,
    "KL002": AccountNotFound,
    "KL003": AccountNotActive,
    "KL004": IdempotencyKeyReused,
    "KL005": PointsAmountInvalid,
    "KL006": TransactionNotFound,
    "KL007": AlreadyReversed,
    "KL008": ReversalExceeds,
    "KL009": TransactionNotReversible,
    "KL010": AccountNotEmpty,
    "KL011": CapReached,
    "KL012": ClawbackRefused,
    "KL013": HoldNotFound,
    "KL014": HoldNotActive,
    "KL015": TransferToSelf,
    "KL016": OtherProgram,
    "KL017": PendingNotPending,
    "KL018": AdjustmentReasonMissing,
}
