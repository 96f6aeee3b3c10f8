"""Any sequence of verbs on the real ledger against the model, with every invariant after each step."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from loyalty.foundation.kernel.errors import Refusal
from loyalty.ledger import api
from tests.ledger.book import NOW, Book, broken, open_book
from tests.ledger.model import ModelAccount, ModelTransaction, Refused

CAP = 150
POINTS = st.integers(1, 90)
WHICH = st.integers(0, 1)
# Steps that meet the very instants at which lots expire.
HOURS = st.sampled_from([0, 0, 12, 24])
Move = tuple[int, api.Receipt, ModelTransaction]


class LedgerMachine(RuleBasedStateMachine):
    """Two accounts of one program, real and modelled side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        first = open_book()
        self.books = [first, open_book(program_ref=first.program_ref)]
        self.models = [ModelAccount(), ModelAccount()]
        self.now = NOW
        self.moves: list[Move] = []
        self.calls: list[tuple[Callable[[], api.Receipt], api.Receipt]] = []

    def teardown(self) -> None:
        """Leave nothing behind."""
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def here(self, which: int) -> Book:
        """The real account at the machine's instant."""
        return dataclasses.replace(self.books[which], now=self.now)

    def both(self, real: Callable[[], api.Receipt], modelled: Callable[[], Any]) -> tuple[api.Receipt, Any] | None:
        """Do it on both sides; they refuse alike or answer both."""
        code = answer = None
        try:
            answer = modelled()
        except Refused as refused:
            code = str(refused)
        try:
            with transaction.atomic():
                receipt = real()
        except Refusal as refusal:
            assert refusal.code == code
            return None
        assert code is None, f"the model refuses with {code}, the ledger answered"
        self.calls.append((real, receipt))
        return receipt, answer

    @initialize(points=POINTS)
    def begin(self, points: int) -> None:
        """Begin with several lots to spend, so that burns and reversals cross from one to the next."""
        for days in (1, 3, None):
            self.earn(0, points, days, False)
            self.earn(1, 10, days, True)

    @rule(which=WHICH, points=POINTS, days=st.none() | st.integers(1, 3), is_capped=st.booleans())
    def earn(self, which: int, points: int, days: int | None, is_capped: bool) -> None:
        """Earn, perhaps with an expiry, perhaps under the daily cap."""
        book = self.here(which)
        posting = book.earn_posting(points, days=days, caps=book.cap(CAP) if is_capped else ())
        done = self.both(
            lambda: api.earn(posting, now=book.now),
            lambda: self.models[which].earn(
                points, self.now, posting.expires_at, str(self.now.date()), CAP if is_capped else None
            ),
        )
        assert done is not None
        receipt, move = done
        assert (receipt.points_amount, receipt.points_lost_to_caps) == (move.points, points - move.points)
        self.moves.append((which, receipt, move))

    @rule(which=WHICH, points=POINTS, hours=HOURS)
    def burn(self, which: int, points: int, hours: int) -> None:
        """Burn some time later, also more than there is, also when lots are due."""
        self.now += timedelta(hours=hours)
        book, key = self.here(which), f"burn-{len(self.calls)}-{self.now}-{points}-{which}"
        done = self.both(lambda: book.burn(points, key), lambda: self.models[which].burn(points, self.now))
        if done is not None:
            self.moves.append((which, *done))

    @precondition(lambda self: self.moves)
    @rule(data=st.data(), points=st.none() | st.integers(1, 40), hours=HOURS)
    def reverse(self, data: st.DataObject, points: int | None, hours: int) -> None:
        """Reverse something some time later, wholly or in part, also twice or beyond."""
        self.now += timedelta(hours=hours)
        self.reverse_one(data.draw(st.sampled_from(self.moves)), points)

    def reverse_one(self, first: Move, points: int | None) -> None:
        """Reverse one transaction."""
        which, receipt, move = first
        if points is None and move.kind == "earn":
            points = max(1, move.points - move.reversed)
        book, key = self.here(which), f"reverse-{len(self.calls)}-{self.now}-{points}-{receipt.transaction_id}"
        done = self.both(
            lambda: book.reverse(receipt, points, key), lambda: self.models[which].reverse(move, points, self.now)
        )
        if done is not None:
            assert done[0].points_amount == done[1]
            self.moves.append((which, done[0], ModelTransaction("reverse", done[1])))

    @rule(which=WHICH, points=POINTS, parts=st.lists(st.integers(1, 40), min_size=2, max_size=3))
    def burn_and_return(self, which: int, points: int, parts: list[int]) -> None:
        """Burn, then give it back piece by piece."""
        number = len(self.moves)
        self.burn(which, points, 0)
        if len(self.moves) > number:
            first = self.moves[-1]
            for part in parts:
                self.reverse_one(first, part)

    @precondition(lambda self: self.calls)
    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        """Repeat any earlier call: the same answer, no effect."""
        call, first = data.draw(st.sampled_from(self.calls))
        again = call()
        assert again.is_replay
        assert dataclasses.replace(again, is_replay=False) == first

    @rule(which=WHICH, amounts=st.lists(POINTS, min_size=1, max_size=4))
    def earn_batch(self, which: int, amounts: list[int]) -> None:
        """Earn in one batch under the daily cap."""
        book = self.here(which)
        lines = book.earn_all([book.earn_posting(points, caps=book.cap(CAP)) for points in amounts])
        for line, points in zip(lines, amounts, strict=True):
            move = self.models[which].earn(points, self.now, None, str(self.now.date()), CAP)
            assert line.receipt is not None
            assert line.receipt.points_amount == move.points
            self.moves.append((which, line.receipt, move))

    @rule(hours=HOURS)
    def expire(self, hours: int) -> None:
        """Sweep what is due."""
        self.now += timedelta(hours=hours)
        chunk = api.expire_due_lots(now=self.now)
        assert chunk.points_expired == sum(model.expire(self.now) for model in self.models)

    @invariant()
    def both_sides_are_equal(self) -> None:
        """Balances, lots, lifetime figures and the use of the cap are the model's."""
        for book, model in zip(self.books, self.models, strict=True):
            view = api.get_account(book.account_id)
            assert (view.points_posted, view.lifetime_points_earned, view.lifetime_points_redeemed) == (
                model.balance, model.earned, model.redeemed,
            )  # fmt: skip
            assert book.lots == model.open_lots()
            used = {str(usage.window_start): usage.units_used for usage in api.list_cap_usage(book.account_id)}
            assert used == model.cap_used

    @invariant()
    def every_law_holds(self) -> None:
        """Every invariant, but for the one that only says that the sweep has run."""
        assert set(broken(self.now)) <= {"L10"}


@pytest.mark.slow
@pytest.mark.django_db
def test_ledger__any_sequence_of_verbs__behaves_as_the_model() -> None:
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=20,
            stateful_step_count=30,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
