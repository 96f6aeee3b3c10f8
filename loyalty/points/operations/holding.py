"""Holding points for a purchase that is not final: set aside, captured, released, or out of time."""

import uuid
from datetime import datetime

from django.db import transaction

from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.ledger import api as ledger
from loyalty.points import policy
from loyalty.points.contracts import BurnReceipt, EndHoldRequest, HoldRequest, MemberFacts
from loyalty.points.operations.keys import find_earlier, signed
from loyalty.points.operations.members import resolve_member
from loyalty.points.operations.pools import seat_of
from loyalty.points.operations.spending import burn_receipt
from loyalty.points.policy import moving
from loyalty.points.queries import find_member, read_overdue
from loyalty.programs import api as programs
from loyalty.programs.contracts import WALLET_MAIN

# Some seconds of work; the beat rings again.
CHUNK_HOLDS, CHUNKS_PER_CALL = 1000, 20


@transaction.atomic
def hold(*, request: HoldRequest, actor: Actor, now: datetime) -> ledger.HoldReceipt:
    """Set points aside; they can neither be spent otherwise nor expire until the hold ends.

    :raises IdempotencyKeyReused: the key was used for another request.
    :raises MemberNotNamed, MemberUnknown, NotAMember, AccountNotFound: nobody is meant.
    :raises ProgramNotActive, AccountNotActive, HoldTimeInvalid, BurnLimitRefused: nothing is held now, or not so.
    :raises PoolMemberNotFound, PoolRoleRefused: the household does not let the customer spend.
    :raises WalletNotRedeemable: the points of this wallet count for tiers only.
    :raises InsufficientPoints: fewer points are available.
    """
    earlier = ledger.find_hold_receipt(
        idempotency_scope=request.key.scope,
        idempotency_key=request.key.key,
        request_hash=request.key.request_hash,
    )
    if earlier is not None:
        return earlier
    maybe_fail("hold.looked_up")
    moving.check_hold_until(request.expires_at, now)
    customer_id, wallet = None, WALLET_MAIN
    if request.pool_id is not None:
        seat = seat_of(pool_id=request.pool_id, ref=request.member)
        moving.check_may_spend(seat)
        # A hold counts against no day, so somebody with a daily limit could hold beyond it.
        moving.check_unlimited(seat)
        account_id, program_id, customer_id = seat.account_id, seat.program_id, seat.customer_id
    else:
        member = resolve_member(request.member, may_enroll=False, actor=actor, now=now)
        account_id, program_id, wallet = member.account_id, member.program_id, member.wallet
    plan = programs.get_plan(program_id, at=now)
    posting = hold_posting(request, account_id, wallet, customer_id, plan, actor, now)
    maybe_fail("hold.decided")
    posted = ledger.hold(posting, now=now)
    maybe_fail("hold.posted")
    if not posted.is_replay:
        _audit("points.hold", posted, request.reason, actor, now)
        maybe_fail("hold.audited")
    return posted


@transaction.atomic
def capture(*, request: EndHoldRequest, actor: Actor, now: datetime) -> BurnReceipt:
    """Burn held points, all or some; what is not captured is free again. The burn rule says what they are worth.

    :raises IdempotencyKeyReused: the key was used for another request.
    :raises HoldNotFound, HoldNotActive: there is no such hold, or it is over.
    :raises PointsAmountInvalid, InsufficientPoints: more than is held.
    :raises BurnRuleMissing, RuleResultInvalid: the program does not say what the points are worth.
    """
    earlier = find_earlier(request.key)
    if earlier is not None:
        return burn_receipt(earlier)
    maybe_fail("capture.looked_up")
    held = ledger.get_hold(request.hold_id)
    member = find_member(account_id=held.account_id)
    if member is None:
        raise ledger.AccountNotFound("There is no such account.", account_id=str(held.account_id))
    (member,) = read_overdue([member], now=now)
    plan = programs.get_plan(member.program_id, at=now)
    posting = capture_posting(request, held, member, plan, actor, now)
    maybe_fail("capture.decided")
    posted = ledger.capture(posting, now=now)
    maybe_fail("capture.posted")
    receipt = burn_receipt(posted)
    if not posted.is_replay:
        audit.record(
            actor=actor,
            act="points.hold",
            subject_kind="account",
            subject_ref=str(posted.account_id),
            at=now,
            after={
                "hold_id": str(request.hold_id),
                "state": "CAPTURED",
                "transaction_id": str(posted.transaction_id),
                "points_amount": posted.points_amount,
                "points_balance": posted.points_balance,
            },
            reason=request.reason,
        )
        maybe_fail("capture.audited")
    return receipt


@transaction.atomic
def release(*, request: EndHoldRequest, actor: Actor, now: datetime) -> ledger.HoldReceipt:
    """Free held points again.

    :raises IdempotencyKeyReused: the key was used for another request.
    :raises HoldNotFound, HoldNotActive: there is no such hold, or it is over.
    """
    posted = ledger.release(release_posting(request, actor, now), now=now)
    maybe_fail("release.posted")
    if not posted.is_replay:
        _audit("points.hold", posted, request.reason, actor, now)
        maybe_fail("release.audited")
    return posted


def hold_posting(
    request: HoldRequest,
    account_id: uuid.UUID,
    wallet: str,
    customer_id: uuid.UUID | None,
    plan: programs.ProgramPlan,
    actor: Actor,
    now: datetime,
) -> ledger.HoldPosting:
    """Decide a hold of points of an account; ``customer_id`` is who acts for a household.

    :raises ProgramNotActive, WalletNotRedeemable: nothing is held there now.
    """
    policy.check_open(plan, now)
    policy.check_redeemable(plan, wallet)
    return ledger.HoldPosting(
        **signed(request.key, actor, now),
        account_id=account_id,
        points_amount=request.points,
        expires_at=request.expires_at,
        reason=request.reason,
        customer_ref=customer_id,
    )


def capture_posting(
    request: EndHoldRequest,
    held: ledger.HoldView,
    member: MemberFacts,
    plan: programs.ProgramPlan,
    actor: Actor,
    now: datetime,
) -> ledger.CapturePosting:
    """Decide a capture: what the points are worth.

    :raises BurnRuleMissing, RuleResultInvalid: the program does not say.
    """
    points = held.points_amount if request.points is None else request.points
    _, trace = policy.decide_burn(plan, member, points, request.context, now)
    return ledger.CapturePosting(
        **signed(request.key, actor, now),
        hold_id=request.hold_id,
        points_amount=request.points,
        program_version_ref=str(plan.version_id),
        reason=request.reason,
        trace=trace,
        context=request.context,
    )


def release_posting(request: EndHoldRequest, actor: Actor, now: datetime) -> ledger.ReleasePosting:
    """Say what to release."""
    return ledger.ReleasePosting(**signed(request.key, actor, now), hold_id=request.hold_id, reason=request.reason)


def release_due_holds(*, now: datetime) -> int:
    """Free the points of holds that are out of time, chunk by chunk; give how many. The ledger tells each as a fact."""
    released = 0
    for _ in range(CHUNKS_PER_CALL):
        chunk = ledger.release_due_holds(now=now, limit=CHUNK_HOLDS)
        released += chunk.holds_released
        if chunk.holds_released == 0:
            break
    return released


def _audit(act: str, posted: ledger.HoldReceipt, reason: str, actor: Actor, now: datetime) -> None:
    audit.record(
        actor=actor,
        act=act,
        subject_kind="account",
        subject_ref=str(posted.account_id),
        at=now,
        after={
            "hold_id": str(posted.hold_id),
            "state": posted.state,
            "points_amount": posted.points_amount,
            "points_held": posted.points_held,
            "expires_at": posted.expires_at.isoformat(),
        },
        reason=reason,
    )
