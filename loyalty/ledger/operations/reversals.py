"""Reversal of any transaction, wholly or in part, one or many at once."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from loyalty.foundation.kernel.points import check_points_amount
from loyalty.ledger.contracts import BatchLine, Receipt, ReversePosting
from loyalty.ledger.operations.calls import as_text, call, common_params
from loyalty.ledger.operations.lines import batch_lines, check_lines, line_of
from loyalty.ledger.queries.rows import receipt_from

REVERSE = """
    SELECT * FROM ledger_reverse(%(transaction)s, %(reverses)s, %(points)s, %(policy)s, %(expires_at)s,
        %(spendable_until)s, %(scope)s, %(key)s, %(request_hash)s, %(occurred_at)s, %(actor_ref)s, %(reason)s,
        %(trace)s::jsonb, %(context)s::jsonb, %(correlation)s, %(causation)s, %(now)s)
"""
REVERSE_BATCH = "SELECT b.line, b.refusal, (b.receipt).* FROM ledger_reverse_batch(%s::jsonb, %s) b ORDER BY b.line"


def reverse(posting: ReversePosting, *, now: datetime) -> Receipt:
    """Undo a transaction, wholly or in part.

    A burn or a negative adjustment gives the same lots back with their dates. An earn or a positive adjustment is taken
    back: from its own lot first, then as the policy says, and frees the room it used under caps in the window where it
    used it. A transfer does both, and its fee comes back in proportion. An expiry is reinstated as a new lot with the
    posting's ``expires_at``. A pending earn is cancelled. ``points_amount`` None asks for what is left. The policy
    may let less be taken than is asked for; what it lacks is ``points_unrecovered`` and stays reversible.

    :raises PointsAmountInvalid: not a whole number in range.
    :raises TransactionNotFound: no such transaction.
    :raises TransactionNotReversible: it is a reversal or a merge.
    :raises AlreadyReversed: nothing of it is left.
    :raises ReversalExceeds: more than is left of it.
    :raises InsufficientPoints: all of the points to take back have been spent.
    :raises ClawbackRefused: the policy takes back pending points only.
    :raises AccountNotActive: the account is closed.
    :raises IdempotencyKeyReused: the key was used for another request.
    """
    params = _params(posting, now) | {
        "reverses": posting.reverses,
        "points": posting.points_amount,
        "policy": posting.policy.value,
        "expires_at": posting.expires_at,
        "spendable_until": posting.spendable_until,
        "reason": posting.reason,
        "now": now,
    }
    return receipt_from(call(REVERSE, params)[0])


def reverse_batch(postings: Sequence[ReversePosting], *, now: datetime) -> list[BatchLine]:
    """Reverse many transactions in one statement, with the meaning of single reversals in this order.

    :raises BatchInvalid: more than 5,000 postings.
    :raises PointsAmountInvalid: an amount is not a whole number in range.
    """
    check_lines(postings)
    lines = [
        line_of(
            number,
            posting,
            _params(posting, now),
            reverses=as_text(posting.reverses),
            points_amount=posting.points_amount,
            policy=posting.policy.value,
            expires_at=posting.expires_at.isoformat() if posting.expires_at else None,
            spendable_until=posting.spendable_until.isoformat() if posting.spendable_until else None,
            reason=posting.reason,
        )
        for number, posting in enumerate(postings, start=1)
    ]
    return batch_lines(REVERSE_BATCH, lines, now=now)


def reinstate(posting: ReversePosting, *, expires_at: datetime | None, now: datetime) -> Receipt:
    """Give expired points back as a new lot that expires at ``expires_at`` (None: never); a reversal of the expiry."""
    return reverse(dataclasses.replace(posting, expires_at=expires_at), now=now)


def _params(posting: ReversePosting, now: datetime) -> dict[str, Any]:
    if posting.points_amount is not None:
        check_points_amount(posting.points_amount)
    identity = {"reverses": posting.reverses, "points": posting.points_amount, "reason": posting.reason}
    return common_params(posting, "reverse", identity, now)
