"""Corrections after a purchase that came to be known late: later earns become what they would have been in order."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.ledger import api as ledger
from loyalty.points import policy, queries
from loyalty.points.contracts import CorrectionReport, MemberFacts
from loyalty.points.policy.replaying import Correction, PastEarn
from loyalty.programs import api as programs
from loyalty.programs.contracts import WALLET_MAIN

REASON_CODE = "backdated_correction"
SCOPE = "correction"
PAGE = 200
# Nobody has more earns that wait, or waited, in the days that a late purchase may lie back.
PENDING_MAX = 2_000


@transaction.atomic
def correct_earns(
    *,
    account_id: uuid.UUID,
    since: datetime,
    tier_timeline: Sequence[tuple[datetime, str | None]],
    causation_id: uuid.UUID | None,
    actor: Actor,
    now: datetime,
) -> CorrectionReport:
    """Recompute a member's earns since an instant with the tiers then in force; post the differences as adjustments.

    Each adjustment has the reason code ``backdated_correction``, the instant of the earn that it corrects, and that
    earn's id in its context, and goes to the account to which that earn went, the household's too. What was corrected
    before counts, so calling it again changes nothing. Points with ``counts_for_tier`` false are left as they are, and
    points that a correction would take and that are spent already stay with the member. To an earn that is still
    pending comes another pending one that waits as long, or a part of it is cancelled.

    :param account_id: the member's account.
    :param tier_timeline: from which instant (inclusive) which tier, ascending.
    :raises AccountNotFound: no member has this account.
    """
    seen = queries.list_seen([account_id]).get(account_id)
    if seen is None:
        raise ledger.AccountNotFound("No member has this account.", account_id=str(account_id))
    history = queries.get_history(seen.member.program_id, seen.edit_version)
    posted: list[int] = []
    for wallet, accounts in _accounts(seen.member, history).items():
        earns = [one for account in accounts for one in _past_earns(account, seen.member, wallet, history, since)]
        corrections = policy.replay(earns, seen.member, since=since, tier_timeline=tier_timeline, now=now)
        posted += [_post(seen.member, one, causation_id, actor, now) for one in corrections]
    changes = [change for change in posted if change]
    report = CorrectionReport(transactions_corrected=len(changes), points_change=sum(changes))
    if changes:
        audit.record(
            actor=actor, act="points.adjust", subject_kind="account", subject_ref=str(account_id), at=now,
            after={"transactions_corrected": len(changes), "points_change": report.points_change}, reason=REASON_CODE,
        )  # fmt: skip
    return report


def _accounts(member: MemberFacts, history: queries.History) -> dict[str, list[uuid.UUID]]:
    """Give the accounts that the member's earns went to by wallet: its own, and those of households it was in."""
    wallets = {one.code for _, plan in history for one in plan.wallets} - {WALLET_MAIN}
    owned = {
        wallet: ledger.find_account(owner_ref=member.customer_id, program_ref=member.program_id, wallet=wallet)
        for wallet in sorted(wallets)
    }
    pools = queries.list_pool_accounts(member.customer_id, member.program_id)
    main = {WALLET_MAIN: [member.account_id, *pools]}
    return main | {name: [one.account_id] for name, one in owned.items() if one}


def _past_earns(
    account_id: uuid.UUID, member: MemberFacts, wallet: str, history: queries.History, since: datetime
) -> list[PastEarn]:
    """Give the earns that a recomputation needs: those since the instant, and before it those of windows still open."""
    begin = _first_instant(history, since)
    earns = [
        one
        for one in _transactions(account_id, ledger.TransactionKind.EARN, begin)
        if one.customer_ref == member.customer_id
    ]
    changes = [
        *_transactions(account_id, ledger.TransactionKind.ADJUST, begin),
        *_transactions(account_id, ledger.TransactionKind.REVERSE, begin),
        # What was pending has told it; that it was confirmed changes nothing.
        *(one for one in earns if one.confirms is None),
    ]
    corrected: dict[str, int] = {}
    for one in changes:
        corrects = (one.context or {}).get("corrects")
        if corrects:
            change = int((one.context or {}).get("points_change", one.points_change))
            corrected[corrects] = corrected.get(corrects, 0) + change
    waiting = {one.transaction_id: one for one in ledger.list_pending(account_id, is_any_state=True, limit=PENDING_MAX)}
    confirmed = {one.confirms: one for one in earns if one.confirms is not None}
    by_version = {str(plan.version_id): plan for _, plan in history}
    return [
        _past_earn(one, wallet, by_version, history, corrected, waiting.get(one.transaction_id), confirmed)
        for one in earns
        if one.confirms is None and _is_corrigible(one, waiting.get(one.transaction_id))
    ]


def _is_corrigible(earn: ledger.TransactionView, pending: ledger.PendingView | None) -> bool:
    context = earn.context or {}
    if context.get("counts_for_tier") is False or "corrects" in context:
        return False
    return pending is None or pending.state is not ledger.PendingState.CANCELLED


def _past_earn(
    one: ledger.TransactionView,
    wallet: str,
    by_version: Mapping[str, programs.ProgramPlan],
    history: queries.History,
    corrected: Mapping[str, int],
    pending: ledger.PendingView | None,
    confirmed: Mapping[uuid.UUID, ledger.TransactionView],
) -> PastEarn:
    granted, undone = one.points_change, one.points_reversed
    change = corrected.get(str(one.transaction_id), 0)
    if pending is not None:
        later = confirmed.get(one.transaction_id)
        granted = pending.points_original
        # What corrections cancelled of it is told by them already.
        undone = granted - pending.points_amount + (later.points_reversed if later else 0) + min(change, 0)
    return PastEarn(
        transaction_id=one.transaction_id,
        account_id=one.account_id,
        wallet=wallet,
        plan=by_version.get(one.program_version_ref) or programs.plan_at(history, one.occurred_at),
        occurred_at=one.occurred_at,
        recorded_at=one.recorded_at,
        points_granted=granted,
        points_reversed=max(undone, 0),
        points_corrected=change,
        trace=one.trace or {},
        context=one.context or {},
        is_waiting=pending is not None and pending.state is ledger.PendingState.PENDING,
        activates_at=pending.activates_at if pending else None,
    )


def _transactions(
    account_id: uuid.UUID, kind: ledger.TransactionKind, begin: datetime | None
) -> list[ledger.TransactionView]:
    """Give an account's transactions of a kind that happened since an instant; None gives all."""
    found: list[ledger.TransactionView] = []
    before: uuid.UUID | None = None
    while True:
        page = ledger.list_transactions(account_ids=[account_id], kind=kind, limit=PAGE, before=before)
        found += [one for one in page if begin is None or one.occurred_at >= begin]
        # What happened since then was not recorded before then, but for the till's clock that ran ahead.
        is_past = bool(page) and begin is not None and page[-1].recorded_at < begin - policy.AHEAD_MAX
        if len(page) < PAGE or is_past:
            return found
        before = page[-1].transaction_id


def _first_instant(history: queries.History, since: datetime) -> datetime | None:
    """Give where the longest window that holds ``since`` begins, with a day to spare for zones; None: at the start."""
    starts = []
    for _, plan in history:
        starts += [programs.cap_window(plan, cap, since) for cap in plan.caps]
    first = min((one for one in starts if one is not None), default=None)
    if first == programs.ALL_TIME:
        return None
    if first is None:
        return since
    return min(since, datetime(first.year, first.month, first.day, tzinfo=since.tzinfo) - timedelta(days=1))


def _post(
    member: MemberFacts, correction: Correction, causation_id: uuid.UUID | None, actor: Actor, now: datetime
) -> int:
    """Post one correction and give the points that it moved."""
    earn, change = correction.earn, correction.points_change
    account = ledger.get_account(earn.account_id)
    if account.status is ledger.AccountStatus.CLOSED:
        # Of a household that is no more.
        return 0
    if change < 0 and not earn.is_waiting:
        overdue = ledger.list_points_overdue([account.account_id], now=now).get(account.account_id, 0)
        change = max(change, -max(account.points_available - overdue, 0))
        if not change:
            return 0
    key = f"correct:{earn.transaction_id}:{causation_id or f'{earn.points_standing}:{change}'}"
    said: dict[str, Any] = {
        "idempotency_scope": SCOPE,
        "idempotency_key": key,
        "request_hash": hashlib.sha256(key.encode()).digest(),
        "actor_ref": actor.ref,
        "customer_ref": member.customer_id,
        "context": {"corrects": str(earn.transaction_id), "tier_code": correction.tier_code},
        "causation_id": causation_id,
    }
    if earn.is_waiting:
        receipt = _post_waiting(correction, change, said, now)
    else:
        posting = ledger.AdjustPosting(
            **said,
            program_version_ref=str(earn.plan.version_id),
            account_id=earn.account_id,
            points_change=change,
            reason_code=REASON_CODE,
            occurred_at=earn.occurred_at,
            expires_at=correction.expires_at if change > 0 else None,
            spendable_until=correction.spendable_until if change > 0 else None,
        )
        receipt = ledger.adjust(posting, now=now)
    return 0 if receipt.is_replay else change


def _post_waiting(correction: Correction, change: int, said: dict[str, Any], now: datetime) -> ledger.Receipt:
    """Correct an earn that is still pending: more that waits as long, or less of it."""
    earn = correction.earn
    # What it moved is not told by an entry, as long as it waits.
    said = said | {"context": {**said["context"], "points_change": change}}
    if change < 0:
        cancel = ledger.CancelPosting(
            **said, cancels=earn.transaction_id, points_amount=-change, occurred_at=now, reason=REASON_CODE
        )
        return ledger.cancel(cancel, now=now)
    more = ledger.EarnPosting(
        **said,
        program_version_ref=str(earn.plan.version_id),
        account_id=earn.account_id,
        points_amount=change,
        occurred_at=earn.occurred_at,
        expires_at=correction.expires_at,
        spendable_until=correction.spendable_until,
        is_pending=True,
        activates_at=earn.activates_at,
    )
    return ledger.earn(more, now=now)
