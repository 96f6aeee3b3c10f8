"""Verbs for hundreds of lines in one transaction: what can be posted together is, a refused line stops nobody."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.db import OperationalError, connection, transaction

from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import Refusal
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.ledger import api as ledger
from loyalty.points.contracts import Answer, Line

Request = TypeVar("Request")
Posting = TypeVar("Posting")
# Serialization failure and deadlock: nothing was done, and the same lines may well succeed.
TRANSIENT_STATES = frozenset({"40001", "40P01"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb(Generic[Request, Posting, Answer]):
    """How lines of one verb are done.

    ``decide`` gives what to post for a line, or None where it has to be done by itself after those before it: ``alone``
    is then the single call. ``post`` is the ledger's set form, whose receipts ``read`` turns into answers. ``earlier``
    gives the answer that a line's key got before; it is asked where ``decide`` refuses.
    """

    act: str
    decide: Callable[[Request], Posting | None]
    alone: Callable[[Request], Answer]
    post: Callable[[Sequence[Posting]], Sequence[ledger.BatchLine | ledger.HoldLine]]
    read: Callable[[Any, Request], Answer]
    earlier: Callable[[Request], Answer | None]


@dataclass(slots=True)
class _Posted:
    """What the set form posted anew, for the one audit row of a batch."""

    count: int = 0
    points: int = 0
    first: str = ""

    def add(self, receipt: ledger.Receipt | ledger.HoldReceipt) -> None:
        """Count a receipt."""
        if not receipt.is_replay:
            of = receipt.hold_id if isinstance(receipt, ledger.HoldReceipt) else receipt.transaction_id
            self.count, self.points, self.first = (
                self.count + 1, self.points + receipt.points_amount, self.first or str(of),
            )  # fmt: skip


def in_one_transaction(act: Callable[[], list[Line[Answer]]]) -> list[Line[Answer]]:
    """Do lines in one transaction; when others were in the way and nothing was done, once more."""
    try:
        with transaction.atomic():
            return act()
    except OperationalError as fault:
        if getattr(fault.__cause__, "sqlstate", "") not in TRANSIENT_STATES or connection.in_atomic_block:
            raise
    with transaction.atomic():
        return act()


def do_lines(
    requests: Sequence[Request], verb: Verb[Request, Posting, Answer], *, actor: Actor, now: datetime
) -> list[Line[Answer]]:
    """Do the lines in their order and give their answers; the caller holds the transaction."""
    answers: dict[int, Line[Answer]] = {}
    waiting: list[tuple[int, Posting]] = []
    posted = _Posted()
    for place, request in enumerate(requests):
        try:
            posting = verb.decide(request)
        except Refusal as refusal:
            answers[place] = _earlier(request, verb, refusal)
            continue
        if posting is None:
            _post(requests, waiting, answers, verb, posted)
            answers[place] = _alone(request, verb)
        else:
            waiting.append((place, posting))
    _post(requests, waiting, answers, verb, posted)
    maybe_fail("batch.posted")
    if posted.count:
        audit.record(
            actor=actor, act=verb.act, subject_kind="ledger", subject_ref="batch", at=now,
            after={"transactions": posted.count, "points_amount": posted.points, "first_transaction_id": posted.first},
        )  # fmt: skip
    return [answers[place] for place in range(len(requests))]


def _post(
    requests: Sequence[Request],
    waiting: list[tuple[int, Posting]],
    answers: dict[int, Line[Answer]],
    verb: Verb[Request, Posting, Answer],
    posted: _Posted,
) -> None:
    if not waiting:
        return
    lines = verb.post([posting for _, posting in waiting])
    for (place, _), line in zip(waiting, lines, strict=True):
        if line.receipt is None:
            answers[place] = Line(
                receipt=None,
                code=line.refusal_code or "",
                message=line.refusal_detail,
                facts=line.refusal_facts,
            )
        else:
            posted.add(line.receipt)
            answers[place] = Line(receipt=verb.read(line.receipt, requests[place]))
    waiting.clear()


def _alone(request: Request, verb: Verb[Request, Posting, Answer]) -> Line[Answer]:
    try:
        with transaction.atomic():
            return Line(receipt=verb.alone(request))
    except Refusal as refusal:
        return _refused(refusal)


def _earlier(request: Request, verb: Verb[Request, Posting, Answer], refusal: Refusal) -> Line[Answer]:
    """Give the answer that a line's key got before; a key that was used for something else is a refusal of its own."""
    try:
        with transaction.atomic():
            found = verb.earlier(request)
    except Refusal as reused:
        return _refused(reused)
    return Line(receipt=found) if found is not None else _refused(refusal)


def _refused(refusal: Refusal) -> Line[Any]:
    return Line(receipt=None, code=refusal.code, message=refusal.detail, facts=refusal.facts)
