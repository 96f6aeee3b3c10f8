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
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.ledger import api
from tests.ledger.book import NOW, SCOPE, Book, broken, open_book
from tests.ledger.model import ModelBook, ModelHold, ModelTransaction, Refused

CAP = 150
ACCOUNTS = 3
POINTS = st.integers(1, 90)
WHICH = st.integers(0, ACCOUNTS - 1)
DAYS = st.none() | st.integers(1, 3)
PARTS = st.none() | st.integers(1, 40)
POLICIES = st.sampled_from(list(api.ReversalPolicy))
# Steps that meet the very instants at which lots expire and holds end.
HOURS = st.sampled_from([0, 0, 12, 24])
Move = tuple[api.Receipt, ModelTransaction]


class LedgerMachine(RuleBasedStateMachine):
    """Three accounts of one program, real and modelled side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        first = open_book()
        self.books = [first, *(open_book(program_ref=first.program_ref) for _ in range(ACCOUNTS - 1))]
        self.model = ModelBook(ACCOUNTS, CAP)
        self.now = NOW
        self.moves: list[Move] = []
        self.holds: list[tuple[api.HoldReceipt, ModelHold]] = []
        self.calls: list[tuple[Callable[[], Any], Any]] = []

    def teardown(self) -> None:
        """Leave nothing behind."""
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def here(self, which: int) -> Book:
        """The real account at the machine's instant."""
        return dataclasses.replace(self.books[which], now=self.now)

    def both(self, real: Callable[[], Any], modelled: Callable[[], Any]) -> tuple[Any, Any] | None:
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

    def move(self, real: Callable[[], api.Receipt], modelled: Callable[[], ModelTransaction]) -> None:
        """Do a posting on both sides; what they answer is equal."""
        done = self.both(real, modelled)
        if done is None:
            return
        receipt, made = done
        assert (receipt.points_amount, receipt.points_unrecovered) == (made.points, made.unrecovered)
        if made.kind != "merge":
            account = made.account
            assert (receipt.points_balance, receipt.points_held, receipt.points_pending, receipt.points_debt) == (
                account.balance, account.held, account.pending, account.debt,
            )  # fmt: skip
        self.moves.append((receipt, made))

    @initialize(points=POINTS)
    def begin(self, points: int) -> None:
        """Begin with several lots to spend, so that burns and reversals cross from one to the next."""
        for days in (1, 3, None):
            self.earn(0, points, days, False, False)
            self.earn(1, 10, days, True, False)

    @rule(which=WHICH, points=POINTS, days=DAYS, is_capped=st.booleans(), is_pending=st.booleans())
    def earn(self, which: int, points: int, days: int | None, is_capped: bool, is_pending: bool) -> None:
        """Earn, perhaps with an expiry, under the daily cap, pending."""
        book = self.here(which)
        posting = book.earn_posting(points, days=days, caps=book.cap(CAP) if is_capped else (), is_pending=is_pending)
        window = str(self.now.date()) if is_capped else ""
        self.move(
            lambda: api.earn(posting, now=book.now),
            lambda: self.model.earn(
                self.model.accounts[which], points, self.now, posting.expires_at, window, is_pending
            ),
        )

    @precondition(lambda self: any(made.is_pending for _, made in self.moves))
    @rule(data=st.data(), hours=HOURS)
    def confirm(self, data: st.DataObject, hours: int) -> None:
        """Confirm a pending earn, also one that ended."""
        self.now += timedelta(hours=hours)
        receipt, first = data.draw(st.sampled_from([move for move in self.moves if move[1].is_pending]))
        posting = api.ConfirmPosting(
            confirms=receipt.transaction_id,
            idempotency_scope=SCOPE,
            idempotency_key=str(new_public_id()),
            occurred_at=self.now,
        )
        now = self.now
        self.move(lambda: api.confirm(posting, now=now), lambda: self.model.confirm(first, now))

    @rule(which=WHICH, points=POINTS, hours=HOURS, consumption=st.sampled_from(list(api.Consumption)))
    def burn(self, which: int, points: int, hours: int, consumption: api.Consumption) -> None:
        """Burn some time later, also more than there is, also when lots are due."""
        self.now += timedelta(hours=hours)
        book, key = self.here(which), str(new_public_id())
        self.move(
            lambda: book.burn(points, key, consumption=consumption),
            lambda: self.model.burn(self.model.accounts[which], points, self.now, consumption.value),
        )

    @rule(which=WHICH, change=st.integers(-60, 60).filter(bool), days=DAYS)
    def adjust(self, which: int, change: int, days: int | None) -> None:
        """Adjust up or down."""
        book = self.here(which)
        until = None if days is None else self.now + timedelta(days=days)
        posting = api.AdjustPosting(
            account_id=book.account_id,
            points_change=change,
            reason_code="correction",
            expires_at=until,
            idempotency_scope=SCOPE,
            idempotency_key=str(new_public_id()),
            occurred_at=self.now,
        )
        self.move(
            lambda: api.adjust(posting, now=book.now),
            lambda: self.model.adjust(self.model.accounts[which], change, self.now, until),
        )

    @rule(which=WHICH, step=st.integers(1, ACCOUNTS - 1), points=st.integers(1, 60), fee=st.sampled_from([0, 0, 7]))
    def transfer(self, which: int, step: int, points: int, fee: int) -> None:
        """Transfer, perhaps with a fee."""
        book, other, key = self.here(which), (which + step) % ACCOUNTS, str(new_public_id())
        self.move(
            lambda: book.transfer(self.books[other], points, key, fee=fee),
            lambda: self.model.transfer(self.model.accounts[which], self.model.accounts[other], points, fee, self.now),
        )

    @rule(which=WHICH, points=POINTS, hours=st.integers(6, 60))
    def hold(self, which: int, points: int, hours: int) -> None:
        """Set points aside."""
        book, key = self.here(which), str(new_public_id())
        done = self.both(
            lambda: book.hold(points, key, hours=hours),
            lambda: self.model.hold(self.model.accounts[which], points, self.now, self.now + timedelta(hours=hours)),
        )
        if done is not None:
            self.holds.append(done)

    @precondition(lambda self: self.holds)
    @rule(data=st.data(), points=PARTS, hours=HOURS)
    def capture(self, data: st.DataObject, points: int | None, hours: int) -> None:
        """Capture a hold some time later, also twice, too late or beyond."""
        self.now += timedelta(hours=hours)
        receipt, held = data.draw(st.sampled_from(self.holds))
        book, key = self.here(0), str(new_public_id())
        self.move(lambda: book.capture(receipt, points, key), lambda: self.model.capture(held, points, book.now))

    @precondition(lambda self: self.holds)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        """Release a hold, also twice."""
        receipt, held = data.draw(st.sampled_from(self.holds))
        book, key = self.here(0), str(new_public_id())
        self.both(lambda: book.release(receipt, key), lambda: self.model.release(held))

    @precondition(lambda self: self.moves)
    @rule(data=st.data(), points=PARTS, hours=HOURS, policy=POLICIES)
    def reverse(self, data: st.DataObject, points: int | None, hours: int, policy: api.ReversalPolicy) -> None:
        """Reverse anything some time later, wholly or in part, also twice or beyond."""
        self.now += timedelta(hours=hours)
        self.reverse_one(data.draw(st.sampled_from(self.moves)), points, policy)

    def reverse_one(self, first: Move, points: int | None, policy: api.ReversalPolicy) -> None:
        """Reverse one transaction."""
        receipt, made = first
        book, key, until = self.here(0), str(new_public_id()), self.now + timedelta(days=1)
        self.move(
            lambda: book.reverse(receipt, points, key, policy=policy, expires_at=until),
            lambda: self.model.reverse(made, points, policy.value, book.now, until),
        )

    @rule(which=WHICH, points=POINTS, parts=st.lists(st.integers(1, 40), min_size=2, max_size=3))
    def burn_and_return(self, which: int, points: int, parts: list[int]) -> None:
        """Burn, then give it back piece by piece."""
        number = len(self.moves)
        self.burn(which, points, 0, api.Consumption.FIFO)
        if len(self.moves) > number:
            first = self.moves[-1]
            for part in parts:
                self.reverse_one(first, part, api.ReversalPolicy.WITHIN_BALANCE)

    @precondition(lambda self: self.calls)
    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        """Repeat any earlier call: the same answer, no effect."""
        call, first = data.draw(st.sampled_from(self.calls))
        again = call()
        assert again.is_replay
        assert dataclasses.replace(again, is_replay=False) == first

    @rule(data=st.data(), amounts=st.lists(st.integers(1, 50), min_size=2, max_size=4))
    def transfer_batch(self, data: st.DataObject, amounts: list[int]) -> None:
        """Transfer in one batch, round and round, with refused lines in between."""
        ways = [(data.draw(WHICH), data.draw(st.integers(1, ACCOUNTS - 1))) for _ in amounts]
        postings = [
            api.TransferPosting(
                account_id=self.books[which].account_id,
                to_account_id=self.books[(which + step) % ACCOUNTS].account_id,
                points_amount=points,
                idempotency_scope=SCOPE,
                idempotency_key=str(new_public_id()),
                occurred_at=self.now,
            )
            for (which, step), points in zip(ways, amounts, strict=True)
        ]
        lines = api.transfer_batch(postings, now=self.now)
        for (which, step), points, line in zip(ways, amounts, lines, strict=True):
            accounts = self.model.accounts
            try:
                made = self.model.transfer(accounts[which], accounts[(which + step) % ACCOUNTS], points, 0, self.now)
            except Refused as refused:
                assert line.refusal_code == str(refused)
                continue
            assert line.receipt is not None
            assert line.receipt.points_balance == made.account.balance
            self.moves.append((line.receipt, made))

    @rule(which=WHICH, amounts=st.lists(POINTS, min_size=1, max_size=4), is_burn=st.booleans())
    def earn_or_burn_batch(self, which: int, amounts: list[int], is_burn: bool) -> None:
        """Earn in one batch under the daily cap, or burn in one batch beyond what there is."""
        book, account = self.here(which), self.model.accounts[which]
        if is_burn:
            burns = [
                api.BurnPosting(
                    account_id=book.account_id,
                    points_amount=points,
                    idempotency_scope=SCOPE,
                    idempotency_key=str(new_public_id()),
                    occurred_at=self.now,
                )
                for points in amounts
            ]
            lines = api.burn_batch(burns, now=self.now)
        else:
            lines = book.earn_all([book.earn_posting(points, caps=book.cap(CAP)) for points in amounts])
        for line, points in zip(lines, amounts, strict=True):
            try:
                made = (
                    self.model.burn(account, points, self.now, "fifo")
                    if is_burn
                    else self.model.earn(account, points, self.now, None, str(self.now.date()), False)
                )
            except Refused as refused:
                assert line.refusal_code == str(refused)
                continue
            assert line.receipt is not None
            assert (line.receipt.points_amount, line.receipt.points_balance) == (made.points, account.balance)
            self.moves.append((line.receipt, made))

    @rule(hours=HOURS)
    def expire(self, hours: int) -> None:
        """Sweep what is due: holds, then lots."""
        self.now += timedelta(hours=hours)
        assert api.release_due_holds(now=self.now).holds_released == self.model.release_due(self.now)
        self.swept(api.expire_due_lots(now=self.now).points_expired, self.model.expire(self.now))

    @rule(days=st.integers(1, 3))
    def expire_inactive(self, days: int) -> None:
        """Sweep accounts without activity for some days."""
        since = self.now - timedelta(days=days)
        chunk = api.expire_inactive(program_ref=self.books[0].program_ref, inactive_since=since, now=self.now)
        self.swept(chunk.points_expired, self.model.expire_inactive(since))

    def swept(self, points: int, made: list[ModelTransaction]) -> None:
        """Find the expiries that a sweep made, so that they can be reinstated."""
        assert points == sum(each.points for each in made)
        for each in made:
            book = self.books[self.model.accounts.index(each.account)]
            newest = api.list_transactions(account_ids=[book.account_id], kind=api.TransactionKind.EXPIRE, limit=1)[0]
            assert -newest.points_change == each.points
            receipt = dataclasses.replace(self.moves[0][0], transaction_id=newest.transaction_id)
            self.moves.append((receipt, each))

    @precondition(lambda self: len(self.calls) > 12)
    @rule(which=WHICH, step=st.integers(1, ACCOUNTS - 1))
    def merge(self, which: int, step: int) -> None:
        """Merge one account into another, also one that is closed."""
        if sum(account.merged_into is None for account in self.model.accounts) == 1:
            return
        book, other, key = self.here(which), (which + step) % ACCOUNTS, str(new_public_id())
        self.move(
            lambda: book.merge_into(self.books[other], key),
            lambda: self.model.merge(self.model.accounts[which], self.model.accounts[other], self.now),
        )

    @invariant()
    def both_sides_are_equal(self) -> None:
        """Balances, lots, lifetime figures and the use of the cap are the model's."""
        for book, model in zip(self.books, self.model.accounts, strict=True):
            view = api.get_account(book.account_id)
            assert (
                view.points_posted, view.points_held, view.points_pending, view.points_debt,
                view.lifetime_points_earned, view.lifetime_points_redeemed,
            ) == (model.balance, model.held, model.pending, model.debt, model.earned, model.redeemed)  # fmt: skip
            lots = api.list_lots(book.account_id, limit=1000)
            assert [(lot.points_original, lot.points_remaining, lot.points_held) for lot in lots] == model.open_lots()
            used = {str(one.window_start): one.units_used for one in api.list_cap_usage(book.account_id)}
            assert {window: units for window, units in used.items() if units} == {
                window: units for window, units in model.cap_used.items() if units
            }

    @invariant()
    def every_law_holds(self) -> None:
        """Every invariant, but for those that only say that the sweeps have run."""
        assert set(broken(self.now)) <= {"L10", "L14"}


@pytest.mark.slow
@pytest.mark.django_db
def test_ledger__any_sequence_of_verbs__behaves_as_the_model() -> None:
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=20,
            stateful_step_count=40,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
