"""Reversing: whole, in parts, twice, beyond; lots with their dates; room under caps."""

import dataclasses
from datetime import timedelta

import pytest
from django.db import transaction

from loyalty.foundation.kernel.ids import new_public_id
from loyalty.ledger import api
from loyalty.ledger.events import PointsReversed
from tests.ledger.book import NOW, Book, broken, event_of, open_book


def test_reverse__burn__restores_the_same_lots_with_their_dates(book: Book) -> None:
    book.earn(10, days=5)
    book.earn(20, days=9)
    before = api.list_lots(book.account_id)
    burned = book.burn(25)
    receipt = book.at(days=1).reverse(burned, reason="returned")
    assert (receipt.points_amount, receipt.points_balance, receipt.reverses) == (25, 30, burned.transaction_id)
    assert api.list_lots(book.account_id) == before
    assert api.get_account(book.account_id).lifetime_points_redeemed == 0
    assert broken() == {}


def test_reverse__burn_in_parts__equals_a_smaller_burn(book: Book) -> None:
    for points, days in ((10, 1), (10, 2), (10, 3)):
        book.earn(points, days=days)
    burned = book.burn(25)
    assert book.reverse(burned, 7).points_balance == 12
    assert book.lots == [(10, 2), (10, 10)]
    assert book.reverse(burned, 3).points_balance == 15
    assert book.lots == [(10, 5), (10, 10)]
    assert book.reverse(burned).points_amount == 15
    assert book.lots == [(10, 10), (10, 10), (10, 10)]
    assert api.get_transaction(burned.transaction_id).points_reversed == 25
    assert broken() == {}


def test_reverse__burn_of_lots_since_expired__does_not_make_them_younger(book: Book) -> None:
    book.earn(10, days=5)
    burned = book.burn(10)
    later = book.at(days=30)
    later.reverse(burned)
    (lot,) = api.list_lots(book.account_id)
    assert lot.expires_at == NOW + timedelta(days=5)
    assert broken(later.now) == {}
    assert api.expire_due_lots(now=later.now).points_expired == 10
    assert broken(later.now) == {}


def test_reverse__earn__takes_its_own_lot_and_frees_the_cap_in_its_window(book: Book) -> None:
    earned = book.earn(60, caps=book.cap(100), days=1)
    book.earn(40, caps=book.cap(100))
    receipt = book.at(days=2).reverse(earned, 50)
    assert (receipt.points_amount, receipt.points_balance) == (50, 50)
    assert book.lots == [(60, 10), (40, 40)]
    assert [usage.units_used for usage in api.list_cap_usage(book.account_id)] == [50]
    assert book.earn(70, caps=book.cap(100)).points_amount == 50
    assert api.get_account(book.account_id).lifetime_points_earned == 100
    assert broken() == {}


def test_reverse__earn_spent_meanwhile__takes_from_other_lots_within_the_balance(book: Book) -> None:
    first = book.earn(60, days=1)
    book.earn(50)
    book.burn(40)
    assert book.reverse(first).points_balance == 10
    assert book.lots == [(50, 10)]
    assert broken() == {}


def test_reverse__more_of_an_earn_than_the_balance_has__takes_what_is_there_and_none_of_nothing(book: Book) -> None:
    earned = book.earn(60)
    book.burn(40)
    receipt = book.reverse(earned, 30, "part")
    assert (receipt.points_amount, receipt.points_balance, receipt.points_unrecovered) == (20, 0, 10)
    assert dataclasses.replace(book.reverse(earned, 30, "part"), is_replay=False) == receipt
    with pytest.raises(api.InsufficientPoints) as refusal, transaction.atomic():
        book.reverse(earned, 10)
    assert refusal.value.facts == {"points_requested": 10, "points_available": 0}
    with pytest.raises(api.InsufficientPoints), transaction.atomic():
        book.reverse(earned)
    assert broken() == {}


def test_reverse__all_of_an_earn_spent_in_part__takes_what_is_there_and_tells_the_rest(book: Book) -> None:
    earned = book.earn(60, "first")
    book.burn(40)
    receipt = book.reverse(earned, None, "k")
    assert (receipt.points_amount, receipt.points_balance, receipt.points_unrecovered) == (20, 0, 40)
    assert dataclasses.replace(book.reverse(earned, None, "k"), is_replay=False) == receipt
    book.earn(100)
    later = book.reverse(earned)
    assert (later.points_amount, later.points_balance, later.points_unrecovered) == (40, 60, 0)
    assert broken() == {}


def test_reverse__earn_spent_and_claw_back_unlimited__leaves_a_debt_that_incoming_points_pay(book: Book) -> None:
    earned = book.earn(60)
    burned = book.burn(40)
    receipt = book.reverse(earned, policy=api.ReversalPolicy.UNLIMITED)
    assert (receipt.points_amount, receipt.points_balance, receipt.points_debt) == (60, -40, 40)
    view = api.get_account(book.account_id)
    assert (view.points_posted, view.points_debt, view.points_available) == (-40, 40, -40)
    with pytest.raises(api.InsufficientPoints), transaction.atomic():
        book.burn(1)
    assert broken() == {}
    assert (book.earn(15).points_debt, book.lots) == (25, [])
    assert book.reverse(burned, 30).points_debt == 0
    assert (book.balance, book.lots) == (5, [(60, 5)])
    assert broken() == {}


def test_reverse__posted_earn_where_only_pending_is_clawed_back__is_refused(book: Book) -> None:
    earned = book.earn(60)
    with pytest.raises(api.ClawbackRefused) as refusal, transaction.atomic():
        book.reverse(earned, policy=api.ReversalPolicy.ONLY_PENDING)
    assert refusal.value.code == "transaction.clawback_refused"
    assert book.balance == 60


def test_reverse__twice__is_refused(book: Book) -> None:
    book.earn(10)
    burned = book.burn(10)
    book.reverse(burned)
    with pytest.raises(api.AlreadyReversed) as refusal, transaction.atomic():
        book.reverse(burned)
    assert refusal.value.code == "transaction.already_reversed"
    assert book.balance == 10


def test_reverse__more_than_is_left__is_refused(book: Book) -> None:
    earned = book.earn(10)
    book.reverse(earned, 4)
    with pytest.raises(api.ReversalExceeds) as refusal, transaction.atomic():
        book.reverse(earned, 7)
    assert refusal.value.facts == {"points_requested": 7, "points_reversible": 6}
    assert book.balance == 6
    assert broken() == {}


def test_reverse__same_key__reverses_once(book: Book) -> None:
    earned = book.earn(10)
    first = book.reverse(earned, 4, "k")
    again = book.reverse(earned, 4, "k")
    assert dataclasses.replace(again, is_replay=False) == first
    with pytest.raises(api.IdempotencyKeyReused), transaction.atomic():
        book.reverse(earned, 5, "k")
    assert book.balance == 6


def test_reverse__a_reversal_or_a_merge__is_refused(book: Book) -> None:
    undone = book.reverse(book.earn(10))
    other = open_book(program_ref=book.program_ref)
    book.earn(5)
    merged = book.merge_into(other)
    for receipt in (undone, merged):
        with pytest.raises(api.TransactionNotReversible), transaction.atomic():
            book.reverse(receipt)


def test_reverse__expiry__reinstates_the_points_in_a_new_lot(book: Book) -> None:
    book.earn(50, days=1)
    later = book.at(days=2)
    api.expire_due_lots(now=later.now)
    expired = api.list_transactions(account_ids=[book.account_id], limit=1)[0]
    posting = api.ReversePosting(
        reverses=expired.transaction_id, points_amount=30, idempotency_scope="t", idempotency_key="k",
        occurred_at=later.now,
    )  # fmt: skip
    receipt = api.reinstate(posting, expires_at=later.now + timedelta(days=9), now=later.now)
    assert (receipt.points_amount, receipt.points_balance) == (30, 30)
    (lot,) = api.list_lots(book.account_id)
    assert (lot.points_original, lot.expires_at) == (30, later.now + timedelta(days=9))
    assert api.get_totals().points_expired == 20
    more = dataclasses.replace(posting, idempotency_key="more", points_amount=21)
    with pytest.raises(api.ReversalExceeds), transaction.atomic():
        api.reinstate(more, expires_at=None, now=later.now)
    assert broken(later.now) == {}


def test_reverse__unknown_transaction__is_refused(book: Book) -> None:
    earned = book.earn(10)
    with pytest.raises(api.TransactionNotFound), transaction.atomic():
        book.reverse(dataclasses.replace(earned, transaction_id=new_public_id()))
    with pytest.raises(api.TransactionNotFound):
        api.get_transaction(new_public_id())


@pytest.mark.parametrize("amount", [0, -3, 1.0])
def test_reverse__not_a_number_of_points__is_refused(book: Book, amount: int) -> None:
    earned = book.earn(10)
    with pytest.raises(api.PointsAmountInvalid):
        book.reverse(earned, amount)


def test_reverse__event__has_the_fields_of_its_contract(book: Book) -> None:
    receipt = book.reverse(book.earn(10), reason="mistake")
    name, data = event_of(receipt.transaction_id)
    assert name == PointsReversed.type
    assert set(data) == {field.name for field in dataclasses.fields(PointsReversed)}
    assert (data["reversed_kind"], data["reason"]) == ("earn", "mistake")


def test_reverse__nothing_left_and_none_may_be_taken__is_told_and_moves_nothing(book: Book) -> None:
    earned = book.earn(60, caps=book.cap(100))
    book.burn(60)
    receipt = book.reverse(earned, None, "k", policy=api.ReversalPolicy.WITHIN_BALANCE_OR_NONE)
    assert (receipt.points_amount, receipt.points_unrecovered, receipt.points_balance) == (0, 60, 0)
    again = book.reverse(earned, None, "k", policy=api.ReversalPolicy.WITHIN_BALANCE_OR_NONE)
    assert dataclasses.replace(again, is_replay=False) == receipt
    name, data = event_of(receipt.transaction_id)
    assert (name, data["points_amount"], data["account_sequence"]) == (PointsReversed.type, 0, None)
    assert [line.transaction_id for line in api.list_statement(book.account_id)][-1] == earned.transaction_id
    assert len(api.list_statement(book.account_id)) == 2
    assert broken() == {}
    # No room under the cap came free, and all of it can still be reversed.
    assert book.earn(60, caps=book.cap(100)).points_amount == 40
    later = book.reverse(earned, policy=api.ReversalPolicy.WITHIN_BALANCE_OR_NONE)
    assert (later.points_amount, later.points_unrecovered) == (40, 20)
    assert broken() == {}


def test_reverse__a_gift_that_is_spent__is_refused_even_where_none_may_be_taken(book: Book) -> None:
    other = open_book(program_ref=book.program_ref)
    book.earn(10)
    given = (book.transfer(other, 10), other.adjust(5))
    other.burn(15)
    for one in given:
        with pytest.raises(api.InsufficientPoints), transaction.atomic():
            book.reverse(one, policy=api.ReversalPolicy.WITHIN_BALANCE_OR_NONE)
    assert broken() == {}
