"""Races on real connections: nothing is spent twice, counted twice or answered twice."""

import random
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

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
        ]
        acts.append(choices[number % 6])
    all_at_once(acts)
    assert broken() == {}
    assert run("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == [(0,)]
