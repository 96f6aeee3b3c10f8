"""Merging two accounts: everything moves, the source is closed, and what it did can still be reversed."""

import dataclasses

import pytest
from django.db import transaction

from loyalty.foundation.kernel.actor import Actor
from loyalty.ledger import api
from loyalty.ledger.events import PointsTransferred
from tests.ledger.book import NOW, Book, broken, event_of, open_book


@pytest.fixture
def other(book: Book) -> Book:
    """The account that stays."""
    return open_book(program_ref=book.program_ref)


def test_merge__account__moves_lots_holds_caps_and_lifetime_figures(book: Book, other: Book) -> None:
    book.earn(30, days=9, caps=book.cap(50))
    book.earn(20, days=3)
    book.burn(5)
    hold = book.hold(25)
    other.earn(40, days=5, caps=other.cap(50))
    receipt = book.merge_into(other, "k", reason="one person")
    assert (receipt.points_amount, receipt.points_balance) == (45, 0)
    assert receipt.counterpart == api.Counterpart(account_id=other.account_id, points_balance=85)
    assert dataclasses.replace(book.merge_into(other, "k", reason="one person"), is_replay=False) == receipt
    view, closed = api.get_account(other.account_id), api.get_account(book.account_id)
    assert (view.points_posted, view.points_held, view.lifetime_points_earned, view.lifetime_points_redeemed) == (
        85,
        25,
        90,
        5,
    )
    assert (closed.status, closed.merged_into, closed.points_posted) == ("CLOSED", other.account_id, 0)
    assert other.lots == [(15, 15), (40, 40), (30, 30)]
    assert other.earn(10, caps=other.cap(75)).points_amount == 5
    assert other.capture(hold).points_balance == 65
    name, data = event_of(receipt.transaction_id)
    assert name == PointsTransferred.type
    assert set(data) == {field.name for field in dataclasses.fields(PointsTransferred)}
    assert data["reason_code"] == "merge"
    assert broken() == {}


def test_merge__account__is_found_under_its_owner_from_then_on(book: Book, other: Book) -> None:
    last = open_book(program_ref=book.program_ref)
    book.merge_into(other)
    other.merge_into(last)
    found = api.find_account(owner_ref=book.owner_ref, program_ref=book.program_ref)
    assert found is not None
    assert found.account_id == last.account_id
    with pytest.raises(api.AccountNotActive), transaction.atomic():
        book.earn(5)
    assert broken() == {}


def test_reverse__what_a_merged_account_did__goes_to_the_one_that_stands_for_it(book: Book, other: Book) -> None:
    earned = book.earn(30, days=9, caps=book.cap(50))
    burned = book.burn(10)
    book.merge_into(other)
    receipt = other.reverse(burned, 6)
    assert (receipt.account_id, receipt.points_balance) == (other.account_id, 26)
    assert other.lots == [(20, 20), (6, 6)]
    assert other.reverse(earned, 25).points_balance == 1
    (usage,) = api.list_cap_usage(other.account_id)
    assert usage.units_used == 5
    assert api.get_account(other.account_id).lifetime_points_earned == 5
    assert broken() == {}


def test_merge__of_a_debt__is_paid_by_the_points_of_both(book: Book, other: Book) -> None:
    earned = book.earn(30)
    book.burn(30)
    book.reverse(earned, policy=api.ReversalPolicy.UNLIMITED)
    other.earn(50, days=5)
    receipt = book.merge_into(other)
    view = api.get_account(other.account_id)
    assert (view.points_posted, view.points_debt, other.lots) == (20, 0, [(50, 20)])
    assert receipt.points_balance == 0
    assert broken() == {}


def test_merge__wrong_in_itself__is_refused(book: Book, other: Book, actor: Actor) -> None:
    with pytest.raises(api.TransferToSelf), transaction.atomic():
        book.merge_into(book)
    with pytest.raises(api.OtherProgram), transaction.atomic():
        book.merge_into(open_book())
    with pytest.raises(api.AccountNotFound), transaction.atomic():
        book.merge_into(dataclasses.replace(other, account_id=book.program_ref))
    api.close_account(account_id=other.account_id, reason="r", actor=actor, now=NOW)
    with pytest.raises(api.AccountNotActive), transaction.atomic():
        book.merge_into(other)


def test_reverse__transfer_between_accounts_merged_since__is_refused(book: Book, other: Book) -> None:
    book.earn(10)
    moved = book.transfer(other, 5)
    book.merge_into(other)
    with pytest.raises(api.TransactionNotReversible), transaction.atomic():
        other.reverse(moved)
