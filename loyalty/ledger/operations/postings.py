"""Earn, burn and reverse: one round trip each."""

from datetime import datetime
from typing import Any

from loyalty.foundation.kernel.points import PointsAmountInvalid, check_points_amount
from loyalty.ledger.contracts import BurnPosting, EarnPosting, Receipt, ReversePosting
from loyalty.ledger.operations.calls import call, cap_params, common_params
from loyalty.ledger.queries.rows import receipt_from

EARN = """
    SELECT * FROM ledger_earn(%(transaction)s, %(account)s, %(points)s, %(scope)s, %(key)s, %(request_hash)s,
        %(occurred_at)s, %(expires_at)s, %(cap_refs)s::text[], %(cap_windows)s::date[], %(cap_maxima)s::bigint[],
        %(actor_ref)s, %(version_ref)s, %(trace)s::jsonb, %(context)s::jsonb, %(correlation)s, %(causation)s, %(now)s,
        %(spendable_until)s, %(customer)s, %(is_pending)s, %(activates_at)s, %(part_codes)s::text[],
        %(part_points)s::bigint[], %(cap_per_point)s::bigint[], %(cap_parts)s::text[], %(cap_is_shared)s::boolean[],
        %(cap_is_refused)s::boolean[])
"""
BURN = """
    SELECT * FROM ledger_burn(%(transaction)s, %(account)s, %(points)s, %(scope)s, %(key)s, %(request_hash)s,
        %(occurred_at)s, %(actor_ref)s, %(version_ref)s, %(reason)s, %(trace)s::jsonb, %(context)s::jsonb,
        %(correlation)s, %(causation)s, %(now)s, %(consumption)s, %(customer)s)
"""
REVERSE = """
    SELECT * FROM ledger_reverse(%(transaction)s, %(reverses)s, %(points)s, %(policy)s, %(scope)s, %(key)s,
        %(request_hash)s, %(occurred_at)s, %(actor_ref)s, %(reason)s, %(trace)s::jsonb, %(context)s::jsonb,
        %(correlation)s, %(causation)s, %(now)s)
"""


def earn(posting: EarnPosting, *, now: datetime) -> Receipt:
    """Add points as a new lot, as many as the caps leave; what they took is ``points_lost_to_caps``.

    :raises PointsAmountInvalid: not a whole number in range.
    :raises AccountNotFound: no such account.
    :raises AccountNotActive: the account is frozen or closed.
    :raises IdempotencyKeyReused: the key was used for another request.
    """
    check_parts(posting)
    params = common_params(posting, "earn", earn_identity(posting)) | {
        "account": posting.account_id,
        "points": posting.points_amount,
        "expires_at": posting.expires_at,
        "spendable_until": posting.spendable_until,
        "is_pending": posting.is_pending,
        "activates_at": posting.activates_at,
        "part_codes": [part.code for part in posting.parts] or None,
        "part_points": [part.points_amount for part in posting.parts] or None,
        "version_ref": posting.program_version_ref,
        "now": now,
    }
    return receipt_from(call(EARN, params | cap_params(posting.caps))[0], posting.caps, posting.parts)


def burn(posting: BurnPosting, *, now: datetime) -> Receipt:
    """Take points from the account's lots, first to expire first.

    :raises PointsAmountInvalid: not a whole number in range.
    :raises InsufficientPoints: fewer points are available.
    :raises AccountNotFound: no such account.
    :raises AccountNotActive: the account is frozen or closed.
    :raises IdempotencyKeyReused: the key was used for another request.
    """
    check_points_amount(posting.points_amount)
    params = common_params(posting, "burn", burn_identity(posting)) | {
        "account": posting.account_id,
        "points": posting.points_amount,
        "consumption": posting.consumption.value,
        "version_ref": posting.program_version_ref,
        "reason": posting.reason,
        "now": now,
    }
    return receipt_from(call(BURN, params)[0])


def reverse(posting: ReversePosting, *, now: datetime) -> Receipt:
    """Undo an earn or a burn, wholly or in part.

    A reversed burn restores the same lots with their dates; a reversed earn takes from its own lot first, then as the
    policy says, and frees the room it used under caps in the window where it used it.

    :raises PointsAmountInvalid: not a whole number in range.
    :raises TransactionNotFound: no such transaction.
    :raises TransactionNotReversible: it is neither an earn nor a burn.
    :raises AlreadyReversed: nothing of it is left.
    :raises ReversalExceeds: more than is left of it.
    :raises InsufficientPoints: the points to take back have been spent.
    :raises AccountNotActive: the account is closed.
    :raises IdempotencyKeyReused: the key was used for another request.
    """
    if posting.points_amount is not None:
        check_points_amount(posting.points_amount)
    identity = {"reverses": posting.reverses, "points": posting.points_amount, "reason": posting.reason}
    params = common_params(posting, "reverse", identity) | {
        "reverses": posting.reverses,
        "points": posting.points_amount,
        "policy": posting.policy.value,
        "reason": posting.reason,
        "now": now,
    }
    return receipt_from(call(REVERSE, params)[0])


def earn_identity(posting: EarnPosting) -> dict[str, Any]:
    """Give what makes two earns the same request."""
    return {"account": posting.account_id, "points": posting.points_amount}


def burn_identity(posting: BurnPosting) -> dict[str, Any]:
    """Give what makes two burns the same request."""
    return {"account": posting.account_id, "points": posting.points_amount, "reason": posting.reason}


def check_parts(posting: EarnPosting) -> None:
    """Refuse an earn whose points are out of range or are not the sum of its parts.

    :raises PointsAmountInvalid: so it is.
    """
    check_points_amount(posting.points_amount)
    if not posting.parts:
        return
    if any(isinstance(part.points_amount, bool) or part.points_amount < 0 for part in posting.parts):
        raise PointsAmountInvalid("The parts of an earn are not negative.")
    if sum(part.points_amount for part in posting.parts) != posting.points_amount:
        raise PointsAmountInvalid("The parts of an earn sum to its points.")
