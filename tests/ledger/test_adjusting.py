"""Adjusting: points added or taken for a coded reason."""

import dataclasses
from datetime import timedelta

import pytest
from django.db import transaction

from loyalty.foundation.kernel.actor import Actor
from loyalty.ledger import api
from loyalty.ledger.events import PointsAdjusted
from tests.ledger.book import NOW, Book, broken, event_of, open_book


def test_adjust__points_added__make_a_lot_against_the_adjustment_account(book: Book) -> None:
    receipt = book.adjust(50, days=9, reason="sorry", occurred_at=NOW - timedelta(days=40))
    assert (receipt.kind, receipt.points_amount, receipt.points_balance) == (api.TransactionKind.ADJUST, 50, 50)
    (lot,) = api.list_lots(book.account_id)
    assert (lot.earned_at, lot.expires_at) == (NOW - timedelta(days=40), NOW + timedelta(days=9))
    totals = api.get_totals()
    assert (totals.points_adjusted, totals.points_issued, totals.points_outstanding) == (50, 0, 50)
    kind, data = event_of(receipt.transaction_id)
    assert kind == PointsAdjusted.type
    assert set(data) == {field.name for field in dataclasses.fields(PointsAdjusted)}
    assert (data["points_change"], data["reason_code"]) == (50, "goodwill")
    assert api.get_account(book.account_id).lifetime_points_earned == 0
    assert broken() == {}


def test_adjust__points_taken__come_from_the_lots_that_expire_first(book: Book) -> None:
    book.earn(10, days=5)
    book.earn(10, days=2)
    receipt = book.adjust(-12, "k")
    assert (receipt.points_amount, receipt.points_balance) == (12, 8)
    assert book.lots == [(10, 8)]
    assert event_of(receipt.transaction_id)[1]["points_change"] == -12
    assert dataclasses.replace(book.adjust(-12, "k"), is_replay=False) == receipt
    with pytest.raises(api.InsufficientPoints) as refusal, transaction.atomic():
        book.adjust(-9)
    assert refusal.value.facts == {"points_requested": 9, "points_available": 8}
    assert broken() == {}


@pytest.mark.parametrize("change", [0, 10**12 + 1, -(10**12) - 1, 1.0, True, "5"])
def test_adjust__not_a_number_of_points__is_refused(book: Book, change: int) -> None:
    with pytest.raises(api.PointsAmountInvalid):
        book.adjust(change)
    assert book.balance == 0


def test_adjust__without_a_reason_code__is_refused(book: Book) -> None:
    with pytest.raises(api.AdjustmentReasonMissing):
        book.adjust(5, reason_code="")
    assert broken() == {}


def test_adjust__account_frozen__takes_what_is_added_only(book: Book, actor: Actor) -> None:
    book.earn(5)
    api.freeze_account(account_id=book.account_id, reason="", actor=actor, now=NOW)
    assert book.adjust(3).points_balance == 8
    with pytest.raises(api.AccountNotActive), transaction.atomic():
        book.adjust(-3)
    lines = api.adjust_batch([book.adjust_posting(4), book.adjust_posting(-4)], now=NOW)
    assert [line.refusal_code for line in lines] == [None, "account.not_active"]
    assert broken() == {}


def test_adjust__account_in_debt__settles_it_first(book: Book) -> None:
    earned = book.earn(100)
    book.burn(80)
    book.reverse(earned, policy=api.ReversalPolicy.UNLIMITED)
    assert api.get_account(book.account_id).points_debt == 80
    first = book.adjust(30, "a")
    assert (first.points_balance, first.points_debt) == (-50, 50)
    assert book.lots == []
    second = book.earn(70)
    assert (second.points_balance, second.points_debt) == (20, 0)
    assert book.lots == [(70, 20)]
    assert dataclasses.replace(book.adjust(30, "a"), is_replay=False) == first
    assert broken() == {}


def test_batches__account_in_debt__settle_line_by_line(book: Book) -> None:
    other = open_book(program_ref=book.program_ref)
    for each in (book, other):
        earned = each.earn(100)
        each.burn(100)
        each.reverse(earned, policy=api.ReversalPolicy.UNLIMITED)
    lines = book.earn_all(
        [book.earn_posting(30), other.earn_posting(130), book.earn_posting(90), other.earn_posting(1)]
    )
    answers = [line.receipt for line in lines if line.receipt]
    assert [(a.points_balance, a.points_debt) for a in answers] == [(-70, 70), (30, 0), (20, 0), (31, 0)]
    assert broken() == {}
    earned = book.earn(10)
    book.burn(30)
    book.reverse(earned, policy=api.ReversalPolicy.UNLIMITED)
    lines = api.adjust_batch([book.adjust_posting(4), book.adjust_posting(20), book.adjust_posting(-9)], now=NOW)
    assert [(line.receipt.points_balance, line.receipt.points_debt) for line in lines if line.receipt] == [
        (-6, 6), (14, 0), (5, 0),
    ]  # fmt: skip
    assert broken() == {}
