"""Transfers: lots keep their dates, fees, limits, refusals, batches; and the reversal of transfers."""

import dataclasses
from datetime import timedelta

import pytest
from django.db import transaction

from loyalty.foundation.kernel.errors import Refusal
from loyalty.ledger import api
from loyalty.ledger.events import PointsReversed, PointsTransferred
from tests.ledger.book import NOW, Book, broken, event_of, open_book


@pytest.fixture
def other(book: Book) -> Book:
    """Another account of the same program."""
    return open_book(program_ref=book.program_ref)


def limit(points: int, ref: str = "transfer:day") -> tuple[api.CapLine, ...]:
    """A limit of the sender."""
    return (api.CapLine(cap_ref=ref, window_start=NOW.date(), units_max=points, on_reach=api.OnReach.REFUSE),)


def test_transfer__points__moves_the_lots_with_their_dates(book: Book, other: Book) -> None:
    book.earn(30, days=9, spendable_until=NOW + timedelta(days=12))
    book.at(hours=1).earn(20, days=3)
    before = api.list_lots(book.account_id)
    receipt = book.at(hours=2).transfer(other, 35, reason="a gift")
    assert (receipt.kind, receipt.points_amount, receipt.points_balance) == (api.TransactionKind.TRANSFER, 35, 15)
    assert receipt.counterpart == api.Counterpart(account_id=other.account_id, points_balance=35)
    moved = api.list_lots(other.account_id)
    assert [(lot.points_original, lot.expires_at, lot.spendable_until, lot.earned_at) for lot in moved] == [
        (20, before[0].expires_at, before[0].spendable_until, before[0].earned_at),
        (15, before[1].expires_at, before[1].spendable_until, before[1].earned_at),
    ]
    assert (book.lots, other.balance) == ([(30, 15)], 35)
    assert api.get_account(other.account_id).lifetime_points_earned == 0
    assert broken() == {}


def test_transfer__with_a_fee__takes_it_from_the_sender_to_the_adjustment_account(book: Book, other: Book) -> None:
    book.earn(100, days=5)
    receipt = book.transfer(other, 50, "k", fee=10)
    assert (receipt.points_amount, receipt.points_balance, other.balance) == (50, 40, 50)
    assert dataclasses.replace(book.transfer(other, 50, "k", fee=10), is_replay=False) == receipt
    assert api.get_totals().points_adjusted == -10
    name, data = event_of(receipt.transaction_id)
    assert name == PointsTransferred.type
    assert set(data) == {field.name for field in dataclasses.fields(PointsTransferred)}
    assert (data["fee_points"], data["to_account_id"], data["to_points_balance"]) == (10, str(other.account_id), 50)
    assert (data["account_sequence"], data["to_account_sequence"]) == (2, 1)
    assert broken() == {}


def test_transfer__beyond_a_limit__is_refused_and_moves_nothing(book: Book, other: Book) -> None:
    book.earn(100)
    book.transfer(other, 40, caps=limit(60))
    with pytest.raises(api.CapReached) as refusal, transaction.atomic():
        book.transfer(other, 21, caps=limit(60))
    assert refusal.value.code == "points.cap_reached"
    first = book.transfer(other, 20, caps=limit(60))
    assert (book.balance, other.balance) == (40, 60)
    book.reverse(first, 5)
    book.transfer(other, 5, caps=limit(60))
    with pytest.raises(api.CapReached), transaction.atomic():
        book.transfer(other, 1, caps=limit(60))
    assert broken() == {}


def test_transfer__to_one_in_debt__pays_the_debt_first(book: Book, other: Book) -> None:
    earned = other.earn(30)
    other.burn(30)
    other.reverse(earned, policy=api.ReversalPolicy.UNLIMITED)
    book.earn(50)
    book.transfer(other, 40)
    view = api.get_account(other.account_id)
    assert (view.points_posted, view.points_debt, other.lots) == (10, 0, [(40, 10)])
    assert broken() == {}


@pytest.mark.parametrize(("status", "who"), [("freeze", "book"), ("freeze", "other"), ("close", "other")])
def test_transfer__from_or_to_an_account_not_active__is_refused(
    book: Book, other: Book, status: str, who: str, actor: object
) -> None:
    book.earn(10)
    act = {"freeze": api.freeze_account, "close": api.close_account}[status]
    act(account_id=(book if who == "book" else other).account_id, reason="r", actor=actor, now=NOW)  # type: ignore[arg-type]
    with pytest.raises(api.AccountNotActive), transaction.atomic():
        book.transfer(other, 5)
    assert (book.balance, other.balance) == (10, 0)


def test_transfer__wrong_in_itself__is_refused(book: Book, other: Book) -> None:
    book.earn(10)
    stranger = open_book()
    wallets = api.open_accounts(owner_refs=[other.owner_ref], program_ref=book.program_ref, wallet="status", now=NOW)
    status = dataclasses.replace(other, account_id=wallets[other.owner_ref])
    cases: list[tuple[type[Refusal], Book, int, int]] = [
        (api.TransferToSelf, book, 5, 0),
        (api.OtherProgram, stranger, 5, 0),
        (api.OtherProgram, status, 5, 0),
        (api.InsufficientPoints, other, 10, 1),
        (api.InsufficientPoints, other, 11, 0),
        (api.PointsAmountInvalid, other, 0, 0),
        (api.PointsAmountInvalid, other, 5, -1),
        (api.AccountNotFound, dataclasses.replace(other, account_id=book.program_ref), 5, 0),
    ]
    for refusal, recipient, points, fee in cases:
        with pytest.raises(refusal), transaction.atomic():
            book.transfer(recipient, points, fee=fee)
    assert (book.balance, other.balance) == (10, 0)
    assert broken() == {}


def test_transfer__of_points_whose_time_is_over__is_refused(book: Book, other: Book) -> None:
    book.earn(10, days=1)
    with pytest.raises(api.InsufficientPoints), transaction.atomic():
        book.at(days=1).transfer(other, 1)


def test_transfer_batch__mixed_lines__mean_single_transfers_in_their_order(book: Book, other: Book) -> None:
    book.earn(100, days=5)
    postings = [
        api.TransferPosting(
            account_id=sender.account_id,
            to_account_id=recipient.account_id,
            points_amount=points,
            idempotency_scope="t",
            idempotency_key=key,
            occurred_at=NOW,
            caps=limit(70),
        )
        for sender, recipient, points, key in (
            (book, other, 60, "1"),
            (book, other, 20, "2"),
            (other, book, 61, "3"),
            (other, book, 25, "4"),
            (book, other, 60, "1"),
            (book, book, 1, "5"),
        )
    ]
    lines = api.transfer_batch(postings, now=NOW)
    assert [line.refusal_code for line in lines] == [
        None,
        "points.cap_reached",
        "points.insufficient",
        None,
        None,
        "points.transfer_to_self",
    ]
    assert lines[4].receipt == dataclasses.replace(lines[0].receipt, is_replay=True)  # type: ignore[type-var]
    assert (book.balance, other.balance) == (65, 35)
    assert api.transfer_batch([], now=NOW) == []
    assert broken() == {}


def test_reverse__transfer__gives_both_sides_their_lots_back(book: Book, other: Book) -> None:
    book.earn(60, days=9)
    book.earn(40, days=3)
    before = api.list_lots(book.account_id)
    moved = book.transfer(other, 70, fee=7)
    receipt = book.reverse(moved, reason="mistake")
    assert (receipt.points_amount, receipt.points_balance) == (70, 100)
    assert receipt.counterpart == api.Counterpart(account_id=other.account_id, points_balance=0)
    assert api.list_lots(book.account_id) == before
    assert api.get_totals().points_adjusted == 0
    name, data = event_of(receipt.transaction_id)
    assert name == PointsReversed.type
    assert set(data) == {field.name for field in dataclasses.fields(PointsReversed)}
    assert (data["to_account_id"], data["reversed_points_amount"]) == (str(other.account_id), 70)
    assert broken() == {}


def test_reverse__transfer_in_parts__gives_the_fee_back_in_proportion(book: Book, other: Book) -> None:
    book.earn(100, days=9)
    moved = book.transfer(other, 30, fee=10)
    balances = [book.reverse(moved, points).points_balance for points in (10, 10, 10)]
    assert balances == [60 + 13, 60 + 26, 100]
    with pytest.raises(api.AlreadyReversed), transaction.atomic():
        book.reverse(moved)
    assert (other.balance, book.lots) == (0, [(100, 100)])
    assert broken() == {}


def test_reverse__transfer_spent_meanwhile__follows_the_policy(book: Book, other: Book) -> None:
    book.earn(100)
    moved = book.transfer(other, 50)
    other.burn(30)
    part = book.reverse(moved, 45)
    assert (part.points_amount, part.points_unrecovered) == (20, 25)
    other.earn(10)
    with pytest.raises(api.ClawbackRefused), transaction.atomic():
        book.reverse(moved, 5, policy=api.ReversalPolicy.ONLY_PENDING)
    assert book.reverse(moved, policy=api.ReversalPolicy.UNLIMITED).points_amount == 30
    view = api.get_account(other.account_id)
    assert (view.points_posted, view.points_debt, book.balance) == (-20, 20, 100)
    assert broken() == {}
