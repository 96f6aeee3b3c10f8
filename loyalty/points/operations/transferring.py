"""Giving points to another member or household of the same program."""

import uuid
from datetime import datetime

from django.db import transaction

from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.ledger import api as ledger
from loyalty.points import policy, queries
from loyalty.points.contracts import MemberFacts, Movement, PoolSeat, TransferRequest
from loyalty.points.operations.keys import cap_lines, find_earlier, signed
from loyalty.points.operations.pools import count_spending, seat_of
from loyalty.points.policy import moving
from loyalty.programs import api as programs


@transaction.atomic
def transfer(*, request: TransferRequest, actor: Actor, now: datetime) -> Movement:
    """Move points between two accounts of one program and wallet; the points keep the dates on which they expire.

    The program says whether, how many at once, a day and a month, and for what fee; members of one household give to it
    and take from it without a fee.

    :raises IdempotencyKeyReused: the key was used for another request.
    :raises AccountNotFound, AccountNotActive: one of the accounts does not exist or takes nothing.
    :raises TransferToSelf, OtherProgram: the accounts do not belong together.
    :raises TransferNotAllowed, TransferLimitRefused, CapReached, ProgramNotActive: the program forbids it.
    :raises PoolMemberNotFound, PoolRoleRefused: the household does not let the customer spend.
    :raises InsufficientPoints: fewer points are available.
    """
    earlier = find_earlier(request.key)
    if earlier is not None:
        return transfer_movement(earlier)
    maybe_fail("transfer.looked_up")
    sender, taker = _account(request.from_account_id), _account(request.to_account_id)
    plan = programs.get_plan(sender.program_id, at=now)
    seat = _seat(sender, request)
    posting = transfer_posting(request, sender, taker, seat, plan, actor, now)
    maybe_fail("transfer.decided")
    posted = ledger.transfer(posting, now=now)
    maybe_fail("transfer.posted")
    if not posted.is_replay:
        if seat is not None:
            count_spending(seat, request.points, programs.business_date(plan.timezone, now))
        _audit(posted, posting.fee_points, request.reason, actor, now)
        maybe_fail("transfer.audited")
    return transfer_movement(posted)


def transfer_posting(
    request: TransferRequest,
    sender: MemberFacts,
    taker: MemberFacts,
    seat: PoolSeat | None,
    plan: programs.ProgramPlan,
    actor: Actor,
    now: datetime,
) -> ledger.TransferPosting:
    """Decide a transfer: whether, and for what fee; none between a household and who is in it.

    :raises ProgramNotActive, TransferNotAllowed, TransferLimitRefused: the program forbids it.
    """
    policy.check_open(plan, now)
    if seat is not None or taker.kind == "pool" and queries.find_seat(taker.account_id, sender.customer_id) is not None:
        verdict = moving.TransferVerdict(0, ())
    else:
        today = programs.business_date(plan.timezone, now)
        verdict = moving.decide_transfer(plan, sender, request.points, today, now)
    return ledger.TransferPosting(
        **signed(request.key, actor, now),
        account_id=sender.account_id,
        to_account_id=taker.account_id,
        points_amount=request.points,
        fee_points=verdict.points_fee,
        caps=cap_lines(verdict.limits),
        program_version_ref=str(plan.version_id),
        customer_ref=seat.customer_id if seat else None,
        reason=request.reason,
        context={"points_fee": verdict.points_fee},
    )


def _account(account_id: uuid.UUID) -> MemberFacts:
    found = queries.find_member(account_id=account_id)
    if found is None:
        raise ledger.AccountNotFound("There is no such account.", account_id=str(account_id))
    return queries.follow_merge(found)


def _seat(sender: MemberFacts, request: TransferRequest) -> PoolSeat | None:
    if sender.kind != "pool":
        return None
    seat = seat_of(account_id=sender.account_id, ref=request.customer)
    moving.check_may_spend(seat)
    return seat


def transfer_movement(posted: ledger.Receipt) -> Movement:
    """Give the answer to a transfer from the ledger's receipt alone, so that a replay is the same to the letter."""
    other = posted.counterpart
    return Movement(
        transaction_id=posted.transaction_id,
        account_id=posted.account_id,
        points_amount=posted.points_amount,
        points_balance=posted.points_balance,
        points_fee=int((posted.context or {}).get("points_fee", 0)),
        to_account_id=other.account_id if other else None,
        to_points_balance=other.points_balance if other else None,
        is_replay=posted.is_replay,
    )


def _audit(posted: ledger.Receipt, points_fee: int, reason: str, actor: Actor, now: datetime) -> None:
    audit.record(
        actor=actor,
        act="points.transfer",
        subject_kind="account",
        subject_ref=str(posted.account_id),
        at=now,
        after={
            "transaction_id": str(posted.transaction_id),
            "to_account_id": str(posted.counterpart.account_id) if posted.counterpart else None,
            "points_amount": posted.points_amount,
            "points_fee": points_fee,
            "points_balance": posted.points_balance,
        },
        reason=reason,
    )
