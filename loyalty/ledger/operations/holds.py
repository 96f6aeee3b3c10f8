"""Holds: points set aside in their lots, then captured (burned) or released."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from loyalty.foundation.kernel.points import check_points_amount
from loyalty.ledger.contracts import (
    BatchLine,
    CapturePosting,
    HoldLine,
    HoldPosting,
    HoldReceipt,
    Receipt,
    ReleasePosting,
)
from loyalty.ledger.contracts.proofs import ReleaseChunk
from loyalty.ledger.operations.calls import as_text, call, common_params
from loyalty.ledger.operations.lines import batch_lines, call_lines, check_lines, line_of
from loyalty.ledger.queries.rows import hold_receipt_from, receipt_from

# A chunk of a thousand holds keeps its locks for some tens of milliseconds.
CHUNK_HOLDS = 1000

HOLD = """
    SELECT * FROM ledger_put_hold(%(transaction)s, %(account)s, %(points)s, %(expires_at)s, %(scope)s, %(key)s,
        %(request_hash)s, %(occurred_at)s, %(actor_ref)s, %(customer)s, %(reason)s, %(context)s::jsonb, %(correlation)s,
        %(causation)s, %(now)s)
"""
CAPTURE = """
    SELECT * FROM ledger_capture(%(transaction)s, %(hold)s, %(points)s, %(scope)s, %(key)s, %(request_hash)s,
        %(occurred_at)s, %(actor_ref)s, %(version_ref)s, %(reason)s, %(trace)s::jsonb, %(context)s::jsonb,
        %(correlation)s, %(causation)s, %(now)s)
"""
RELEASE = """
    SELECT * FROM ledger_release(%(hold)s, %(transaction)s, %(scope)s, %(key)s, %(request_hash)s, %(occurred_at)s,
        %(reason)s, %(correlation)s, %(causation)s, %(now)s)
"""
HOLD_BATCH = "SELECT b.line, b.refusal, (b.hold_receipt).* FROM ledger_hold_batch(%s::jsonb, %s) b ORDER BY b.line"
CAPTURE_BATCH = "SELECT b.line, b.refusal, (b.receipt).* FROM ledger_hold_batch(%s::jsonb, %s) b ORDER BY b.line"
RELEASE_DUE = "SELECT holds_released, points_released, accounts_touched FROM ledger_release_due(%s, %s)"


def hold(posting: HoldPosting, *, now: datetime) -> HoldReceipt:
    """Set points aside until ``expires_at``, in the lots that would be burned first; held points do not expire.

    :raises PointsAmountInvalid: not a whole number in range.
    :raises InsufficientPoints: fewer points are available.
    :raises AccountNotFound: no such account.
    :raises AccountNotActive: the account is frozen or closed.
    :raises IdempotencyKeyReused: the key was used for another request.
    """
    params = _hold_params(posting, now) | {
        "account": posting.account_id,
        "points": posting.points_amount,
        "expires_at": posting.expires_at,
        "reason": posting.reason,
        "now": now,
    }
    return hold_receipt_from(call(HOLD, params)[0])


def capture(posting: CapturePosting, *, now: datetime) -> Receipt:
    """Burn held points, all or fewer, from the lots that the hold reserved; what is not captured is set free.

    :raises PointsAmountInvalid: not a whole number in range.
    :raises InsufficientPoints: more points than the hold has.
    :raises HoldNotFound: no such hold.
    :raises HoldNotActive: it was captured, released or its time is over.
    :raises AccountNotActive: the account is frozen or closed.
    :raises IdempotencyKeyReused: the key was used for another request.
    """
    params = _capture_params(posting, now) | {
        "hold": posting.hold_id,
        "points": posting.points_amount,
        "version_ref": posting.program_version_ref,
        "reason": posting.reason,
        "now": now,
    }
    return receipt_from(call(CAPTURE, params)[0])


def release(posting: ReleasePosting, *, now: datetime) -> HoldReceipt:
    """End a hold without burning anything.

    :raises HoldNotFound: no such hold.
    :raises HoldNotActive: it was captured, released or has expired.
    :raises IdempotencyKeyReused: the key was used for another request.
    """
    params = _release_params(posting, now) | {"hold": posting.hold_id, "reason": posting.reason, "now": now}
    return hold_receipt_from(call(RELEASE, params)[0])


def hold_batch(postings: Sequence[HoldPosting], *, now: datetime) -> list[HoldLine]:
    """Hold for many postings in one statement, with the meaning of single holds in this order.

    :raises BatchInvalid: more than 5,000 postings.
    :raises PointsAmountInvalid: an amount is not a whole number in range.
    """
    check_lines(postings)
    lines = [
        line_of(
            number,
            posting,
            _hold_params(posting, now),
            act="hold",
            account_id=as_text(posting.account_id),
            points_amount=posting.points_amount,
            expires_at=posting.expires_at.isoformat(),
            reason=posting.reason,
        )
        for number, posting in enumerate(postings, start=1)
    ]
    return _hold_lines(lines, now)


def capture_batch(postings: Sequence[CapturePosting], *, now: datetime) -> list[BatchLine]:
    """Capture many holds in one statement, with the meaning of single captures in this order.

    :raises BatchInvalid: more than 5,000 postings.
    :raises PointsAmountInvalid: an amount is not a whole number in range.
    """
    check_lines(postings)
    lines = [
        line_of(
            number,
            posting,
            _capture_params(posting, now),
            act="capture",
            hold_id=as_text(posting.hold_id),
            points_amount=posting.points_amount,
            program_version_ref=posting.program_version_ref,
            reason=posting.reason,
        )
        for number, posting in enumerate(postings, start=1)
    ]
    return batch_lines(CAPTURE_BATCH, lines, now=now)


def release_batch(postings: Sequence[ReleasePosting], *, now: datetime) -> list[HoldLine]:
    """Release many holds in one statement, with the meaning of single releases in this order.

    :raises BatchInvalid: more than 5,000 postings.
    """
    check_lines(postings)
    lines = [
        line_of(
            number,
            posting,
            _release_params(posting, now),
            act="release",
            hold_id=as_text(posting.hold_id),
            reason=posting.reason,
        )
        for number, posting in enumerate(postings, start=1)
    ]
    return _hold_lines(lines, now)


def release_due_holds(*, now: datetime, limit: int = CHUNK_HOLDS) -> ReleaseChunk:
    """End up to ``limit`` holds whose time is over, in one transaction; call again until ``holds_released`` is 0."""
    return ReleaseChunk(**call(RELEASE_DUE, [now, limit])[0])


def _hold_lines(lines: Sequence[dict[str, Any]], now: datetime) -> list[HoldLine]:
    answers = call_lines(HOLD_BATCH, lines, now=now, read=hold_receipt_from, key="hold_id")
    return [HoldLine(receipt=receipt, **refusal) for receipt, refusal in answers]


def _hold_params(posting: HoldPosting, now: datetime) -> dict[str, Any]:
    check_points_amount(posting.points_amount)
    identity = {"account": posting.account_id, "points": posting.points_amount, "reason": posting.reason}
    return common_params(posting, "hold", identity, now)


def _capture_params(posting: CapturePosting, now: datetime) -> dict[str, Any]:
    if posting.points_amount is not None:
        check_points_amount(posting.points_amount)
    return common_params(posting, "capture", {"hold": posting.hold_id, "points": posting.points_amount}, now)


def _release_params(posting: ReleasePosting, now: datetime) -> dict[str, Any]:
    return common_params(posting, "release", {"hold": posting.hold_id}, now)
