"""Pending earns: confirmed, cancelled, activated when their day has come."""

import dataclasses
from datetime import timedelta

import pytest
from django.db import transaction

from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.ledger import api
from loyalty.ledger.events import PointsEarned, PointsPending
from tests.ledger.book import NOW, Book, broken, event_of, open_book, run


def figures(book: Book) -> tuple[int, int, int]:
    """Posted, pending and lifetime points of an account."""
    view = api.get_account(book.account_id)
    return view.points_posted, view.points_pending, view.lifetime_points_earned


def test_earn__pending__is_told_and_capped_but_not_spendable(book: Book) -> None:
    receipt = book.earn(80, caps=book.cap(50), is_pending=True, activates_at=NOW + timedelta(days=3), days=30)
    assert (receipt.is_pending, receipt.points_amount, receipt.points_balance, receipt.points_pending) == (
        True,
        50,
        0,
        50,
    )
    assert (receipt.points_lost_to_caps, receipt.expires_at) == (30, NOW + timedelta(days=30))
    assert figures(book) == (0, 50, 0)
    with pytest.raises(api.InsufficientPoints), transaction.atomic():
        book.burn(1)
    kind, data = event_of(receipt.transaction_id)
    assert kind == PointsPending.type
    assert set(data) == {field.name for field in dataclasses.fields(PointsPending)}
    assert (data["points_amount"], data["points_balance"]) == (50, 0)
    assert broken() == {}


def test_earn__pending_and_lost_to_its_cap__leaves_nothing_to_confirm(book: Book) -> None:
    book.earn(50, caps=book.cap(50))
    receipt = book.earn(5, caps=book.cap(50), is_pending=True)
    assert (receipt.points_amount, receipt.points_pending) == (0, 0)
    assert event_of(receipt.transaction_id)[0] == "points.capped"
    with pytest.raises(api.PendingNotPending), transaction.atomic():
        book.confirm(receipt)
    assert broken() == {}


def test_confirm__pending_earn__posts_it_with_its_business_instant(book: Book) -> None:
    pending = book.earn(50, caps=book.cap(50), is_pending=True, days=30, context={"a": 1}, program_version_ref="v7")
    later = book.at(days=2)
    receipt = later.confirm(pending)
    assert (receipt.kind, receipt.confirms, receipt.points_amount) == (
        api.TransactionKind.EARN,
        pending.transaction_id,
        50,
    )
    assert (receipt.points_balance, receipt.points_pending, receipt.context) == (50, 0, {"a": 1})
    (lot,) = api.list_lots(book.account_id)
    assert (lot.earned_at, lot.expires_at, lot.transaction_id) == (
        NOW,
        NOW + timedelta(days=30),
        receipt.transaction_id,
    )
    kind, data = event_of(receipt.transaction_id)
    assert kind == PointsEarned.type
    assert set(data) == {field.name for field in dataclasses.fields(PointsEarned)}
    assert (data["confirms"], data["lifetime_points_earned"]) == (str(pending.transaction_id), 50)
    assert api.list_cap_usage(book.account_id)[0].units_used == 50
    assert api.get_transaction(receipt.transaction_id).program_version_ref == "v7"
    assert figures(book) == (50, 0, 50)
    assert broken(later.now) == {}


def test_confirm__same_key__confirms_once(book: Book) -> None:
    pending = book.earn(50, is_pending=True)
    first = book.confirm(pending, "c")
    again = book.at(days=1).confirm(pending, "c")
    assert dataclasses.replace(again, is_replay=False) == first
    with pytest.raises(api.IdempotencyKeyReused), transaction.atomic():
        book.confirm(book.earn(1, is_pending=True), "c")
    with pytest.raises(api.PendingNotPending) as refusal, transaction.atomic():
        book.confirm(pending)
    assert refusal.value.facts["state"] == "CONFIRMED"
    assert book.balance == 50


def test_confirm__what_is_no_pending_earn__is_refused(book: Book, actor: Actor) -> None:
    posted, waiting = book.earn(5), book.earn(7, is_pending=True)
    with pytest.raises(api.PendingNotPending), transaction.atomic():
        book.confirm(posted)
    with pytest.raises(api.TransactionNotFound), transaction.atomic():
        book.confirm(dataclasses.replace(posted, transaction_id=new_public_id()))
    api.freeze_account(account_id=book.account_id, reason="", actor=actor, now=NOW)
    with pytest.raises(api.AccountNotActive), transaction.atomic():
        book.confirm(waiting)
    assert figures(book) == (5, 7, 5)
    assert broken() == {}


def test_cancel__pending_earn_in_parts__frees_its_cap_to_the_point(book: Book) -> None:
    pending = book.earn(70, caps=book.cap(100), is_pending=True)
    part = book.cancel(pending, 30, "part")
    assert (part.kind, part.points_amount, part.points_pending) == (api.TransactionKind.REVERSE, 30, 40)
    assert api.list_cap_usage(book.account_id)[0].units_used == 40
    with pytest.raises(api.ReversalExceeds), transaction.atomic():
        book.cancel(pending, 41)
    rest = book.cancel(pending)
    assert (rest.points_amount, rest.points_pending) == (40, 0)
    assert api.list_cap_usage(book.account_id)[0].units_used == 0
    with pytest.raises(api.PendingNotPending), transaction.atomic():
        book.cancel(pending)
    assert dataclasses.replace(book.cancel(pending, 30, "part"), is_replay=False) == part
    kind, data = event_of(part.transaction_id)
    assert (kind, data["reversed_kind"], data["points_amount"]) == ("points.reversed", "pending", 30)
    assert figures(book) == (0, 0, 0)
    assert broken() == {}


def test_confirm__after_a_part_was_cancelled__posts_the_rest(book: Book) -> None:
    pending = book.earn(70, is_pending=True)
    book.cancel(pending, 30)
    assert book.confirm(pending).points_amount == 40
    assert broken() == {}


def test_activate_due__many_accounts__posts_what_is_due_in_chunks(book: Book, actor: Actor) -> None:
    books = [book, open_book(program_ref=book.program_ref), open_book()]
    for number, each in enumerate(books):
        for days in (1, 2, 5):
            each.earn(10 * days + number, is_pending=True, activates_at=NOW + timedelta(days=days), days=90)
        each.earn(1000, is_pending=True)
    frozen = open_book()
    frozen.earn(9, is_pending=True, activates_at=NOW + timedelta(days=1))
    api.freeze_account(account_id=frozen.account_id, reason="", actor=actor, now=NOW)
    later = NOW + timedelta(days=2)
    chunks = [api.activate_due(now=later, limit=4) for _ in range(3)]
    assert [chunk.earns_activated for chunk in chunks] == [4, 2, 0]
    assert sum(chunk.points_activated for chunk in chunks) == 3 * 30 + 2 * (0 + 1 + 2)
    assert [figures(each)[:2] for each in books] == [(30, 1050), (32, 1051), (34, 1052)]
    assert figures(frozen) == (0, 9, 0)
    newest = api.list_statement(book.account_id, limit=1)[0]
    assert (newest.kind, newest.points_change, newest.account_sequence) == (api.TransactionKind.EARN, 20, 2)
    assert run("SELECT count(*) FROM events_outbox WHERE type = 'points.earned'") == [(6,)]
    assert broken(later) == {}


def test_earn__while_points_are_pending__answers_and_replays_with_them(book: Book) -> None:
    book.earn(7, is_pending=True)
    first = book.earn(10, "k")
    assert (first.points_balance, first.points_pending) == (10, 7)
    book.earn(5)
    again = book.earn(10, "k")
    assert dataclasses.replace(again, is_replay=False) == first


def test_batch__pending_among_posted__is_as_singles(book: Book) -> None:
    lines = book.earn_all(
        [
            book.earn_posting(10),
            book.earn_posting(20, is_pending=True, activates_at=NOW, caps=book.cap(15)),
            book.earn_posting(30, caps=book.cap(15)),
            book.earn_posting(5),
        ]
    )
    answers = [line.receipt for line in lines if line.receipt]
    assert [(a.points_amount, a.points_balance, a.points_pending, a.is_pending) for a in answers] == [
        (10, 10, 0, False), (15, 10, 15, True), (0, 10, 15, False), (5, 15, 15, False),
    ]  # fmt: skip
    assert [event_of(a.transaction_id)[0] for a in answers] == [
        "points.earned", "points.pending", "points.capped", "points.earned",
    ]  # fmt: skip
    assert api.activate_due(now=NOW).points_activated == 15
    assert broken() == {}
