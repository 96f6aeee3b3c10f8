"""Pending points: confirmed or cancelled by hand, activated when their time comes."""

from datetime import datetime

from django.db import transaction

from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.ledger import api as ledger
from loyalty.points.contracts import Movement, PendingRequest
from loyalty.points.operations.keys import find_earlier, signed
from loyalty.points.operations.reversing import movement_of

# Some seconds of work; the beat rings again.
CHUNK_ROWS, CHUNKS_PER_CALL = 1000, 20


@transaction.atomic
def confirm(*, request: PendingRequest, actor: Actor, now: datetime) -> Movement:
    """Post a pending earn: from now on the points can be spent.

    :raises IdempotencyKeyReused: the key was used for another request.
    :raises TransactionNotFound, PendingNotPending: there is no such pending earn, or it is over.
    :raises AccountNotActive: the account takes no points.
    """
    earlier = find_earlier(request.key)
    if earlier is not None:
        return movement_of(earlier)
    maybe_fail("confirm.looked_up")
    posting = ledger.ConfirmPosting(
        **signed(request.key, actor, now), confirms=request.transaction_id, reason=request.reason
    )
    posted = ledger.confirm(posting, now=now)
    maybe_fail("confirm.posted")
    if not posted.is_replay:
        _audit(posted, "CONFIRMED", request, actor, now)
        maybe_fail("confirm.audited")
    return movement_of(posted)


@transaction.atomic
def cancel(*, request: PendingRequest, actor: Actor, now: datetime) -> Movement:
    """Drop a pending earn; the caps have room again.

    :raises IdempotencyKeyReused: the key was used for another request.
    :raises TransactionNotFound, PendingNotPending: there is no such pending earn, or it is over.
    """
    earlier = find_earlier(request.key)
    if earlier is not None:
        return movement_of(earlier)
    posting = ledger.CancelPosting(
        **signed(request.key, actor, now), cancels=request.transaction_id, reason=request.reason
    )
    posted = ledger.cancel(posting, now=now)
    if not posted.is_replay:
        _audit(posted, "CANCELLED", request, actor, now)
    return movement_of(posted)


def activate_due(*, now: datetime) -> int:
    """Confirm what is due, chunk by chunk; give how many. The ledger tells each as a fact."""
    activated = 0
    for _ in range(CHUNKS_PER_CALL):
        chunk = ledger.activate_due(now=now, limit=CHUNK_ROWS)
        activated += chunk.earns_activated
        if chunk.earns_activated == 0:
            break
    return activated


def _audit(posted: ledger.Receipt, state: str, request: PendingRequest, actor: Actor, now: datetime) -> None:
    audit.record(
        actor=actor,
        act="points.confirm",
        subject_kind="account",
        subject_ref=str(posted.account_id),
        at=now,
        after={
            "pending": str(request.transaction_id),
            "state": state,
            "transaction_id": str(posted.transaction_id),
            "points_amount": posted.points_amount,
            "points_balance": posted.points_balance,
        },
        reason=request.reason,
    )
