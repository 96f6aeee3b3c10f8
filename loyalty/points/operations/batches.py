"""Earning for hundreds of purchases in one ledger statement."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from loyalty.customers import api as customers
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import Refusal
from loyalty.ledger import api as ledger
from loyalty.points import policy, queries
from loyalty.points.contracts import EarnLine, EarnRequest, EarnVerdict, MemberFacts, MemberRef
from loyalty.points.errors import MemberUnknown, NotAMember
from loyalty.points.operations.earning import (
    decide,
    earlier_nothing,
    find_earlier_answer,
    nothings_by_key,
    posting_of,
    receipt_of,
    remember_nothing,
)
from loyalty.points.operations.members import check_named_once, enroll_members
from loyalty.programs import api as programs

History = list[tuple[datetime, programs.ProgramPlan]]


@dataclass(slots=True)
class Surroundings:
    """What the lines of a batch need to be decided, read in a few statements for all of them."""

    histories: dict[uuid.UUID, History]
    by_account: dict[uuid.UUID, MemberFacts]
    by_customer: dict[tuple[uuid.UUID, uuid.UUID], MemberFacts]
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
            return found
        customer_id = self.customer_ids.get(ref.customer_ref or str(ref.customer_id))
        if customer_id is None:
            raise MemberUnknown("There is no such customer.")
        if ref.program_id not in self.histories:
            raise programs.ProgramNotFound()
        found = self.by_customer.get((customer_id, ref.program_id))
        if found is None:
            raise NotAMember("The customer is not a member of this program.")
        return found


@transaction.atomic
def earn_batch(*, requests: Sequence[EarnRequest], actor: Actor, now: datetime) -> list[EarnLine]:
    """Earn for many purchases with the meaning of single earns; a refused line does not stop the others.

    :raises BatchInvalid: more lines than the ledger takes at once.
    """
    around = _look_around(requests, actor, now)
    nothing_before = nothings_by_key([request.key for request in requests])
    answers: list[EarnLine | None] = [None] * len(requests)
    postings: list[tuple[int, ledger.EarnPosting]] = []
    for place, request in enumerate(requests):
        try:
            earlier = earlier_nothing(request.key, nothing_before)
            if earlier is not None:
                answers[place] = EarnLine(receipt=earlier)
                continue
            prepared = _prepare(request, around, actor, now)
        except Refusal as refusal:
            answers[place] = _earlier(request) or EarnLine(receipt=None, code=refusal.code, message=refusal.detail)
            continue
        if isinstance(prepared, ledger.EarnPosting):
            postings.append((place, prepared))
        else:
            answers[place] = _earlier(request) or _nothing(request, *prepared)
    posted = ledger.earn_batch([posting for _, posting in postings], now=now)
    for (place, _), line in zip(postings, posted, strict=True):
        answers[place] = (
            EarnLine(receipt=receipt_of(line.receipt))
            if line.receipt is not None
            else EarnLine(receipt=None, code=line.refusal_code or "", message="The ledger refused this line.")
        )
    lines = [answer for answer in answers if answer is not None]
    _audit(lines, actor, now)
    return lines


def _prepare(
    request: EarnRequest, around: Surroundings, actor: Actor, now: datetime
) -> ledger.EarnPosting | tuple[MemberFacts, EarnVerdict]:
    policy.check_occurred_at(request.occurred_at, now)
    member = around.member_of(request.member)
    plan = programs.plan_at(around.histories[member.program_id], request.occurred_at)
    verdict = decide(request, plan, member, now)
    return posting_of(request, member, verdict, actor) if verdict.points else (member, verdict)


def _nothing(request: EarnRequest, member: MemberFacts, verdict: EarnVerdict) -> EarnLine:
    trace = verdict.trace
    return EarnLine(receipt=remember_nothing(request.key, member, trace, request.occurred_at, tier=trace["tier"]))


def _earlier(request: EarnRequest) -> EarnLine | None:
    """Give the answer that a line's key got before; a key that was used for something else is a refusal of its own."""
    try:
        with transaction.atomic():
            found = find_earlier_answer(request.key)
    except Refusal as refusal:
        return EarnLine(receipt=None, code=refusal.code, message=refusal.detail)
    return EarnLine(receipt=found) if found else None


def _look_around(requests: Sequence[EarnRequest], actor: Actor, now: datetime) -> Surroundings:
    refs = [request.member for request in requests]
    by_account = queries.list_members([ref.account_id for ref in refs if ref.account_id is not None])
    customer_ids = _customer_ids(refs)
    wanted = {ref.program_id for ref in refs if ref.program_id} | {one.program_id for one in by_account.values()}
    histories: dict[uuid.UUID, History] = {}
    for program_id in wanted:
        try:
            histories[program_id] = programs.list_plan_history(program_id)
        except programs.ProgramNotFound:
            continue
    pairs = [
        (customer_ids[name], ref.program_id)
        for ref in refs
        if ref.program_id in histories and (name := ref.customer_ref or str(ref.customer_id)) in customer_ids
    ]
    known = queries.list_members_of(pairs)
    missing = [pair for pair in dict.fromkeys(pairs) if pair not in known]
    for program_id in sorted({program for _, program in missing}):
        plan = histories[program_id][-1][1]
        if plan.enrollment is programs.Enrollment.AUTOMATIC and programs.is_open(plan, now):
            ids = [customer for customer, program in missing if program == program_id]
            enroll_members(program_id=program_id, customer_ids=ids, actor=actor, now=now)
    if missing:
        known |= queries.list_members_of(missing)
    return Surroundings(histories=histories, by_account=by_account, by_customer=known, customer_ids=customer_ids)


def _customer_ids(refs: Sequence[MemberRef]) -> dict[str, uuid.UUID]:
    """Give the ids of the customers that are named, by the name that was used."""
    by_id = [ref.customer_id for ref in refs if ref.customer_id is not None]
    found = {str(view.id): view.id for view in customers.list_customers(by_id)} if by_id else {}
    names = sorted({ref.customer_ref for ref in refs if ref.customer_ref})
    return found | queries.list_customer_ids(names) if names else found


def _audit(lines: Sequence[EarnLine], actor: Actor, now: datetime) -> None:
    earned = [line.receipt for line in lines if line.receipt and line.receipt.transaction_id]
    fresh = [receipt for receipt in earned if not receipt.is_replay]
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
