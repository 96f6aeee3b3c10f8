"""Pending points: confirmed or cancelled by hand, activated when their time comes."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.ledger import api as ledger
from loyalty.points.contracts import Movement, PendingRequest
from loyalty.points.operations.keys import find_earlier, other_postings, signed, wallet_key
from loyalty.points.operations.reversing import movement_of

# Some seconds of work; the beat rings again.
CHUNK_ROWS, CHUNKS_PER_CALL = 1000, 20
EndOne = Callable[[PendingRequest, Actor, datetime], ledger.Receipt]


@transaction.atomic
def confirm(*, request: PendingRequest, actor: Actor, now: datetime) -> Movement:
    """Post a pending earn: from now on the points can be spent, those of the same purchase in other wallets too.

    :raises IdempotencyKeyReused: the key was used for another request.
    :raises TransactionNotFound, PendingNotPending: there is no such pending earn, or it is over.
    :raises AccountNotActive: the account takes no points.
    """
    earlier = find_earlier(request.key)
    if earlier is not None:
        return movement_of(earlier)
    maybe_fail("confirm.looked_up")
    posted = _confirm_one(request, actor, now)
    _end_others(request, _confirm_one, actor, now)
    return movement_of(posted)


def _confirm_one(request: PendingRequest, actor: Actor, now: datetime) -> ledger.Receipt:
    posting = ledger.ConfirmPosting(
        **signed(request.key, actor, now), confirms=request.transaction_id, reason=request.reason
    )
    posted = ledger.confirm(posting, now=now)
    maybe_fail("confirm.posted")
    if not posted.is_replay:
        _audit(posted, "CONFIRMED", request, actor, now)
        maybe_fail("confirm.audited")
    return posted


@transaction.atomic
def cancel(*, request: PendingRequest, actor: Actor, now: datetime) -> Movement:
    """Drop a pending earn, and those of the same purchase in other wallets; the caps have room again.

    :raises IdempotencyKeyReused: the key was used for another request.
    :raises TransactionNotFound, PendingNotPending: there is no such pending earn, or it is over.
    """
    earlier = find_earlier(request.key)
    if earlier is not None:
        return movement_of(earlier)
    posted = _cancel_one(request, actor, now)
    _end_others(request, _cancel_one, actor, now)
    return movement_of(posted)


def _cancel_one(request: PendingRequest, actor: Actor, now: datetime) -> ledger.Receipt:
    posting = ledger.CancelPosting(
        **signed(request.key, actor, now), cancels=request.transaction_id, reason=request.reason
    )
    posted = ledger.cancel(posting, now=now)
    if not posted.is_replay:
        _audit(posted, "CANCELLED", request, actor, now)
    return posted


def _end_others(request: PendingRequest, end: EndOne, actor: Actor, now: datetime) -> None:
    """End what the same purchase brought to other wallets, as far as it still waits."""
    for wallet, other in other_postings(ledger.get_transaction(request.transaction_id)).items():
        if not other.is_pending:
            continue
        with suppress(ledger.PendingNotPending), transaction.atomic():
            end(
                replace(request, transaction_id=other.transaction_id, key=wallet_key(request.key, wallet)),
                actor,
                now,
            )


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
