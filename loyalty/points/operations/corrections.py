"""Corrections after a purchase that came to be known late: later earns become what they would have been in order."""

import hashlib
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

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
    earn's id in its context. What was corrected before counts, so calling it again changes nothing. Pending earns and
    points with ``counts_for_tier`` false are left as they are. Points that a correction would take and that are spent
    already stay with the member.

    :param account_id: the member's account.
    :param tier_timeline: from which instant (inclusive) which tier, ascending.
    :raises AccountNotFound: no member has this account.
    """
    seen = queries.list_seen([account_id]).get(account_id)
    if seen is None:
        raise ledger.AccountNotFound("No member has this account.", account_id=str(account_id))
    history = queries.get_history(seen.member.program_id, seen.edit_version)
    posted: list[int] = []
    for wallet, account in _accounts(seen.member, history).items():
        earns = _past_earns(account, wallet, history, since)
        corrections = policy.replay(earns, seen.member, since=since, tier_timeline=tier_timeline, now=now)
        posted += [_post(account, one, causation_id, actor, now) for one in corrections]
    changes = [change for change in posted if change]
    report = CorrectionReport(transactions_corrected=len(changes), points_change=sum(changes))
    if changes:
        audit.record(
            actor=actor, act="points.adjust", subject_kind="account", subject_ref=str(account_id), at=now,
            after={"transactions_corrected": len(changes), "points_change": report.points_change}, reason=REASON_CODE,
        )  # fmt: skip
    return report


def _accounts(member: MemberFacts, history: queries.History) -> dict[str, uuid.UUID]:
    """Give the member's accounts by wallet, as far as they exist."""
    wallets = {one.code for _, plan in history for one in plan.wallets} - {WALLET_MAIN}
    owned = {
        wallet: ledger.find_account(owner_ref=member.customer_id, program_ref=member.program_id, wallet=wallet)
        for wallet in sorted(wallets)
    }
    return {WALLET_MAIN: member.account_id} | {name: one.account_id for name, one in owned.items() if one}


def _past_earns(account_id: uuid.UUID, wallet: str, history: queries.History, since: datetime) -> list[PastEarn]:
    """Give the earns that a recomputation needs: those since the instant, and before it those of windows still open."""
    begin = _first_instant(history, since)
    earns = _transactions(account_id, ledger.TransactionKind.EARN, begin)
    corrected: dict[str, int] = {}
    for one in _transactions(account_id, ledger.TransactionKind.ADJUST, begin):
        corrects = (one.context or {}).get("corrects")
        if corrects:
            corrected[corrects] = corrected.get(corrects, 0) + one.points_change
    by_version = {str(plan.version_id): plan for _, plan in history}
    return [
        PastEarn(
            transaction_id=one.transaction_id,
            wallet=wallet,
            plan=by_version.get(one.program_version_ref) or programs.plan_at(history, one.occurred_at),
            occurred_at=one.occurred_at,
            recorded_at=one.recorded_at,
            points_granted=one.points_change,
            points_reversed=one.points_reversed,
            points_corrected=corrected.get(str(one.transaction_id), 0),
            trace=one.trace or {},
            context=one.context or {},
        )
        for one in earns
        if (one.context or {}).get("counts_for_tier") is not False and "activation" not in (one.trace or {})
    ]


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
    account_id: uuid.UUID, correction: Correction, causation_id: uuid.UUID | None, actor: Actor, now: datetime
) -> int:
    """Post one correction and give the points that it moved."""
    earn, change = correction.earn, correction.points_change
    if change < 0:
        change = max(change, -max(ledger.get_account(account_id).points_available, 0))
        if not change:
            return 0
    key = f"correct:{earn.transaction_id}:{causation_id or f'{earn.points_standing}:{change}'}"
    posting = ledger.AdjustPosting(
        account_id=account_id,
        points_change=change,
        reason_code=REASON_CODE,
        idempotency_scope=SCOPE,
        idempotency_key=key,
        request_hash=hashlib.sha256(key.encode()).digest(),
        occurred_at=earn.occurred_at,
        expires_at=correction.expires_at if change > 0 else None,
        spendable_until=correction.spendable_until if change > 0 else None,
        program_version_ref=str(earn.plan.version_id),
        actor_ref=actor.ref,
        context={"corrects": str(earn.transaction_id), "tier_code": correction.tier_code},
        causation_id=causation_id,
    )
    receipt = ledger.adjust(posting, now=now)
    return 0 if receipt.is_replay else change
