"""Earning: the rule decides, the ledger posts, and what earned nothing is remembered with its reason."""

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.exact_json import dumps_exact
from loyalty.ledger import api as ledger
from loyalty.points import policy
from loyalty.points.contracts import EarnFacts, EarnReceipt, EarnRequest, EarnVerdict, Key, MemberFacts
from loyalty.points.models import NothingEarned
from loyalty.points.operations.members import resolve_member
from loyalty.points.registry import earn_modifiers
from loyalty.programs import api as programs

log = logging.getLogger("loyalty.points")


@transaction.atomic
def earn(*, request: EarnRequest, actor: Actor, now: datetime) -> EarnReceipt:
    """Have a member earn for a purchase, or give points directly.

    The same key with the same content gives the first answer again, whatever has changed since.

    :raises IdempotencyKeyReused: the key was used for another request.
    :raises MemberNotNamed, MemberUnknown, NotAMember, AccountNotFound, ProgramNotFound: nobody is meant.
    :raises ProgramNotActive, AccountNotActive: nothing is earned now.
    :raises OccurredAtRefused, AmountInvalid, CurrencyMismatch: the purchase cannot be taken.
    :raises RuleResultInvalid: the program's rule gives an impossible result.
    """
    earlier = find_earlier_answer(request.key)
    if earlier is not None:
        return earlier
    policy.check_occurred_at(request.occurred_at, now)
    member = resolve_member(request.member, may_enroll=True, actor=actor, now=now)
    plan = programs.get_plan(member.program_id, at=request.occurred_at)
    verdict = decide(request, plan, member, now)
    if not verdict.points:
        return remember_nothing(request.key, member, verdict.trace, request.occurred_at, tier=verdict.trace["tier"])
    receipt = receipt_of(ledger.earn(posting_of(request, member, verdict, actor), now=now))
    if not receipt.is_replay:
        _audit(receipt, request, actor, now)
    return receipt


def decide(request: EarnRequest, plan: programs.ProgramPlan, member: MemberFacts, now: datetime) -> EarnVerdict:
    """Decide about a request by the program's rule, or take the points that are given directly."""
    policy.check_open(plan, request.occurred_at)
    if request.points is not None:
        return policy.decide_direct(plan, member, request.points, request.occurred_at)
    policy.check_currency(plan, request.currency)
    facts = EarnFacts(
        plan=plan,
        member=member,
        amount=request.amount or policy.NO_AMOUNT,
        currency=request.currency or plan.currency,
        context=request.context,
        occurred_at=request.occurred_at,
    )
    policy.check_amount(facts.amount)
    return policy.decide_earn(facts, earn_modifiers(), now)


def posting_of(request: EarnRequest, member: MemberFacts, verdict: EarnVerdict, actor: Actor) -> ledger.EarnPosting:
    """Put a decided earn into the ledger's words."""
    context: dict[str, Any] = dict(request.context)
    if request.amount is not None:
        context |= {"transaction_amount": format(request.amount, "f"), "currency": request.currency}
    caps: tuple[ledger.CapLine, ...] = ()
    if verdict.cap_points_max is not None:
        line = ledger.CapLine(
            cap_ref=policy.CAP_DAILY, window_start=verdict.cap_window, units_max=verdict.cap_points_max
        )
        caps = (line,)
    return ledger.EarnPosting(
        account_id=member.account_id,
        points_amount=verdict.points,
        idempotency_scope=request.key.scope,
        idempotency_key=request.key.key,
        request_hash=request.key.request_hash,
        occurred_at=request.occurred_at,
        expires_at=verdict.expires_at,
        caps=caps,
        actor_ref=actor.ref,
        program_version_ref=str(verdict.trace["program_version_id"]),
        trace=verdict.trace,
        context=context,
        correlation_id=request.correlation_id,
        causation_id=request.causation_id,
    )


def receipt_of(posted: ledger.Receipt) -> EarnReceipt:
    """Give the answer to an earn from the ledger's receipt alone, so that a replay is the same to the letter."""
    trace = dict(posted.trace or {})
    return EarnReceipt(
        transaction_id=posted.transaction_id,
        account_id=posted.account_id,
        customer_id=posted.owner_ref,
        program_id=posted.program_ref,
        points_amount=posted.points_amount,
        points_balance=posted.points_balance,
        points_lost_to_caps=posted.points_lost_to_caps,
        expires_at=posted.expires_at,
        tier=trace.get("tier"),
        trace=trace,
        is_replay=posted.is_replay,
    )


def find_earlier_answer(key: Key) -> EarnReceipt | None:
    """Give the answer that this key got before, or None.

    :raises IdempotencyKeyReused: the key was used for another request.
    """
    posted = ledger.find_receipt(idempotency_scope=key.scope, idempotency_key=key.key)
    if posted is not None:
        # The ledger compares the request itself; what is asked for here is not posted, because the key is taken.
        again = ledger.EarnPosting(
            account_id=posted.account_id,
            points_amount=max(posted.points_amount, 1),
            idempotency_scope=key.scope,
            idempotency_key=key.key,
            request_hash=key.request_hash,
            occurred_at=posted.occurred_at,
        )
        return receipt_of(ledger.earn(again, now=posted.recorded_at))
    return earlier_nothing(key, nothings_by_key([key]))


def nothings_by_key(keys: Sequence[Key]) -> dict[tuple[str, str], NothingEarned]:
    """Give what was remembered of these keys as earning nothing, in one statement."""
    rows = NothingEarned.objects.filter(
        idempotency_scope__in={key.scope for key in keys}, idempotency_key__in=[key.key for key in keys]
    )
    return {(row.idempotency_scope, row.idempotency_key): row for row in rows}


def earlier_nothing(key: Key, kept: Mapping[tuple[str, str], NothingEarned]) -> EarnReceipt | None:
    """Give the answer of a key under which nothing was earned before, or None.

    :raises IdempotencyKeyReused: the key was used for another request.
    """
    row = kept.get((key.scope, key.key))
    if row is None:
        return None
    if bytes(row.request_hash) != key.request_hash:
        raise ledger.IdempotencyKeyReused("This idempotency key was used for another request.", idempotency_key=key.key)
    return _nothing_receipt(row, is_replay=True)


def remember_nothing(
    key: Key, member: MemberFacts, trace: Mapping[str, Any], occurred_at: datetime, *, tier: Mapping[str, Any] | None
) -> EarnReceipt:
    """Keep a purchase that earned nothing, with its reason: no transaction, but the key is taken."""
    reason = str(trace.get("reason", ""))
    log.info("nothing earned for account %s: %s", member.account_id, reason, extra={"trace": dict(trace)})
    nothing = NothingEarned(
        idempotency_scope=key.scope,
        idempotency_key=key.key,
        request_hash=key.request_hash,
        account_public_id=member.account_id,
        customer_public_id=member.customer_id,
        program_public_id=member.program_id,
        reason=reason,
        answer=dumps_exact({"points_balance": member.points_posted, "tier": tier, "trace": trace}).decode(),
        occurred_at=occurred_at,
    )
    # Two of the same at once: one is kept, and both got the same answer.
    NothingEarned.objects.bulk_create([nothing], ignore_conflicts=True)
    return _nothing_receipt(nothing, is_replay=False)


def _nothing_receipt(nothing: NothingEarned, *, is_replay: bool) -> EarnReceipt:
    answer = json.loads(nothing.answer, parse_float=Decimal)
    return EarnReceipt(
        transaction_id=None,
        account_id=nothing.account_public_id,
        customer_id=nothing.customer_public_id,
        program_id=nothing.program_public_id,
        points_amount=0,
        points_balance=answer["points_balance"],
        points_lost_to_caps=0,
        expires_at=None,
        tier=answer["tier"],
        trace=answer["trace"],
        is_replay=is_replay,
    )


def _audit(receipt: EarnReceipt, request: EarnRequest, actor: Actor, now: datetime) -> None:
    audit.record(
        actor=actor,
        act="points.earn" if request.points is None else "points.earn_direct",
        subject_kind="account",
        subject_ref=str(receipt.account_id),
        at=now,
        after={
            "transaction_id": str(receipt.transaction_id),
            "points_amount": receipt.points_amount,
            "points_balance": receipt.points_balance,
            "points_lost_to_caps": receipt.points_lost_to_caps,
        },
    )
