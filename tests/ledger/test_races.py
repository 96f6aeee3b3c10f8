"""Races on real connections: nothing is spent twice, counted twice or answered twice."""

import random
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from loyalty.foundation.kernel.ids import new_public_id
from loyalty.ledger import api
from tests.ledger.book import NOW, Book, broken, open_book, run
from tests.ledger.parallel import all_at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_burns__64_at_once__spend_exactly_what_is_there() -> None:
    book = open_book()
    for days in range(1, 11):
        book.earn(50, days=days)
    answers = all_at_once([partial(book.burn, 17) for _ in range(64)])
    paid = [answer for answer in answers if isinstance(answer, api.Receipt)]
    refused = [answer for answer in answers if isinstance(answer, api.InsufficientPoints)]
    assert (len(paid), len(refused)) == (500 // 17, 64 - 500 // 17)
    assert book.balance == 500 % 17
    assert sorted(receipt.points_balance for receipt in paid) == list(range(500 % 17, 484, 17))
    assert broken() == {}


def test_key__used_32_times_at_once__has_one_effect_and_one_answer() -> None:
    book = open_book()
    answers = all_at_once([partial(book.earn, 10, "same", caps=book.cap(1000)) for _ in range(32)])
    assert Counter(answer.is_replay for answer in answers) == {True: 31, False: 1}
    assert len({(answer.transaction_id, answer.points_balance) for answer in answers}) == 1
    assert book.balance == 10
    assert broken() == {}


def test_key__used_at_once_for_different_requests__has_one_winner() -> None:
    book = open_book()
    answers = all_at_once([partial(book.earn, 10 + n, "same") for n in range(16)])
    paid = [answer for answer in answers if isinstance(answer, api.Receipt)]
    assert len(paid) == 1
    assert sum(isinstance(answer, api.IdempotencyKeyReused) for answer in answers) == 15
    assert book.balance == paid[0].points_amount
    assert broken() == {}


def test_cap__reached_by_earns_at_once__is_never_passed() -> None:
    book = open_book()
    both = book.cap(100, "daily") + book.cap(90, "monthly")
    acts = [partial(book.earn, 7, caps=book.cap(100, "daily") if n % 2 else both) for n in range(32)]
    answers = all_at_once(acts)
    granted = sum(answer.points_amount for answer in answers)
    assert granted == book.balance
    assert granted + sum(answer.points_lost_to_caps for answer in answers) == 32 * 7
    assert granted == 100
    assert broken() == {}


def test_reversals__of_one_transaction_at_once__never_exceed_it() -> None:
    book = open_book()
    book.earn(500)
    burned = book.burn(100)
    answers = all_at_once([partial(book.reverse, burned, 30) for _ in range(16)])
    assert sum(isinstance(answer, api.Receipt) for answer in answers) == 3
    assert sum(isinstance(answer, api.ReversalExceeds) for answer in answers) == 13
    assert book.balance == 490
    assert broken() == {}


def test_burn_against_reversal__of_the_same_points__one_of_them_wins() -> None:
    for _ in range(6):
        book = open_book()
        earned = book.earn(100)
        answers = all_at_once([partial(book.burn, 100), partial(book.reverse, earned)])
        assert sum(isinstance(answer, api.Receipt) for answer in answers) == 1
        assert sum(isinstance(answer, api.InsufficientPoints) for answer in answers) == 1
        assert book.balance == 0
    assert broken() == {}


def test_account__opened_at_once__is_one() -> None:
    book = open_book()
    owner = open_book().owner_ref
    act = partial(api.open_account, owner_ref=owner, program_ref=book.program_ref, now=NOW)
    assert len(set(all_at_once([act] * 16))) == 1
    assert broken() == {}


def test_transfers__crossing_each_other__never_deadlock_to_the_caller() -> None:
    program = open_book().program_ref
    first, second = open_book(program_ref=program), open_book(program_ref=program)
    first.earn(1000, days=5)
    second.earn(1000, days=5)
    acts = [partial(first.transfer, second, 7), partial(second.transfer, first, 7, fee=1)] * 16
    answers = all_at_once(acts)
    assert all(isinstance(answer, api.Receipt) for answer in answers)
    assert (first.balance, second.balance) == (1000, 1000 - 16)
    assert broken() == {}


def test_transfer_batches__crossing_each_other__never_deadlock_to_the_caller() -> None:
    program = open_book().program_ref
    books = [open_book(program_ref=program) for _ in range(4)]
    for book in books:
        book.earn(400)

    def batch(order: list[Book]) -> None:
        postings = [
            api.TransferPosting(
                account_id=sender.account_id,
                to_account_id=recipient.account_id,
                points_amount=3,
                idempotency_scope="t",
                idempotency_key=str(new_public_id()),
                occurred_at=NOW,
                caps=sender.cap(1000, "transfer:day"),
            )
            for sender, recipient in zip(order, order[1:] + order[:1], strict=True)
        ]
        assert all(line.receipt is not None for line in api.transfer_batch(postings, now=NOW))

    chance = random.Random(11)
    all_at_once([partial(batch, chance.sample(books, 4)) for _ in range(12)])
    assert [book.balance for book in books] == [400] * 4
    assert broken() == {}


def test_limit__reached_by_transfers_at_once__is_never_passed() -> None:
    program = open_book().program_ref
    book, other = open_book(program_ref=program), open_book(program_ref=program)
    book.earn(1000)
    answers = all_at_once([partial(book.transfer, other, 7, caps=book.cap(50, "transfer:day")) for _ in range(24)])
    assert sum(isinstance(answer, api.Receipt) for answer in answers) == 7
    assert sum(isinstance(answer, api.CapReached) for answer in answers) == 17
    assert other.balance == 49
    assert broken() == {}


def test_hold__captured_and_released_and_timed_out_at_once__ends_once() -> None:
    for _ in range(4):
        book = open_book()
        book.earn(100, days=1)
        hold = book.hold(60, hours=20)
        answers = all_at_once(
            [
                partial(book.capture, hold),
                partial(book.release, hold),
                partial(api.release_due_holds, now=book.at(hours=20).now),
                partial(api.expire_due_lots, now=book.at(days=1).now),
            ]
        )
        ended = [answer for answer in answers[:2] if isinstance(answer, api.Receipt | api.HoldReceipt)]
        assert len(ended) + (answers[2].holds_released) == 1
        later = book.at(days=1).now
        while api.expire_due_lots(now=later).lots_expired:
            pass
        assert api.get_account(book.account_id).points_held == 0
        assert book.balance == 0
    assert broken(later) == {}


def test_holds__64_at_once__reserve_exactly_what_is_there() -> None:
    book = open_book()
    for days in range(1, 11):
        book.earn(50, days=days)
    answers = all_at_once([partial(book.hold, 17) for _ in range(64)])
    assert sum(isinstance(answer, api.HoldReceipt) for answer in answers) == 500 // 17
    assert api.get_account(book.account_id).points_held == 500 // 17 * 17
    assert broken() == {}


def test_merge_against_earns__of_the_merged_account__loses_no_point() -> None:
    program = open_book().program_ref
    for _ in range(3):
        book, other = open_book(program_ref=program), open_book(program_ref=program)
        book.earn(100, caps=book.cap(500))
        earns: list[Callable[[], Any]] = [partial(book.earn, 5, caps=book.cap(500)) for _ in range(8)]
        spends: list[Callable[[], Any]] = [partial(other.earn, 3), partial(book.burn, 10), partial(book.hold, 10)]
        answers = all_at_once([*earns, *spends, partial(book.merge_into, other), partial(other.transfer, book, 1)])
        assert isinstance(answers[11], api.Receipt)
        earned = sum(5 for answer in answers[:8] if isinstance(answer, api.Receipt))
        assert all(isinstance(answer, api.Receipt | api.AccountNotActive) for answer in answers[:8])
        burned = 10 if isinstance(answers[9], api.Receipt) else 0
        assert other.balance == 103 + earned - burned
        assert book.balance == 0
    assert broken() == {}


def test_reversals__of_a_transfer_against_its_spending__never_take_more_than_there_is() -> None:
    program = open_book().program_ref
    for _ in range(4):
        book, other = open_book(program_ref=program), open_book(program_ref=program)
        book.earn(100)
        moved = book.transfer(other, 60)
        answers = all_at_once([partial(other.burn, 60), partial(book.reverse, moved, 60), partial(book.burn, 40)])
        assert isinstance(answers[2], api.Receipt)
        assert sum(isinstance(answer, api.Receipt) for answer in answers[:2]) == 1
        assert book.balance + other.balance == (0 if isinstance(answers[0], api.Receipt) else 60)
    assert broken() == {}


def test_clock__going_backwards__keeps_the_record_running_forward() -> None:
    book = open_book()
    book.earn(100, days=5)
    earlier = book.at(hours=-5)
    earlier.burn(10)
    hold = earlier.hold(20)
    earlier.capture(hold, 5)
    other = open_book(program_ref=book.program_ref)
    earlier.transfer(other, 7)
    lines = api.list_statement(book.account_id)
    assert [line.recorded_at for line in lines] == [NOW] * 4
    assert [line.balance_after for line in lines] == [78, 85, 90, 100]
    assert api.get_balance_as_of(book.account_id, as_of=NOW) == 78
    assert api.get_balance_as_of(book.account_id, as_of=earlier.now) == 0
    api.expire_due_lots(now=book.at(days=5).now)
    earlier.earn(3)
    assert api.get_balance_as_of(book.account_id, as_of=book.at(days=6).now) == 3
    assert broken(book.at(days=5).now) == {}


def test_everything__at_once_on_few_accounts__ends_without_deadlock_and_in_balance() -> None:
    program = open_book().program_ref
    books = [open_book(program_ref=program) for _ in range(4)]
    first = {book.account_id: book.earn(400, days=3) for book in books}
    chance = random.Random(7)
    later = books[0].at(days=3).now

    def batch(order: list[Book]) -> None:
        for line in api.earn_batch([b.earn_posting(3, days=2, caps=b.cap(50)) for b in order * 5], now=NOW):
            assert line.receipt is not None

    def shuffled() -> list[Book]:
        return chance.sample(books, len(books))

    acts: list[Callable[[], Any]] = []
    for number in range(36):
        book = books[number % 4]
        choices: list[Callable[[], Any]] = [
            partial(batch, shuffled()),
            partial(book.burn, 13),
            partial(book.earn, 9, caps=book.cap(50)),
            partial(book.reverse, first[book.account_id], 11),
            partial(api.expire_due_lots, now=later, limit=5),
            partial(book.earn, 2, f"shared-{number % 8}"),
            partial(book.transfer, books[(number + 1) % 4], 5, fee=1, caps=book.cap(30, "transfer:day")),
            partial(book.hold, 3, hours=1),
            partial(api.release_due_holds, now=later),
        ]
        acts.append(choices[number % 9])
    all_at_once(acts)
    assert broken() == {}
    assert run("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == [(0,)]
