"""Adjustments: points added or taken with a reason code of the program's."""

from datetime import datetime

from django.db import transaction

from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.ledger import api as ledger
from loyalty.points import queries
from loyalty.points.contracts import AdjustRequest, MemberFacts, Movement
from loyalty.points.operations.keys import find_earlier, signed
from loyalty.points.policy import moving
from loyalty.programs import api as programs


@transaction.atomic
def adjust(*, request: AdjustRequest, actor: Actor, now: datetime) -> Movement:
    """Add points to an account or take some, also in a program that is not active.

    :raises IdempotencyKeyReused: the key was used for another request.
    :raises AccountNotFound, AccountNotActive: nobody is meant, or nothing is taken from the account.
    :raises PointsAmountInvalid, AdjustmentReasonUnknown, ApprovalRequired: the program does not let it pass.
    :raises OccurredAtRefused: the last day of the points is over.
    :raises InsufficientPoints: fewer points are available.
    """
    earlier = find_earlier(request.key)
    if earlier is not None:
        return adjust_movement(earlier, request)
    maybe_fail("adjust.looked_up")
    account = queries.find_member(account_id=request.account_id)
    if account is None:
        raise ledger.AccountNotFound("There is no such account.", account_id=str(request.account_id))
    plan = programs.get_plan(account.program_id, at=now)
    posting = adjust_posting(request, account, plan, actor, now)
    maybe_fail("adjust.decided")
    posted = ledger.adjust(posting, now=now)
    maybe_fail("adjust.posted")
    if not posted.is_replay:
        audit.record(
            actor=actor,
            act="points.adjust",
            subject_kind="account",
            subject_ref=str(posted.account_id),
            at=now,
            after={
                "transaction_id": str(posted.transaction_id),
                "points_change": request.points_change,
                "points_balance": posted.points_balance,
                "reason_code": request.reason_code,
            },
            reason=request.reason,
        )
        maybe_fail("adjust.audited")
    return adjust_movement(posted, request)


def adjust_posting(
    request: AdjustRequest, account: MemberFacts, plan: programs.ProgramPlan, actor: Actor, now: datetime
) -> ledger.AdjustPosting:
    """Decide an adjustment, and how long what it adds lives.

    :raises PointsAmountInvalid, AdjustmentReasonUnknown, ApprovalRequired, OccurredAtRefused: as ``adjust``.
    """
    moving.check_adjustment(plan, request)
    expires_at, spendable_until = programs.expiry_of(plan, now, account.tier_code)
    if request.expires_on is not None:
        expires_at, spendable_until = moving.lifetime_of(plan, request.expires_on)
        moving.check_last_day(expires_at, now)
    is_added = request.points_change > 0
    return ledger.AdjustPosting(
        **signed(request.key, actor, now),
        account_id=account.account_id,
        points_change=request.points_change,
        reason_code=request.reason_code,
        expires_at=expires_at if is_added else None,
        spendable_until=spendable_until if is_added else None,
        program_version_ref=str(plan.version_id),
        reason=request.reason,
    )


def adjust_movement(posted: ledger.Receipt, request: AdjustRequest) -> Movement:
    """Give the answer to an adjustment from the ledger's receipt and what was asked."""
    return Movement(
        transaction_id=posted.transaction_id,
        account_id=posted.account_id,
        points_amount=posted.points_amount,
        points_change=request.points_change,
        points_balance=posted.points_balance,
        reason_code=request.reason_code,
        is_replay=posted.is_replay,
    )
