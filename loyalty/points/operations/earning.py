"""Earning: the rules decide, the ledger posts, and what earned nothing is remembered with its reason."""

import uuid
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime

from django.db import connection, transaction

from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import Refusal
from loyalty.foundation.orm import sql
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.ledger import api as ledger
from loyalty.points import policy, queries
from loyalty.points.contracts import (
    EarnReceipt,
    EarnRequest,
    EarnVerdict,
    Key,
    MemberFacts,
    MemberRef,
    WalletReceipt,
    WalletVerdict,
)
from loyalty.points.models import NothingEarned
from loyalty.points.operations.deciding import (
    account_for,
    decide,
    is_purchase,
    key_for,
    other_wallets_of,
    posting_of,
    receipt_of,
    told_trace,
    wallet_receipt_of,
)
from loyalty.points.operations.members import check_named_once, resolve_member
from loyalty.points.operations.nothing import earlier_nothing, nothings_by_key, remember_nothing
from loyalty.programs import api as programs
from loyalty.programs.contracts import WALLET_MAIN

GIVE = """
    INSERT INTO points_rule_given (account_public_id, rule_code, given_at)
    SELECT account, code, %s FROM unnest(%s::uuid[], %s::text[]) AS n (account, code)
    ORDER BY account, code ON CONFLICT DO NOTHING
"""


AUDITED = ("transaction_id", "points_amount", "points_balance", "points_lost_to_caps")


class NotSeen(Exception):
    """No member was seen; there may be a customer who becomes one."""


class GivenMeanwhile(Exception):
    """A rule that gives once gave in another transaction after this one had read that it had not."""


def earn(*, request: EarnRequest, actor: Actor, now: datetime) -> EarnReceipt:
    """Have a member earn for a purchase or another event, or give points directly.

    The same key with the same content gives the first answer again, whatever has changed since.

    :raises IdempotencyKeyReused: the key was used for another request.
    :raises MemberNotNamed, MemberUnknown, NotAMember, AccountNotFound, ProgramNotFound: nobody is meant.
    :raises ProgramNotActive, AccountNotActive, WalletUnknown: nothing is earned now, or not there.
    :raises OccurredAtRefused, AmountInvalid, PurchaseRefused, CurrencyMismatch: the purchase cannot be taken.
    :raises RuleResultInvalid, RuleFault: a rule of the program gives an impossible result.
    :raises CapReached: a cap that refuses has no room for it.
    """
    try:
        return _earn_known_or_new(request, actor, now)
    except GivenMeanwhile:
        # What the other transaction gave is visible now, so a second try decides without that rule.
        return _earn_known_or_new(request, actor, now)


def _earn_known_or_new(request: EarnRequest, actor: Actor, now: datetime) -> EarnReceipt:
    try:
        return _earn(request, actor, now, may_enroll=False)
    except NotSeen:
        # Whoever is taken in by a purchase leaves nothing behind when the purchase is refused.
        with transaction.atomic():
            return _earn(request, actor, now, may_enroll=True)


def _earn(request: EarnRequest, actor: Actor, now: datetime, *, may_enroll: bool) -> EarnReceipt:
    maybe_fail("earn.begun")
    try:
        member, plan, is_answered = _look(request, actor, now, may_enroll=may_enroll)
        if is_answered:
            earlier = nothing_again(request.key, nothings_by_key([request.key]))
            if earlier is not None:
                return earlier
        verdict = decide(request, plan, member, now)
    except Refusal:
        # What is refused today may have been done before under this key; then that answer stands.
        earlier = find_earlier_answer(request.key)
        if earlier is None:
            raise
        return earlier
    maybe_fail("earn.decided")
    if is_plain(verdict):
        return _post_plainly(request, member, verdict.main, actor, now)
    with transaction.atomic():
        return _post_with_all(request, member, verdict, actor, now)


def is_plain(verdict: EarnVerdict) -> bool:
    """Tell whether a verdict is one posting to the main wallet and nothing else: most of them are."""
    main = verdict.main
    return main.points > 0 and main.wallet == WALLET_MAIN and not main.rules_once and not other_wallets_of(verdict)


def _post_plainly(
    request: EarnRequest, member: MemberFacts, verdict: WalletVerdict, actor: Actor, now: datetime
) -> EarnReceipt:
    """Post to one wallet and write the audit row, in one statement: the shortest way to both."""
    posting = posting_of(
        request, member, verdict, account_id=account_for(member, WALLET_MAIN, {}), key=request.key.key,
        counts_purchase=is_purchase(request), actor=actor,
    )  # fmt: skip
    recording = audit.recording(
        actor=actor, act=_act_of(request), subject_kind="account", subject="account_id", after=AUDITED, at=now
    )
    # A refusal must leave the transaction of a caller usable; without one the statement is its own transaction.
    with transaction.atomic() if connection.in_atomic_block else nullcontext():
        posted = ledger.earn(posting, now=now, following=recording)
    maybe_fail("earn.posted_plainly")
    return replayed(posted, request.key) if posted.is_replay else receipt_of(posted)


def _post_with_all(
    request: EarnRequest, member: MemberFacts, verdict: EarnVerdict, actor: Actor, now: datetime
) -> EarnReceipt:
    """Post to every wallet, remember what rules gave, or that there was nothing."""
    if not verdict.main.points:
        # Nothing would be posted under the key itself, so nobody but us can see that it was used.
        earlier = find_earlier_answer(request.key)
        if earlier is not None:
            return earlier
        if not other_wallets_of(verdict):
            return nothing_of(request, member, verdict.main, is_told=True)
    receipt = _post(request, member, verdict, actor, now)
    maybe_fail("earn.posted")
    if not receipt.is_replay:
        remember_given([(member.account_id, code) for one in verdict.wallets for code in one.rules_once], now)
        _audit(receipt, request, actor, now)
        maybe_fail("earn.audited")
    return receipt


def _look(
    request: EarnRequest, actor: Actor, now: datetime, *, may_enroll: bool
) -> tuple[MemberFacts, programs.ProgramPlan, bool]:
    """Give who is meant, by which version, and whether the key got an answer of nothing; usually in one statement.

    :raises NotSeen: no member was found, and taking one in needs a transaction.
    """
    check_named_once(request.member)
    policy.check_occurred_at(request.occurred_at, now)
    seen = queries.find_seen(request.member, request.key)
    if seen is None:
        if not may_enroll:
            raise NotSeen
        found = resolve_member(request.member, may_enroll=True, actor=actor, now=now)
        named = replace(request.member, account_id=None, customer_ref="", customer_id=found.customer_id)
        seen = queries.find_seen(replace(named, program_id=found.program_id), request.key)
        if seen is None:
            raise ledger.AccountNotFound("Members earn, and their household through them.")
    heir = queries.find_heir(seen.member)
    if heir is not None:
        seen = queries.find_seen(MemberRef(account_id=heir), request.key) or seen
    history = queries.get_history(seen.member.program_id, seen.edit_version)
    plan = programs.plan_at(history, request.occurred_at)
    (member,) = queries.complete([(seen.member, plan, request.occurred_at)], now=now)
    return member, plan, seen.is_answered


def _post(request: EarnRequest, member: MemberFacts, verdict: EarnVerdict, actor: Actor, now: datetime) -> EarnReceipt:
    """Post what each wallet gets; the first one's answer is the request's, and a replay of it is a replay of all."""
    opened = _open_wallets(member, verdict.wallets, now)
    others = other_wallets_of(verdict)
    counts, first, receipts = is_purchase(request), None, list[WalletReceipt]()
    for place, one in enumerate(verdict.wallets):
        if not one.points:
            continue
        if place == 0 and others:
            one.trace["other_wallets"] = others
        account_id = account_for(member, one.wallet, opened)
        posting = posting_of(
            request, member, one, account_id=account_id, key=key_for(request, place, one),
            counts_purchase=counts, actor=actor,
        )  # fmt: skip
        posted, counts = ledger.earn(posting, now=now), False
        if place == 0:
            if posted.is_replay:
                return replayed(posted, request.key)
            first = posted
        else:
            receipts.append(wallet_receipt_of(posted))
    if first is not None:
        return receipt_of(first, tuple(receipts))
    verdict.main.trace["other_wallets"] = others
    # The purchase is told by the posting to another wallet.
    return replace(nothing_of(request, member, verdict.main, is_told=False), other_wallets=tuple(receipts))


def _open_wallets(member: MemberFacts, verdicts: Sequence[WalletVerdict], now: datetime) -> dict[str, uuid.UUID]:
    owner = member.customer_id
    return {
        one.wallet: ledger.open_accounts(owner_refs=[owner], program_ref=member.program_id, wallet=one.wallet, now=now)[
            owner
        ]
        for one in verdicts
        if one.wallet != WALLET_MAIN and one.points
    }


def nothing_of(request: EarnRequest, member: MemberFacts, verdict: WalletVerdict, *, is_told: bool) -> EarnReceipt:
    """Remember that a request earned nothing; ``is_told``: no posting tells of the purchase, so a fact does."""
    context = None
    if is_told and is_purchase(request) and request.amount is not None:
        amount = format(request.amount, "f")
        context = {**request.context, "transaction_amount": amount, "currency": request.currency}
    trace = told_trace(verdict.trace, 0, ())
    return remember_nothing(
        request.key,
        member,
        trace,
        request.occurred_at,
        tier=verdict.trace["tier"],
        context=context,
        causation_id=request.causation_id,
        correlation_id=request.correlation_id,
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
        return replayed(ledger.earn(again, now=posted.recorded_at), key)
    return nothing_again(key, nothings_by_key([key]))


def nothing_again(key: Key, kept: Mapping[tuple[str, str], NothingEarned]) -> EarnReceipt | None:
    """Give the answer of nothing that a key got before, with what went into other wallets; or None.

    :raises IdempotencyKeyReused: the key was used for another request.
    """
    earlier = earlier_nothing(key, kept)
    return earlier and replace(earlier, other_wallets=_others(earlier.trace, key))


def replayed(posted: ledger.Receipt, key: Key) -> EarnReceipt:
    """Give the first answer again, with what went into other wallets under the keys made of this one."""
    return receipt_of(posted, _others(posted.trace or {}, key))


def _others(trace: dict[str, object], key: Key) -> tuple[WalletReceipt, ...]:
    wallets = trace.get("other_wallets")
    found = [
        ledger.find_receipt(idempotency_scope=key.scope, idempotency_key=f"{key.key}:{wallet}")
        for wallet in (wallets if isinstance(wallets, list) else ())
    ]
    return tuple(wallet_receipt_of(one) for one in found if one is not None)


def remember_given(given: Sequence[tuple[uuid.UUID, str]], now: datetime) -> None:
    """Keep which rules gave what they give once in a membership, by the member's account.

    :raises GivenMeanwhile: another transaction was first with one of them.
    """
    if given:
        accounts, codes = [account for account, _ in given], [code for _, code in given]
        if sql.execute(GIVE, [now, accounts, codes]) < len(given):
            raise GivenMeanwhile


def _audit(receipt: EarnReceipt, request: EarnRequest, actor: Actor, now: datetime) -> None:
    audit.record(
        actor=actor,
        act=_act_of(request),
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


def _act_of(request: EarnRequest) -> str:
    return "points.earn" if request.points is None else "points.earn_direct"
