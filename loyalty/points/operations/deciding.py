"""From a request to a verdict, and from a verdict to the ledger's words."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from loyalty.foundation.kernel.actor import Actor
from loyalty.ledger import api as ledger
from loyalty.points import policy
from loyalty.points.contracts import (
    CapResult,
    EarnFacts,
    EarnReceipt,
    EarnRequest,
    EarnVerdict,
    MemberFacts,
    WalletReceipt,
    WalletVerdict,
)
from loyalty.points.registry import earn_modifiers
from loyalty.programs.contracts import EVENT_PURCHASE, WALLET_MAIN, ProgramPlan


def decide(request: EarnRequest, plan: ProgramPlan, member: MemberFacts, now: datetime) -> EarnVerdict:
    """Decide about a request by the program's rules, or take the points that are given directly.

    :raises ProgramNotActive, CurrencyMismatch, AmountInvalid, PurchaseRefused, RuleResultInvalid, RuleFault: as told.
    """
    policy.check_open(plan, request.occurred_at)
    if request.points is not None:
        policy.check_wallet(plan, request.wallet)
        return policy.decide_direct(
            plan, member, request.points, request.occurred_at, wallet=request.wallet, is_capped=request.is_capped
        )
    policy.check_currency(plan, request.currency)
    facts = EarnFacts(
        plan=plan,
        member=member,
        amount=request.amount if request.amount is not None else policy.NO_AMOUNT,
        currency=request.currency or plan.currency,
        context=request.context,
        occurred_at=request.occurred_at,
        event_type=request.event_type,
    )
    if request.event_type == EVENT_PURCHASE or request.amount is not None:
        policy.check_amount(facts.amount)
    return policy.decide_earn(facts, earn_modifiers(), now)


def key_for(request: EarnRequest, place: int, verdict: WalletVerdict) -> str:
    """Give the key of one wallet's posting: the request's own for the first, with the wallet behind it for others."""
    return request.key.key if place == 0 else f"{request.key.key}:{verdict.wallet}"


def posting_of(
    request: EarnRequest,
    member: MemberFacts,
    verdict: WalletVerdict,
    *,
    account_id: uuid.UUID,
    key: str,
    counts_purchase: bool,
    actor: Actor,
) -> ledger.EarnPosting:
    """Put a decided earn into the ledger's words; of the postings of one purchase one counts as the purchase."""
    context: dict[str, Any] = dict(request.context)
    if request.amount is not None:
        currency = request.currency or verdict.trace.get("facts", {}).get("currency", "")
        context |= {"transaction_amount": policy.plain(request.amount), "currency": currency}
    if request.event_type != EVENT_PURCHASE:
        context["event_type"] = request.event_type
    if counts_purchase:
        context["counts_purchase"] = True
    has_parts = any(cap.part is not None for cap in verdict.caps)
    return ledger.EarnPosting(
        account_id=account_id,
        points_amount=verdict.points,
        idempotency_scope=request.key.scope,
        idempotency_key=key,
        request_hash=request.key.request_hash,
        occurred_at=request.occurred_at,
        expires_at=verdict.expires_at,
        spendable_until=verdict.spendable_until,
        is_pending=verdict.is_pending,
        activates_at=verdict.activates_at,
        parts=tuple(ledger.EarnPart(code=part.code, points_amount=part.points) for part in verdict.parts if part.points)
        if has_parts
        else (),
        caps=tuple(
            ledger.CapLine(
                cap_ref=cap.ref,
                window_start=cap.window_start,
                units_max=cap.units_max,
                units_per_point=cap.units_per_point,
                part=cap.part,
                is_shared=cap.is_shared,
                on_reach=ledger.OnReach.REFUSE if cap.is_refusing else ledger.OnReach.TRUNCATE,
            )
            for cap in verdict.caps
            if cap.window_start is not None
        ),
        customer_ref=member.customer_id,
        actor_ref=actor.ref,
        program_version_ref=str(verdict.trace["program_version_id"]),
        trace=verdict.trace,
        context=context,
        correlation_id=request.correlation_id,
        causation_id=request.causation_id,
    )


def is_purchase(request: EarnRequest) -> bool:
    """Tell whether a request tells of a purchase."""
    return request.event_type == EVENT_PURCHASE and request.amount is not None


def receipt_of(posted: ledger.Receipt, others: tuple[WalletReceipt, ...] = ()) -> EarnReceipt:
    """Give the answer to an earn from the ledger's receipts alone, so that a replay is the same to the letter."""
    trace = told_trace(posted.trace, posted.points_amount, posted.caps)
    return EarnReceipt(
        transaction_id=posted.transaction_id,
        account_id=posted.account_id,
        customer_id=posted.customer_ref,
        program_id=posted.program_ref,
        points_amount=posted.points_amount,
        points_balance=posted.points_balance,
        points_lost_to_caps=trace.get("points_lost_to_caps", posted.points_lost_to_caps),
        expires_at=posted.expires_at,
        tier=trace.get("tier"),
        trace=trace,
        is_replay=posted.is_replay,
        wallet=posted.wallet,
        spendable_until=_instant((trace.get("expiry") or {}).get("spendable_until")),
        is_pending=posted.is_pending,
        activates_at=_instant((trace.get("activation") or {}).get("activates_at")),
        other_wallets=others,
    )


def wallet_receipt_of(posted: ledger.Receipt) -> WalletReceipt:
    """Give what went into a wallet beside the first."""
    return WalletReceipt(
        wallet=posted.wallet,
        transaction_id=posted.transaction_id,
        account_id=posted.account_id,
        points_amount=posted.points_amount,
        points_balance=posted.points_balance,
        points_lost_to_caps=(posted.trace or {}).get("points_before_caps", posted.points_amount) - posted.points_amount,
        expires_at=posted.expires_at,
    )


def told_trace(
    stored: Mapping[str, Any] | None, points_granted: int, caps: Sequence[ledger.CapHit] | Sequence[CapResult]
) -> dict[str, Any]:
    """Give a stored trace with what the caps of periods, which are counted after it was written, left of the points."""
    trace = dict(stored or {})
    if "points_before_caps" not in trace:
        return trace
    hits = {(_ref_of(hit), _day(hit.window_start)): {"asked": hit.asked, "granted": hit.granted} for hit in caps}
    trace["caps"] = [cap | hits.get((cap["ref"], cap["window_start"]), {}) for cap in trace.get("caps") or ()]
    trace["points_lost_to_caps"] = trace["points_before_caps"] - points_granted
    # The steps that counted stand with their rule; what is told has them on top too.
    asked = trace.get("rules") or ()
    first = next((one for one in asked if one["is_counted"]), asked[0] if asked else None)
    return {"steps": first["steps"] if first else [], **trace}


def trace_of(view: ledger.TransactionView) -> dict[str, Any] | None:
    """Give the trace of a transaction of the book as its answer told it; None where nothing was decided."""
    if view.trace is None:
        return None
    posted = view.trace.get("points_posted", view.trace.get("points_before_caps", 0))
    return told_trace(view.trace, posted - view.points_lost_to_caps, view.caps)


def _ref_of(hit: ledger.CapHit | CapResult) -> str:
    return hit.cap_ref if isinstance(hit, ledger.CapHit) else hit.ref


def _day(window_start: date | None) -> str | None:
    return window_start.isoformat() if window_start else None


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def other_wallets_of(verdict: EarnVerdict) -> list[str]:
    """Give the wallets beside the first that get something."""
    return [one.wallet for one in verdict.wallets[1:] if one.points]


def account_for(member: MemberFacts, wallet: str, opened: Mapping[str, uuid.UUID]) -> uuid.UUID:
    """Give the account that points of a wallet go to: the household's where the member earns for it."""
    if wallet == WALLET_MAIN:
        return member.pool_account_id or member.account_id
    return opened[wallet]
