"""Pending earns: confirmed, cancelled, or activated when their day has come."""

from datetime import datetime

from loyalty.foundation.kernel.points import check_points_amount
from loyalty.ledger.contracts import ActivationChunk, CancelPosting, ConfirmPosting, Receipt
from loyalty.ledger.operations.calls import call, common_params
from loyalty.ledger.queries.rows import receipt_from

# A chunk of a thousand earns holds its locks for some tens of milliseconds.
CHUNK_EARNS = 1000
CONFIRM = """
    SELECT * FROM ledger_confirm(%(transaction)s, %(confirms)s, %(scope)s, %(key)s, %(request_hash)s, %(occurred_at)s,
        %(expires_at)s, %(spendable_until)s, %(actor_ref)s, %(reason)s, %(trace)s::jsonb, %(context)s::jsonb,
        %(correlation)s, %(causation)s, %(now)s)
"""
CANCEL = """
    SELECT * FROM ledger_cancel(%(transaction)s, %(cancels)s, %(points)s, %(scope)s, %(key)s, %(request_hash)s,
        %(occurred_at)s, %(actor_ref)s, %(reason)s, %(trace)s::jsonb, %(context)s::jsonb, %(correlation)s,
        %(causation)s, %(now)s)
"""
ACTIVATE = "SELECT earns_activated, points_activated, accounts_touched FROM ledger_activate_due(%s, %s)"


def confirm(posting: ConfirmPosting, *, now: datetime) -> Receipt:
    """Post what is left of a pending earn, as an earn that names it; its caps were counted when it became pending.

    :raises TransactionNotFound: no such transaction.
    :raises PendingNotPending: it is not a pending earn, or not any more.
    :raises AccountNotActive: the account is frozen or closed.
    :raises IdempotencyKeyReused: the key was used for another request.
    """
    identity = {"confirms": posting.confirms, "reason": posting.reason}
    params = common_params(posting, "confirm", identity, now) | {
        "confirms": posting.confirms,
        "expires_at": posting.expires_at,
        "spendable_until": posting.spendable_until,
        "reason": posting.reason,
        "now": now,
    }
    return receipt_from(call(CONFIRM, params)[0])


def cancel(posting: CancelPosting, *, now: datetime) -> Receipt:
    """Cancel a pending earn, wholly or in part, and free its room under caps in the windows where it was used.

    :raises PointsAmountInvalid: not a whole number in range.
    :raises TransactionNotFound: no such transaction.
    :raises PendingNotPending: it is not a pending earn, or not any more.
    :raises ReversalExceeds: more points than are left of it.
    :raises AccountNotActive: the account is closed.
    :raises IdempotencyKeyReused: the key was used for another request.
    """
    if posting.points_amount is not None:
        check_points_amount(posting.points_amount)
    identity = {"cancels": posting.cancels, "points": posting.points_amount, "reason": posting.reason}
    params = common_params(posting, "cancel", identity, now) | {
        "cancels": posting.cancels,
        "points": posting.points_amount,
        "reason": posting.reason,
        "now": now,
    }
    return receipt_from(call(CANCEL, params)[0])


def activate_due(*, now: datetime, limit: int = CHUNK_EARNS) -> ActivationChunk:
    """Post up to ``limit`` pending earns whose day has come, in one transaction; call again until it did none."""
    return ActivationChunk(**call(ACTIVATE, [now, limit])[0])
