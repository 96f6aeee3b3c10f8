"""Earn and burn: one round trip each."""

from datetime import datetime
from typing import Any

from loyalty.foundation.kernel.points import PointsAmountInvalid, check_points_amount
from loyalty.foundation.orm import sql
from loyalty.ledger.contracts import BurnPosting, EarnPosting, Receipt
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


def earn(posting: EarnPosting, *, now: datetime, following: sql.Following | None = None) -> Receipt:
    """Add points as a new lot, as many as the caps leave; what they took is ``points_lost_to_caps``.

    ``following`` is written in the same statement, and so in the same transaction even where none is open.

    :raises PointsAmountInvalid: not a whole number in range.
    :raises AccountNotFound: no such account.
    :raises AccountNotActive: the account is frozen or closed.
    :raises IdempotencyKeyReused: the key was used for another request.
    """
    check_parts(posting)
    params = common_params(posting, "earn", earn_identity(posting), now) | {
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
    params |= cap_params(posting.caps)
    statement = EARN
    if following is not None:
        statement, params = following.after(EARN), params | dict(following.params)
    return receipt_from(call(statement, params)[0], posting.caps, posting.parts)


def burn(posting: BurnPosting, *, now: datetime) -> Receipt:
    """Take points from the account's lots, first to expire first.

    :raises PointsAmountInvalid: not a whole number in range.
    :raises InsufficientPoints: fewer points are available.
    :raises AccountNotFound: no such account.
    :raises AccountNotActive: the account is frozen or closed.
    :raises IdempotencyKeyReused: the key was used for another request.
    """
    check_points_amount(posting.points_amount)
    params = common_params(posting, "burn", burn_identity(posting), now) | {
        "account": posting.account_id,
        "points": posting.points_amount,
        "consumption": posting.consumption.value,
        "version_ref": posting.program_version_ref,
        "reason": posting.reason,
        "now": now,
    }
    return receipt_from(call(BURN, params)[0])


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
