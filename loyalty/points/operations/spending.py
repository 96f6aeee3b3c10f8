"""Burning and reversing."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.money import Money
from loyalty.ledger import api as ledger
from loyalty.points import policy
from loyalty.points.contracts import BurnReceipt, BurnRequest, Key, ReverseReceipt, ReverseRequest
from loyalty.points.operations.members import resolve_member
from loyalty.programs import api as programs


@transaction.atomic
def burn(*, request: BurnRequest, actor: Actor, now: datetime) -> BurnReceipt:
    """Redeem a member's points, first to expire first; the burn rule says what they are worth.

    :raises IdempotencyKeyReused: the key was used for another request.
    :raises InsufficientPoints: fewer points are available.
    :raises MemberNotNamed, MemberUnknown, NotAMember, AccountNotFound: nobody is meant.
    :raises ProgramNotActive, AccountNotActive, BurnRuleMissing: nothing is redeemed now.
    :raises RuleResultInvalid: the program's rule gives an impossible value.
    """
    earlier = _find_earlier_burn(request.key)
    if earlier is not None:
        return earlier
    policy.check_occurred_at(request.occurred_at, now)
    member = resolve_member(request.member, may_enroll=False, actor=actor, now=now)
    plan = programs.get_plan(member.program_id, at=request.occurred_at)
    policy.check_open(plan, request.occurred_at)
    _, trace = policy.decide_burn(plan, member, request.points, request.context, now)
    posting = ledger.BurnPosting(
        account_id=member.account_id,
        points_amount=request.points,
        idempotency_scope=request.key.scope,
        idempotency_key=request.key.key,
        request_hash=request.key.request_hash,
        occurred_at=request.occurred_at,
        actor_ref=actor.ref,
        program_version_ref=str(plan.version_id),
        reason=str(request.context.get("description", ""))[:500],
        trace=trace,
        context=request.context,
    )
    receipt = _burn_receipt(ledger.burn(posting, now=now))
    if not receipt.is_replay:
        audit.record(
            actor=actor,
            act="points.burn",
            subject_kind="account",
            subject_ref=str(receipt.account_id),
            at=now,
            after={
                "transaction_id": str(receipt.transaction_id),
                "points_amount": receipt.points_amount,
                "points_balance": receipt.points_balance,
                "value": trace["value"],
            },
        )
    return receipt


def _find_earlier_burn(key: Key) -> BurnReceipt | None:
    posted = ledger.find_receipt(idempotency_scope=key.scope, idempotency_key=key.key)
    if posted is None:
        return None
    # The ledger compares the request itself; what is asked for here is not posted, because the key is taken.
    again = ledger.BurnPosting(
        account_id=posted.account_id,
        points_amount=max(posted.points_amount, 1),
        idempotency_scope=key.scope,
        idempotency_key=key.key,
        request_hash=key.request_hash,
        occurred_at=posted.occurred_at,
    )
    return _burn_receipt(ledger.burn(again, now=posted.recorded_at))


def _burn_receipt(posted: ledger.Receipt) -> BurnReceipt:
    value = (posted.trace or {}).get("value") or {"amount": "0", "currency": ""}
    return BurnReceipt(
        transaction_id=posted.transaction_id,
        account_id=posted.account_id,
        points_amount=posted.points_amount,
        points_balance=posted.points_balance,
        value=Money(Decimal(value["amount"]), value["currency"]),
        is_replay=posted.is_replay,
    )


@transaction.atomic
def reverse(*, request: ReverseRequest, actor: Actor, now: datetime) -> ReverseReceipt:
    """Take back an earn or a burn, wholly or in part. A reversal is lawful in an inactive program too.

    :raises IdempotencyKeyReused: the key was used for another request.
    :raises TransactionNotFound, TransactionNotReversible, AlreadyReversed, ReversalExceeds: it cannot be taken back.
    :raises InsufficientPoints: the points to take back have been spent.
    :raises AccountNotActive: the account is closed.
    """
    posting = ledger.ReversePosting(
        reverses=request.transaction_id,
        points_amount=request.points,
        idempotency_scope=request.key.scope,
        idempotency_key=request.key.key,
        request_hash=request.key.request_hash,
        occurred_at=request.occurred_at,
        actor_ref=actor.ref,
        reason=request.reason,
    )
    posted = ledger.reverse(posting, now=now)
    if not posted.is_replay:
        audit.record(
            actor=actor,
            act="points.reverse",
            subject_kind="account",
            subject_ref=str(posted.account_id),
            at=now,
            after={
                "transaction_id": str(posted.transaction_id),
                "reverses": str(request.transaction_id),
                "points_amount": posted.points_amount,
                "points_balance": posted.points_balance,
            },
            reason=request.reason,
        )
    return ReverseReceipt(
        transaction_id=posted.transaction_id,
        account_id=posted.account_id,
        points_amount=posted.points_amount,
        points_balance=posted.points_balance,
        reverses=request.transaction_id,
        is_replay=posted.is_replay,
    )
