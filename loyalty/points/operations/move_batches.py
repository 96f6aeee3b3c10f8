"""Burns, transfers, adjustments, holds, captures, releases and reversals for hundreds of lines."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.rules import api as rules
from loyalty.ledger import api as ledger
from loyalty.points import policy
from loyalty.points.contracts import (
    AdjustRequest,
    BurnReceipt,
    BurnRequest,
    EndHoldRequest,
    HoldRequest,
    Line,
    Movement,
    ReverseRequest,
    TransferRequest,
)
from loyalty.points.operations.adjusting import adjust, adjust_movement, adjust_posting, refuse_waiting
from loyalty.points.operations.holding import capture, capture_posting, hold, hold_posting, release, release_posting
from loyalty.points.operations.keys import find_earlier
from loyalty.points.operations.lines import Verb, do_lines, in_one_transaction
from loyalty.points.operations.reversing import has_other_wallets, movement_of, reverse, reverse_posting
from loyalty.points.operations.spending import burn, burn_posting, burn_receipt, check_own
from loyalty.points.operations.surroundings import look_around
from loyalty.points.operations.transferring import transfer, transfer_movement, transfer_posting
from loyalty.points.policy import moving
from loyalty.programs import api as programs


def burn_batch(*, requests: Sequence[BurnRequest], actor: Actor, now: datetime) -> list[Line[BurnReceipt]]:
    """Burn for many lines with the meaning of single burns in this order; a refused line does not stop the others.

    One that spends for a household is done by itself, because its daily limit is counted with it.

    :raises BatchInvalid: more lines than the ledger takes at once.
    """

    def act() -> list[Line[BurnReceipt]]:
        around = look_around(now=now, refs=[one.member for one in requests if one.pool_id is None])
        met = _Met()

        def decide(request: BurnRequest) -> ledger.BurnPosting | None:
            if request.pool_id is not None:
                return None
            policy.check_occurred_at(request.occurred_at, now)
            member = around.member_of(request.member)
            check_own(member)
            plan = around.plan_of(member.program_id, request.occurred_at)
            if met.is_in_doubt(plan, member.account_id):
                return None
            return burn_posting(request, member, None, plan, actor, now)

        verb: Verb[BurnRequest, ledger.BurnPosting, BurnReceipt] = Verb(
            act="points.burn",
            decide=decide,
            alone=lambda request: burn(request=request, actor=actor, now=now),
            post=lambda postings: ledger.burn_batch(postings, now=now),
            read=lambda posted, _: burn_receipt(posted),
            earlier=lambda request: _read_earlier(find_earlier(request.key)),
        )
        return do_lines(requests, verb, actor=actor, now=now)

    return in_one_transaction(act)


def transfer_batch(*, requests: Sequence[TransferRequest], actor: Actor, now: datetime) -> list[Line[Movement]]:
    """Transfer for many lines with the meaning of single transfers in this order; a refused line stops no other.

    One out of a household is done by itself, because the spender's daily limit is counted with it.

    :raises BatchInvalid: more lines than the ledger takes at once.
    """

    def act() -> list[Line[Movement]]:
        ids = [one for request in requests for one in (request.from_account_id, request.to_account_id)]
        around = look_around(now=now, account_ids=ids)

        def decide(request: TransferRequest) -> ledger.TransferPosting | None:
            sender, taker = around.account(request.from_account_id), around.account(request.to_account_id)
            if sender.kind == "pool":
                return None
            plan = around.plan_of(sender.program_id, now)
            return transfer_posting(request, sender, taker, None, plan, actor, now)

        def earlier(request: TransferRequest) -> Movement | None:
            found = find_earlier(request.key)
            return transfer_movement(found) if found else None

        verb: Verb[TransferRequest, ledger.TransferPosting, Movement] = Verb(
            act="points.transfer",
            decide=decide,
            alone=lambda request: transfer(request=request, actor=actor, now=now),
            post=lambda postings: ledger.transfer_batch(postings, now=now),
            read=lambda posted, _: transfer_movement(posted),
            earlier=earlier,
        )
        return do_lines(requests, verb, actor=actor, now=now)

    return in_one_transaction(act)


def adjust_batch(*, requests: Sequence[AdjustRequest], actor: Actor, now: datetime) -> list[Line[Movement]]:
    """Adjust for many lines with the meaning of single adjustments in this order; a refused line stops no other.

    :raises BatchInvalid: more lines than the ledger takes at once.
    """

    def act() -> list[Line[Movement]]:
        # As in the single call, an account that was merged is meant itself, and refuses.
        around = look_around(now=now, account_ids=[one.account_id for one in requests], is_following=False)

        def decide(request: AdjustRequest) -> ledger.AdjustPosting:
            account = around.account(request.account_id)
            plan = around.plan_of(account.program_id, now)
            return adjust_posting(refuse_waiting(request, account, plan, actor, now), account, plan, actor, now)

        def earlier(request: AdjustRequest) -> Movement | None:
            found = find_earlier(request.key)
            return adjust_movement(found, request) if found else None

        verb: Verb[AdjustRequest, ledger.AdjustPosting, Movement] = Verb(
            act="points.adjust",
            decide=decide,
            alone=lambda request: adjust(request=request, actor=actor, now=now),
            post=lambda postings: ledger.adjust_batch(postings, now=now),
            read=adjust_movement,
            earlier=earlier,
        )
        return do_lines(requests, verb, actor=actor, now=now)

    return in_one_transaction(act)


def hold_batch(*, requests: Sequence[HoldRequest], actor: Actor, now: datetime) -> list[Line[ledger.HoldReceipt]]:
    """Hold for many lines with the meaning of single holds in this order; a refused line does not stop the others.

    :raises BatchInvalid: more lines than the ledger takes at once.
    """

    def act() -> list[Line[ledger.HoldReceipt]]:
        around = look_around(now=now, refs=[one.member for one in requests if one.pool_id is None])

        def decide(request: HoldRequest) -> ledger.HoldPosting | None:
            if request.pool_id is not None:
                return None
            moving.check_hold_until(request.expires_at, now)
            member = around.member_of(request.member)
            plan = around.plan_of(member.program_id, now)
            return hold_posting(request, member.account_id, member.wallet, None, plan, actor, now)

        verb: Verb[HoldRequest, ledger.HoldPosting, ledger.HoldReceipt] = Verb(
            act="points.hold",
            decide=decide,
            alone=lambda request: hold(request=request, actor=actor, now=now),
            post=lambda postings: ledger.hold_batch(postings, now=now),
            read=lambda posted, _: posted,
            earlier=lambda request: ledger.find_hold_receipt(
                idempotency_scope=request.key.scope,
                idempotency_key=request.key.key,
                request_hash=request.key.request_hash,
            ),
        )
        return do_lines(requests, verb, actor=actor, now=now)

    return in_one_transaction(act)


def capture_batch(*, requests: Sequence[EndHoldRequest], actor: Actor, now: datetime) -> list[Line[BurnReceipt]]:
    """Capture many holds with the meaning of single captures in this order; a refused line stops no other.

    :raises BatchInvalid: more lines than the ledger takes at once.
    """

    def act() -> list[Line[BurnReceipt]]:
        holds = ledger.list_holds_named([one.hold_id for one in requests])
        ids = [one.account_id for one in holds.values()]
        around, met = look_around(now=now, account_ids=ids, is_following=False), _Met()

        def decide(request: EndHoldRequest) -> ledger.CapturePosting | None:
            held = holds.get(request.hold_id)
            if held is None:
                raise ledger.HoldNotFound(hold_id=str(request.hold_id))
            member = around.account(held.account_id)
            plan = around.plan_of(member.program_id, now)
            if met.is_in_doubt(plan, member.account_id):
                return None
            return capture_posting(request, held, member, plan, actor, now)

        verb: Verb[EndHoldRequest, ledger.CapturePosting, BurnReceipt] = Verb(
            act="points.hold",
            decide=decide,
            alone=lambda request: capture(request=request, actor=actor, now=now),
            post=lambda postings: ledger.capture_batch(postings, now=now),
            read=lambda posted, _: burn_receipt(posted),
            earlier=lambda request: _read_earlier(find_earlier(request.key)),
        )
        return do_lines(requests, verb, actor=actor, now=now)

    return in_one_transaction(act)


def release_batch(*, requests: Sequence[EndHoldRequest], actor: Actor, now: datetime) -> list[Line[ledger.HoldReceipt]]:
    """Release many holds with the meaning of single releases in this order; a refused line stops no other.

    :raises BatchInvalid: more lines than the ledger takes at once.
    """

    def act() -> list[Line[ledger.HoldReceipt]]:
        verb: Verb[EndHoldRequest, ledger.ReleasePosting, ledger.HoldReceipt] = Verb(
            act="points.hold",
            decide=lambda request: release_posting(request, actor, now),
            alone=lambda request: release(request=request, actor=actor, now=now),
            post=lambda postings: ledger.release_batch(postings, now=now),
            read=lambda posted, _: posted,
            earlier=lambda _: None,
        )
        return do_lines(requests, verb, actor=actor, now=now)

    return in_one_transaction(act)


def reverse_batch(*, requests: Sequence[ReverseRequest], actor: Actor, now: datetime) -> list[Line[Movement]]:
    """Reverse for many lines with the meaning of single reversals in this order; a refused line stops no other.

    One by line of a purchase, or of a purchase with other wallets, is done by itself.

    :raises BatchInvalid: more lines than the ledger takes at once.
    """

    def act() -> list[Line[Movement]]:
        firsts = ledger.list_transactions_named([one.transaction_id for one in requests])
        around = look_around(now=now, program_ids=[one.program_ref for one in firsts.values()])

        def decide(request: ReverseRequest) -> ledger.ReversePosting | None:
            first = firsts.get(request.transaction_id)
            if first is None:
                raise ledger.TransactionNotFound(transaction_id=str(request.transaction_id))
            if request.lines or request.points is None and has_other_wallets(first):
                return None
            plan = around.plan_of(first.program_ref, now)
            return reverse_posting(request, first, plan, request.points, {}, actor, now)

        def earlier(request: ReverseRequest) -> Movement | None:
            found = find_earlier(request.key)
            return movement_of(found) if found else None

        verb: Verb[ReverseRequest, ledger.ReversePosting, Movement] = Verb(
            act="points.reverse",
            decide=decide,
            alone=lambda request: reverse(request=request, actor=actor, now=now),
            post=lambda postings: ledger.reverse_batch(postings, now=now),
            read=lambda posted, _: movement_of(posted),
            earlier=earlier,
        )
        return do_lines(requests, verb, actor=actor, now=now)

    return in_one_transaction(act)


class _Met:
    """The accounts of earlier lines: what a burn rule reads of their balance is known only when those are posted."""

    def __init__(self) -> None:
        self._accounts: set[uuid.UUID] = set()
        self._reading: dict[uuid.UUID, bool] = {}

    def is_in_doubt(self, plan: programs.ProgramPlan, account_id: uuid.UUID) -> bool:
        """Tell whether an earlier line has changed what the burn rule reads of this account; remember the account."""
        is_known = account_id in self._accounts
        self._accounts.add(account_id)
        return is_known and self._reads_balance(plan)

    def _reads_balance(self, plan: programs.ProgramPlan) -> bool:
        if plan.version_id not in self._reading:
            rule = plan.burn_rule
            fields = rules.uses_fields(rules.check(rule, programs.BURN_SCHEMA, expects="number")) if rule else ()
            self._reading[plan.version_id] = "points_balance" in fields
        return self._reading[plan.version_id]


def _read_earlier(found: ledger.Receipt | None) -> BurnReceipt | None:
    return burn_receipt(found) if found is not None else None
