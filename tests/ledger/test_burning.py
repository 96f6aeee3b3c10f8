"""Burning: the order of lots, what is not enough, repetition."""

import dataclasses

import pytest
from django.db import transaction

from loyalty.foundation.kernel.ids import new_public_id
from loyalty.ledger import api
from loyalty.ledger.events import PointsBurned
from tests.ledger.book import Book, broken, event_of


def test_burn__several_lots__takes_what_expires_first(book: Book) -> None:
    book.earn(10)
    book.earn(20, days=30)
    book.earn(30, days=10)
    book.at(minutes=1).earn(40, days=10 - 1 / 1440)
    receipt = book.burn(75, reason="voucher")
    assert (receipt.points_amount, receipt.points_balance) == (75, 25)
    assert book.lots == [(20, 15), (10, 10)]
    assert api.get_account(book.account_id).lifetime_points_redeemed == 75
    assert broken() == {}


def test_burn__all_of_it__leaves_no_open_lot(book: Book) -> None:
    book.earn(10, days=5)
    book.earn(10)
    assert book.burn(20).points_balance == 0
    assert book.lots == []
    assert broken() == {}


def test_burn__equal_expiry__takes_what_was_earned_first(book: Book) -> None:
    later = book.at(hours=1)
    later.earn(5)
    book.earn(7)
    later.burn(6)
    assert book.lots == [(7, 1), (5, 5)]


def test_burn__more_than_there_is__is_refused_and_nothing_changes(book: Book) -> None:
    book.earn(10)
    with pytest.raises(api.InsufficientPoints) as refusal, transaction.atomic():
        book.burn(11, "k")
    assert refusal.value.code == "points.insufficient"
    assert refusal.value.facts == {"points_requested": 11, "points_available": 10}
    assert book.balance == 10
    assert book.burn(10, "k").points_balance == 0
    assert broken() == {}


def test_burn__lots_due_but_not_swept__are_not_spent(book: Book) -> None:
    book.earn(50, days=1)
    book.earn(20)
    later = book.at(days=1)
    with pytest.raises(api.InsufficientPoints) as refusal, transaction.atomic():
        later.burn(30)
    assert refusal.value.facts == {"points_requested": 30, "points_available": 20}
    assert later.burn(20).points_balance == 50
    assert book.lots == [(50, 50)]
    assert broken() == {}


def test_burn__same_key__burns_once(book: Book) -> None:
    book.earn(10)
    first = book.burn(4, "k", context={"order": 7})
    again = book.at(days=1).burn(4, "k", context={"order": 7})
    assert again.is_replay
    assert dataclasses.replace(again, is_replay=False) == first
    with pytest.raises(api.IdempotencyKeyReused), transaction.atomic():
        book.burn(4, "k", context={"order": 8})
    assert book.balance == 6


def test_burn__key_of_an_earn__is_refused(book: Book) -> None:
    book.earn(10, "k")
    with pytest.raises(api.IdempotencyKeyReused), transaction.atomic():
        book.burn(10, "k")


def test_burn__event__has_the_fields_of_its_contract(book: Book) -> None:
    book.earn(10)
    receipt = book.burn(4)
    name, data = event_of(receipt.transaction_id)
    assert name == PointsBurned.type
    assert set(data) == {field.name for field in dataclasses.fields(PointsBurned)}


@pytest.mark.parametrize("amount", [0, -1, 10**13, 2.0, "1"])
def test_burn__not_a_number_of_points__is_refused(book: Book, amount: object) -> None:
    with pytest.raises(api.PointsAmountInvalid):
        book.burn(1, points_amount=amount)


def test_burn__unknown_account__is_refused(book: Book) -> None:
    with pytest.raises(api.AccountNotFound), transaction.atomic():
        book.burn(1, account_id=new_public_id())


def test_burn__hundred_lots__consumes_exactly_the_head(book: Book) -> None:
    book.earn_all([book.earn_posting(10, days=n + 1) for n in range(100)])
    book.burn(45)
    assert book.lots[0] == (10, 5)
    assert book.balance == 955
    book.burn(5)
    assert len(api.list_lots(book.account_id, limit=500)) == 95
    assert broken() == {}
