"""Adjustments by hand or by a correction: points added as a new lot or taken, always for a coded reason."""

from datetime import datetime
from typing import Any

from loyalty.foundation.kernel.points import check_points_amount
from loyalty.ledger.contracts import AdjustPosting, Receipt
from loyalty.ledger.errors import AdjustmentReasonMissing, PointsAmountInvalid
from loyalty.ledger.operations.calls import call, common_params
from loyalty.ledger.queries.rows import receipt_from

ADJUST = """
    SELECT * FROM ledger_adjust(%(transaction)s, %(account)s, %(change)s, %(reason_code)s, %(expires_at)s,
        %(spendable_until)s, %(scope)s, %(key)s, %(request_hash)s, %(occurred_at)s, %(actor_ref)s, %(version_ref)s,
        %(reason)s, %(trace)s::jsonb, %(context)s::jsonb, %(correlation)s, %(causation)s, %(now)s, %(customer)s)
"""


def adjust(posting: AdjustPosting, *, now: datetime) -> Receipt:
    """Add points as a new lot, or take them from the lots that expire first, within what is available.

    :raises PointsAmountInvalid: not a whole number in range, or zero.
    :raises AdjustmentReasonMissing: no reason code.
    :raises InsufficientPoints: fewer points are available than are to be taken.
    :raises AccountNotFound: no such account.
    :raises AccountNotActive: the account is closed, or frozen and points are to be taken.
    :raises IdempotencyKeyReused: the key was used for another request.
    """
    check_adjustment(posting)
    params = common_params(posting, "adjust", adjust_identity(posting), now) | {
        "account": posting.account_id,
        "change": posting.points_change,
        "reason_code": posting.reason_code,
        "expires_at": posting.expires_at,
        "spendable_until": posting.spendable_until,
        "version_ref": posting.program_version_ref,
        "reason": posting.reason,
        "now": now,
    }
    return receipt_from(call(ADJUST, params)[0])


def check_adjustment(posting: AdjustPosting) -> None:
    """Refuse an adjustment of no or too many points, or without a reason code.

    :raises PointsAmountInvalid: not a whole number in range, or zero.
    :raises AdjustmentReasonMissing: no reason code.
    """
    if isinstance(posting.points_change, bool) or not isinstance(posting.points_change, int):
        raise PointsAmountInvalid("Points are a whole number.")
    check_points_amount(abs(posting.points_change))
    if not posting.reason_code:
        raise AdjustmentReasonMissing("An adjustment needs a reason code.")


def adjust_identity(posting: AdjustPosting) -> dict[str, Any]:
    """Give what makes two adjustments the same request."""
    return {
        "account": posting.account_id,
        "change": posting.points_change,
        "reason_code": posting.reason_code,
        "reason": posting.reason,
    }
