"""Earning for hundreds of purchases in one ledger statement."""

import uuid
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from django.db import transaction

from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import Refusal
from loyalty.ledger import api as ledger
from loyalty.points import policy, queries
from loyalty.points.contracts import EarnLine, EarnRequest, EarnVerdict, MemberFacts, MemberRef
from loyalty.points.errors import MemberUnknown, NotAMember
from loyalty.points.operations.deciding import (
    account_for,
    decide,
    is_purchase,
    key_for,
    other_wallets_of,
    posting_of,
    receipt_of,
    wallet_receipt_of,
)
from loyalty.points.operations.earning import (
    GivenMeanwhile,
    find_earlier_answer,
    nothing_again,
    nothing_of,
    remember_given,
    replayed,
)
from loyalty.points.operations.members import check_named_once, enroll_members
from loyalty.points.operations.nothing import nothings_by_key
from loyalty.points.operations.surroundings import customer_ids_of
from loyalty.points.queries import Seen
from loyalty.programs import api as programs
from loyalty.programs.contracts import WALLET_MAIN

# An account, or a customer in a program.
Name = TypeVar("Name", bound=Hashable)


@dataclass(slots=True)
class Surroundings:
    """What the lines of a batch need to be decided, read in a few statements for all of them."""

    histories: dict[uuid.UUID, queries.History]
    by_account: dict[uuid.UUID, Seen]
    by_customer: dict[tuple[uuid.UUID, uuid.UUID], Seen]
    customer_ids: dict[str, uuid.UUID]

    def member_of(self, ref: MemberRef) -> MemberFacts:
        """Give the member that a line means.

        :raises MemberNotNamed, MemberUnknown, NotAMember, AccountNotFound, ProgramNotFound: nobody is meant.
        """
        check_named_once(ref)
        if ref.account_id is not None:
            found = self.by_account.get(ref.account_id)
            if found is None:
                raise ledger.AccountNotFound("There is no such account.", account_id=str(ref.account_id))
            return found.member
        customer_id = self.customer_ids.get(ref.customer_ref or str(ref.customer_id))
        if customer_id is None:
            raise MemberUnknown("There is no such customer.")
        if ref.program_id not in self.histories:
            raise programs.ProgramNotFound()
        found = self.by_customer.get((customer_id, ref.program_id))
        if found is None:
            raise NotAMember("The customer is not a member of this program.")
        return found.member


@dataclass(slots=True)
class Line:
    """A line on its way: the request, whom it means and by which version, and what was decided or answered."""

    request: EarnRequest
    member: MemberFacts | None = None
    plan: programs.ProgramPlan | None = None
    verdict: EarnVerdict | None = None
    answer: EarnLine | None = None


def earn_batch(*, requests: Sequence[EarnRequest], actor: Actor, now: datetime) -> list[EarnLine]:
    """Earn for many purchases with the meaning of single earns; a refused line does not stop the others.

    Points go to other wallets in a second statement, for the lines whose first posting was taken.

    :raises BatchInvalid: more lines than the ledger takes at once.
    """
    try:
        with transaction.atomic():
            return _earn_batch(requests, actor, now)
    except GivenMeanwhile:
        with transaction.atomic():
            return _earn_batch(requests, actor, now)


def _earn_batch(requests: Sequence[EarnRequest], actor: Actor, now: datetime) -> list[EarnLine]:
    around = _look_around(requests, actor, now)
    lines = [Line(request) for request in requests]
    _answer_nothings(lines)
    _name(lines, around, now)
    _complete(lines, now)
    _decide(lines, now)
    _post(lines, actor, now)
    answers = [line.answer for line in lines if line.answer is not None]
    _audit(answers, actor, now)
    return answers


def _answer_nothings(lines: Sequence[Line]) -> None:
    kept = nothings_by_key([line.request.key for line in lines])
    for line in lines:
        try:
            earlier = nothing_again(line.request.key, kept)
        except Refusal as refusal:
            line.answer = _refused(refusal)
        else:
            line.answer = EarnLine(receipt=earlier) if earlier else None


def _name(lines: Sequence[Line], around: Surroundings, now: datetime) -> None:
    for line in lines:
        if line.answer is None:
            try:
                policy.check_occurred_at(line.request.occurred_at, now)
                line.member = around.member_of(line.request.member)
            except Refusal as refusal:
                line.answer = _earlier(line.request) or _refused(refusal)
            else:
                line.plan = programs.plan_at(around.histories[line.member.program_id], line.request.occurred_at)


def _complete(lines: Sequence[Line], now: datetime) -> None:
    open_lines = [line for line in lines if line.answer is None]
    asked = [
        (line.member, line.plan, line.request.occurred_at)
        for line in open_lines
        if line.member is not None and line.plan is not None
    ]
    for line, member in zip(open_lines, queries.complete(asked, now=now), strict=True):
        line.member = member


def _decide(lines: Sequence[Line], now: datetime) -> None:
    """Decide line by line; what earlier lines gave once or counted as a purchase is known to later ones."""
    given: dict[uuid.UUID, set[str]] = {}
    bought: dict[uuid.UUID, int] = {}
    for line in lines:
        if line.answer is not None or line.member is None or line.plan is None:
            continue
        account = line.member.account_id
        line.member = replace(
            line.member,
            rules_given=line.member.rules_given | given.get(account, set()),
            purchase_count=line.member.purchase_count + bought.get(account, 0),
        )
        try:
            line.verdict = decide(line.request, line.plan, line.member, now)
        except Refusal as refusal:
            line.answer = _earlier(line.request) or _refused(refusal)
            continue
        given.setdefault(account, set()).update(code for one in line.verdict.wallets for code in one.rules_once)
        if is_purchase(line.request):
            bought[account] = bought.get(account, 0) + 1
        if not line.verdict.main.points:
            line.answer = _earlier(line.request)
            if line.answer is None and not other_wallets_of(line.verdict):
                line.answer = EarnLine(receipt=nothing_of(line.request, line.member, line.verdict.main, is_told=True))


def _post(lines: Sequence[Line], actor: Actor, now: datetime) -> None:
    """Post the first wallet of every line, then the others of those that were taken; keep what gave once."""
    firsts = [line for line in lines if line.answer is None and line.verdict is not None and line.verdict.main.points]
    opened = _open_wallets(lines, now)
    for line in firsts:
        others = other_wallets_of(line.verdict) if line.verdict else []
        if others and line.verdict:
            line.verdict.main.trace["other_wallets"] = others
    posted = ledger.earn_batch([_posting(line, 0, opened, actor) for line in firsts], now=now)
    for line, one in zip(firsts, posted, strict=True):
        if one.receipt is None:
            line.answer = _refused_by_ledger(one)
        elif one.receipt.is_replay:
            line.answer = EarnLine(receipt=replayed(one.receipt, line.request.key))
        else:
            line.answer = EarnLine(receipt=receipt_of(one.receipt))
    fresh = [line for line in lines if line.verdict and (line.answer is None or _is_fresh(line.answer))]
    _post_others(fresh, opened, actor, now)
    remember_given(
        [
            (line.member.account_id, code)
            for line in fresh
            if line.member and line.verdict
            for one in line.verdict.wallets
            for code in one.rules_once
        ],
        now,
    )


def _post_others(
    lines: Sequence[Line], opened: dict[str, dict[uuid.UUID, uuid.UUID]], actor: Actor, now: datetime
) -> None:
    places = [
        (line, place)
        for line in lines
        if line.verdict
        for place, one in enumerate(line.verdict.wallets)
        if place and one.points
    ]
    if not places:
        return
    posted = ledger.earn_batch([_posting(line, place, opened, actor) for line, place in places], now=now)
    by_line: dict[int, list[ledger.Receipt]] = {}
    for (line, _), one in zip(places, posted, strict=True):
        if one.receipt is not None:
            by_line.setdefault(id(line), []).append(one.receipt)
        elif line.answer is None:
            line.answer = _refused_by_ledger(one)
    for line in lines:
        others = tuple(wallet_receipt_of(receipt) for receipt in by_line.get(id(line), ()))
        if others and line.answer is None and line.member and line.verdict:
            line.verdict.main.trace["other_wallets"] = [one.wallet for one in others]
            line.answer = EarnLine(receipt=nothing_of(line.request, line.member, line.verdict.main, is_told=False))
        if others and line.answer is not None and line.answer.receipt is not None:
            line.answer = EarnLine(receipt=replace(line.answer.receipt, other_wallets=others))


def _posting(line: Line, place: int, opened: dict[str, dict[uuid.UUID, uuid.UUID]], actor: Actor) -> ledger.EarnPosting:
    if line.member is None or line.verdict is None:
        raise ValueError("only decided lines are posted")
    verdict, member = line.verdict.wallets[place], line.member
    owned = {wallet: owners[member.customer_id] for wallet, owners in opened.items() if member.customer_id in owners}
    first = next(n for n, one in enumerate(line.verdict.wallets) if one.points)
    return posting_of(
        line.request, member, verdict, account_id=account_for(member, verdict.wallet, owned),
        key=key_for(line.request, place, verdict),
        counts_purchase=place == first and is_purchase(line.request), actor=actor,
    )  # fmt: skip


def _open_wallets(lines: Sequence[Line], now: datetime) -> dict[str, dict[uuid.UUID, uuid.UUID]]:
    """Open the accounts of other wallets in sets, by wallet and owner."""
    wanted: dict[tuple[str, uuid.UUID], list[uuid.UUID]] = {}
    for line in lines:
        if line.answer is None and line.member and line.verdict:
            for one in line.verdict.wallets:
                if one.wallet != WALLET_MAIN and one.points:
                    wanted.setdefault((one.wallet, line.member.program_id), []).append(line.member.customer_id)
    opened: dict[str, dict[uuid.UUID, uuid.UUID]] = {}
    for (wallet, program_id), owners in sorted(wanted.items(), key=lambda item: str(item[0])):
        found = ledger.open_accounts(owner_refs=owners, program_ref=program_id, wallet=wallet, now=now)
        opened.setdefault(wallet, {}).update(found)
    return opened


def _is_fresh(answer: EarnLine) -> bool:
    receipt = answer.receipt
    return receipt is not None and receipt.transaction_id is not None and not receipt.is_replay


def _refused(refusal: Refusal) -> EarnLine:
    return EarnLine(receipt=None, code=refusal.code, message=refusal.detail, facts=refusal.facts)


def _refused_by_ledger(line: ledger.BatchLine) -> EarnLine:
    return EarnLine(receipt=None, code=line.refusal_code or "", message=line.refusal_detail, facts=line.refusal_facts)


def _earlier(request: EarnRequest) -> EarnLine | None:
    """Give the answer that a line's key got before; a key that was used for something else is a refusal of its own."""
    try:
        with transaction.atomic():
            found = find_earlier_answer(request.key)
    except Refusal as refusal:
        return _refused(refusal)
    return EarnLine(receipt=found) if found else None


def _look_around(requests: Sequence[EarnRequest], actor: Actor, now: datetime) -> Surroundings:
    refs = [request.member for request in requests]
    by_account = queries.list_seen([ref.account_id for ref in refs if ref.account_id is not None])
    customer_ids = customer_ids_of(refs)
    wanted = {ref.program_id for ref in refs if ref.program_id} | {one.member.program_id for one in by_account.values()}
    histories = queries.get_histories(wanted)
    pairs = [
        (customer_ids[name], ref.program_id)
        for ref in refs
        if ref.program_id in histories and (name := ref.customer_ref or str(ref.customer_id)) in customer_ids
    ]
    known = queries.list_seen_of(pairs)
    missing = [pair for pair in dict.fromkeys(pairs) if pair not in known]
    for program_id in sorted({program for _, program in missing}):
        plan = programs.plan_at(histories[program_id], now)
        if plan.enrollment is programs.Enrollment.AUTOMATIC and programs.is_open(plan, now):
            ids = [customer for customer, program in missing if program == program_id]
            enroll_members(program_id=program_id, customer_ids=ids, actor=actor, now=now)
    if missing:
        known |= queries.list_seen_of(missing)
    return Surroundings(
        histories=histories,
        by_account=_with_heirs(by_account),
        by_customer=_with_heirs(known),
        customer_ids=customer_ids,
    )


def _with_heirs(seen: dict[Name, Seen]) -> dict[Name, Seen]:
    """Let those stand whose accounts others were merged into."""
    heirs = {name: heir for name, one in seen.items() if (heir := queries.find_heir(one.member))}
    standing = queries.list_seen(list(heirs.values()))
    return seen | {name: standing[heir] for name, heir in heirs.items() if heir in standing}


def _audit(lines: Sequence[EarnLine], actor: Actor, now: datetime) -> None:
    fresh = [line.receipt for line in lines if line.receipt and _is_fresh(line)]
    if fresh:
        audit.record(
            actor=actor,
            act="points.earn",
            subject_kind="ledger",
            subject_ref="batch",
            at=now,
            after={
                "transactions": len(fresh),
                "points_amount": sum(receipt.points_amount for receipt in fresh),
                "first_transaction_id": str(fresh[0].transaction_id),
            },
        )
