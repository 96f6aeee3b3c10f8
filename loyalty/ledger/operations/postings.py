"""Earn, burn and reverse: one round trip each, and earn for hundreds of lines at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from loyalty.foundation.kernel.exact_json import dumps_exact
from loyalty.foundation.kernel.points import check_points_amount
from loyalty.ledger.contracts import BatchLine, BurnPosting, EarnPosting, Receipt, ReversePosting
from loyalty.ledger.errors import REFUSALS, BatchInvalid
from loyalty.ledger.operations.calls import as_text, call, cap_params, common_params
from loyalty.ledger.queries.rows import receipt_from

# Beyond a thousand lines a statement gains little and holds its locks for long.
BATCH_LINES_MAX = 1000

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
EARN_BATCH = "SELECT b.line, b.refusal, (b.receipt).* FROM ledger_earn_batch(%s::jsonb, %s) b ORDER BY b.line"


def earn(posting: EarnPosting, *, now: datetime) -> Receipt:
    """Add points as a new lot, as many as the caps leave; what they took is ``points_lost_to_caps``.

    :raises PointsAmountInvalid: not a whole number in range.
    :raises AccountNotFound: no such account.
    :raises AccountNotActive: the account is frozen or closed.
    :raises IdempotencyKeyReused: the key was used for another request.
    """
    check_points_amount(posting.points_amount)
    params = common_params(posting, "earn", _earn_identity(posting)) | {
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
    identity = {"account": posting.account_id, "points": posting.points_amount, "reason": posting.reason}
    params = common_params(posting, "burn", identity) | {
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


def earn_batch(postings: Sequence[EarnPosting], *, now: datetime) -> list[BatchLine]:
    """Earn for up to 1,000 postings in one statement, with the meaning of single earns in this order.

    A refused posting does not stop the others: its line tells the code. Caps are counted line by line.

    :raises BatchInvalid: more than 1,000 postings.
    :raises PointsAmountInvalid: an amount is not a whole number in range.
    """
    if len(postings) > BATCH_LINES_MAX:
        raise BatchInvalid(f"A batch has at most {BATCH_LINES_MAX} lines.")
    if not postings:
        return []
    lines = [_batch_line(number, posting) for number, posting in enumerate(postings, start=1)]
    rows = call(EARN_BATCH, [dumps_exact(lines).decode(), now])
    return [
        BatchLine(
            receipt=receipt_from(row) if row["transaction_id"] else None,
            refusal_code=REFUSALS[row["refusal"]].code if row["refusal"] else None,
        )
        for row in rows
    ]


def _earn_identity(posting: EarnPosting) -> dict[str, Any]:
    return {"account": posting.account_id, "points": posting.points_amount}


def _batch_line(number: int, posting: EarnPosting) -> dict[str, Any]:
    check_points_amount(posting.points_amount)
    common = common_params(posting, "earn", _earn_identity(posting))
    return {
        "line": number,
        "transaction_id": as_text(common["transaction"]),
        "account_id": as_text(posting.account_id),
        "points_amount": posting.points_amount,
        "idempotency_scope": posting.idempotency_scope,
        "idempotency_key": posting.idempotency_key,
        "request_hash": "\\x" + common["request_hash"].hex(),
        "occurred_at": posting.occurred_at.isoformat(),
        "expires_at": posting.expires_at.isoformat() if posting.expires_at else None,
        "cap_refs": [cap.cap_ref for cap in posting.caps],
        "cap_windows": [cap.window_start.isoformat() for cap in posting.caps],
        "cap_units_max": [cap.units_max for cap in posting.caps],
        "actor_ref": posting.actor_ref,
        "program_version_ref": posting.program_version_ref,
        "trace": posting.trace,
        "context": posting.context,
        "correlation_id": as_text(posting.correlation_id),
        "causation_id": as_text(posting.causation_id),
    }
