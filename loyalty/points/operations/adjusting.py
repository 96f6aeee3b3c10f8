"""Adjustments: points added or taken with a reason code of the program's."""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from django.db import transaction

from loyalty.foundation.approvals import api as approvals
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor, system_actor
from loyalty.foundation.kernel.errors import Refusal
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.ledger import api as ledger
from loyalty.points import queries
from loyalty.points.contracts import AdjustRequest, Key, MemberFacts, Movement
from loyalty.points.operations.keys import find_earlier, signed
from loyalty.points.policy import moving
from loyalty.programs import api as programs

KIND = "points.adjust"
WORDS: approvals.Words = {
    "en": {
        "add": "Add {points} points to account {account} ({reason_code})",
        "take": "Take {points} points from account {account} ({reason_code})",
    },
    "ar": {
        "add": "إضافة {points} من النقاط إلى الحساب {account} ({reason_code})",
        "take": "خصم {points} من النقاط من الحساب {account} ({reason_code})",
    },
}


def adjust(*, request: AdjustRequest, actor: Actor, now: datetime) -> Movement:
    """Add points to an account or take some, also in a program that is not active, or ask for it.

    :raises WaitsForApproval: a workflow has so many points wait for others; the request is kept.
    :raises IdempotencyKeyReused: the key was used for another request.
    :raises AccountNotFound, AccountNotActive: nobody is meant, or nothing is taken from the account.
    :raises PointsAmountInvalid, AdjustmentReasonUnknown, ApprovalRequired: the program does not let it pass.
    :raises OccurredAtRefused: the last day of the points is over.
    :raises InsufficientPoints: fewer points are available.
    """
    with transaction.atomic():
        outcome = _adjust_or_ask(request, actor, now)
    return approvals.settled(outcome)


def _adjust_or_ask(request: AdjustRequest, actor: Actor, now: datetime) -> Movement | approvals.Waiting:
    earlier = find_earlier(request.key)
    if earlier is not None:
        return adjust_movement(earlier, request)
    maybe_fail("adjust.looked_up")
    account, plan = _account_of(request, now)
    if not approvals.is_demanded(KIND):
        return _post(request, adjust_posting(request, account, plan, actor, now), actor, now)
    posting = adjust_posting(replace(request, is_unlimited=True), account, plan, actor, now)
    return approvals.submit(proposal(request, account, plan, actor, now)) or _post(request, posting, actor, now)


def apply(payload: Mapping[str, Any], *, actor: Actor, now: datetime) -> Mapping[str, Any]:
    """Make an adjustment that was approved, as whoever asked for it."""
    request = _request_of(payload)
    account, plan = _account_of(request, now)
    moved = _post(request, adjust_posting(request, account, plan, actor, now), actor, now)
    return {
        "transaction_id": str(moved.transaction_id), "account_id": str(moved.account_id),
        "points_amount": moved.points_amount, "points_balance": moved.points_balance,
    }  # fmt: skip


def is_still_valid(payload: Mapping[str, Any], *, now: datetime) -> bool:
    """Tell whether account, reason code and last day still stand.

    What else has moved on the account matters not: many adjustments may wait side by side, and the ledger holds the
    account when it posts.
    """
    request = _request_of(payload)
    try:
        account, plan = _account_of(request, now)
        adjust_posting(request, account, plan, system_actor("points.adjust"), now)
    except Refusal:
        return False
    return True


def describe(payload: Mapping[str, Any]) -> approvals.Phrase:
    """Say what is asked for."""
    points = int(payload["points_change"])
    values = {"points": abs(points), "account": payload["account_id"], "reason_code": payload["reason_code"]}
    return approvals.Phrase("add" if points > 0 else "take", values)


def refuse_waiting(
    request: AdjustRequest, account: MemberFacts, plan: programs.ProgramPlan, actor: Actor, now: datetime
) -> AdjustRequest:
    """Refuse a line of a batch that would wait for others: a batch is done or refused. Give the request that may pass.

    :raises ApprovalRequired: a workflow has it wait.
    """
    if not approvals.is_demanded(KIND):
        return request
    with transaction.atomic():
        if approvals.submit(proposal(request, account, plan, actor, now)) is not None:
            raise approvals.ApprovalRequired("This adjustment waits for an approval; ask for it by itself.", kind=KIND)
    return replace(request, is_unlimited=True)


def proposal(
    request: AdjustRequest, account: MemberFacts, plan: programs.ProgramPlan, actor: Actor, now: datetime
) -> approvals.Proposal:
    """Put an adjustment into the words of approvals; more points than the program's own limit always wait."""
    payload = {
        "account_id": request.account_id, "points_change": request.points_change, "reason_code": request.reason_code,
        "reason": request.reason, "expires_on": request.expires_on,
        "key": {"scope": request.key.scope, "key": request.key.key, "request_hash": request.key.request_hash.hex()},
    }  # fmt: skip
    limit, balance = plan.adjustment.points_max_without_approval, account.points_posted
    return approvals.Proposal(
        kind=KIND, subject_kind="account", subject_ref=str(request.account_id), payload=payload,
        before={"points_balance": balance},
        after={
            "points_balance": balance + request.points_change, "points_change": request.points_change,
            "reason_code": request.reason_code, "expires_on": request.expires_on,
        },
        amount=abs(request.points_change), beneficiary_ref=str(account.customer_id), actor=actor,
        reason=request.reason, now=now, key=f"{request.key.scope}:{request.key.key}",
        is_forced=limit is not None and abs(request.points_change) > limit and not request.is_unlimited,
    )  # fmt: skip


def _request_of(payload: Mapping[str, Any]) -> AdjustRequest:
    key = payload["key"]
    return AdjustRequest(
        account_id=uuid.UUID(payload["account_id"]), points_change=int(payload["points_change"]),
        reason_code=payload["reason_code"], reason=payload["reason"],
        key=Key(scope=key["scope"], key=key["key"], request_hash=bytes.fromhex(key["request_hash"])),
        expires_on=date.fromisoformat(payload["expires_on"]) if payload["expires_on"] else None, is_unlimited=True,
    )  # fmt: skip


def _account_of(request: AdjustRequest, now: datetime) -> tuple[MemberFacts, programs.ProgramPlan]:
    account = queries.find_member(account_id=request.account_id)
    if account is None:
        raise ledger.AccountNotFound("There is no such account.", account_id=str(request.account_id))
    return account, programs.get_plan(account.program_id, at=now)


def _post(request: AdjustRequest, posting: ledger.AdjustPosting, actor: Actor, now: datetime) -> Movement:
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
