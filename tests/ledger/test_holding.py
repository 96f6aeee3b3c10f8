"""Holds: points set aside in their lots, captured, released, timed out; expiry does not touch them."""

import dataclasses
from datetime import timedelta

import pytest
from django.db import transaction

from loyalty.foundation.kernel.actor import Actor
from loyalty.ledger import api
from loyalty.ledger.events import PointsBurned, PointsHeld, PointsHoldReleased
from tests.ledger.book import NOW, Book, broken, event_of, open_book, run


def events_of(hold: api.HoldReceipt) -> list[tuple[str, set[str]]]:
    """The types and fields of a hold's events."""
    return run(
        "SELECT type, ARRAY(SELECT jsonb_object_keys(data)) FROM events_outbox "
        "WHERE subject_kind = 'hold' AND subject_ref = %s ORDER BY id",
        str(hold.hold_id),
    )


def test_hold__points__are_set_aside_in_the_lots_spent_first(book: Book) -> None:
    book.earn(10, days=2)
    book.earn(30, days=9)
    hold = book.hold(25, "k", reason="order 7")
    assert (hold.state, hold.points_amount, hold.points_balance, hold.points_held) == ("ACTIVE", 25, 40, 25)
    assert [lot.points_held for lot in api.list_lots(book.account_id)] == [10, 15]
    view = api.get_account(book.account_id)
    assert (view.points_posted, view.points_held, view.points_available) == (40, 25, 15)
    with pytest.raises(api.InsufficientPoints), transaction.atomic():
        book.burn(16)
    assert book.burn(15).points_balance == 25
    again = book.hold(25, "k", reason="order 7")
    assert again.is_replay
    assert dataclasses.replace(again, is_replay=False) == hold
    with pytest.raises(api.IdempotencyKeyReused), transaction.atomic():
        book.hold(26, "k", reason="order 7")
    ((name, fields),) = events_of(hold)
    assert (name, set(fields)) == (PointsHeld.type, {field.name for field in dataclasses.fields(PointsHeld)})
    assert broken() == {}


def test_capture__all_of_a_hold__is_a_burn_from_its_lots(book: Book) -> None:
    book.earn(10, days=2)
    book.earn(30, days=9)
    hold = book.hold(25)
    book.burn(5)
    receipt = book.at(hours=1).capture(hold, key="k")
    assert (receipt.kind, receipt.points_amount, receipt.points_balance) == (api.TransactionKind.BURN, 25, 10)
    assert (receipt.hold_id, receipt.points_held) == (hold.hold_id, 0)
    assert dataclasses.replace(book.at(hours=9).capture(hold, key="k"), is_replay=False) == receipt
    assert book.lots == [(30, 10)]
    name, data = event_of(receipt.transaction_id)
    assert name == PointsBurned.type
    assert set(data) == {field.name for field in dataclasses.fields(PointsBurned)}
    assert book.reverse(receipt).points_balance == 35
    assert book.lots == [(10, 10), (30, 25)]
    assert broken() == {}


def test_capture__part_of_a_hold__sets_the_rest_free(book: Book) -> None:
    book.earn(10, days=2)
    book.earn(30, days=9)
    hold = book.hold(25)
    assert book.capture(hold, 4).points_balance == 36
    view = api.get_account(book.account_id)
    assert (view.points_held, view.points_available, book.lots) == (0, 36, [(10, 6), (30, 30)])
    for act in (book.capture, book.release):
        with pytest.raises(api.HoldNotActive) as refusal, transaction.atomic():
            act(hold)
        assert refusal.value.facts["state"] == "CAPTURED"
    assert broken() == {}


def test_capture__more_than_the_hold_or_too_late__is_refused(book: Book) -> None:
    book.earn(50)
    hold = book.hold(25, hours=2)
    with pytest.raises(api.InsufficientPoints), transaction.atomic():
        book.capture(hold, 26)
    with pytest.raises(api.HoldNotActive) as refusal, transaction.atomic():
        book.at(hours=2).capture(hold)
    assert refusal.value.facts["state"] == "EXPIRED"
    with pytest.raises(api.HoldNotFound), transaction.atomic():
        book.capture(dataclasses.replace(hold, hold_id=book.program_ref))
    assert api.get_account(book.account_id).points_held == 25
    assert broken() == {}


def test_release__hold__gives_the_points_back_once(book: Book) -> None:
    book.earn(50)
    hold, other = book.hold(20), book.hold(10)
    receipt = book.release(hold, "k", reason="cancelled")
    assert (receipt.state, receipt.points_held, receipt.points_balance) == ("RELEASED", 10, 50)
    book.burn(5)
    assert dataclasses.replace(book.release(hold, "k", reason="cancelled"), is_replay=False) == receipt
    with pytest.raises(api.IdempotencyKeyReused), transaction.atomic():
        book.release(other, "k")
    assert [(name, set(fields)) for name, fields in events_of(hold)][1] == (
        PointsHoldReleased.type,
        {field.name for field in dataclasses.fields(PointsHoldReleased)},
    )
    assert broken() == {}


def test_holds__whose_time_is_over__are_released_in_chunks(book: Book) -> None:
    book.earn(100)
    for hours in (1, 2, 3, 50):
        book.hold(10, hours=hours)
    later = book.at(hours=3)
    chunks = []
    while released := api.release_due_holds(now=later.now, limit=2).holds_released:
        chunks.append(released)
    assert chunks == [2, 1]
    view = api.get_account(book.account_id)
    assert (view.points_held, view.points_available) == (10, 90)
    assert broken(later.now) == {}


def test_expiry__of_a_lot_held_in_part__takes_only_what_is_free(book: Book) -> None:
    book.earn(10, days=1)
    hold = book.hold(4, hours=72)
    later = book.at(days=2)
    assert api.expire_due_lots(now=later.now).points_expired == 6
    assert api.expire_due_lots(now=later.now).lots_expired == 0
    assert (book.lots, book.balance) == ([(10, 4)], 4)
    assert broken(later.now) == {}
    assert later.capture(hold, 3).points_balance == 1
    assert api.expire_due_lots(now=later.now).points_expired == 1
    assert broken(later.now) == {}


def test_hold__on_a_frozen_account__is_refused_and_its_holds_can_only_be_released(book: Book, actor: Actor) -> None:
    book.earn(50)
    hold = book.hold(20)
    api.freeze_account(account_id=book.account_id, reason="r", actor=actor, now=NOW)
    with pytest.raises(api.AccountNotActive), transaction.atomic():
        book.hold(1)
    with pytest.raises(api.AccountNotActive), transaction.atomic():
        book.capture(hold)
    assert book.release(hold).points_held == 0
    assert broken() == {}


def test_hold_batches__mixed_lines__mean_single_calls_in_their_order(book: Book) -> None:
    book.earn(50)
    common = {"idempotency_scope": "t", "occurred_at": NOW}
    holds = api.hold_batch(
        [
            api.HoldPosting(
                account_id=book.account_id,
                points_amount=points,
                expires_at=NOW + timedelta(hours=1),
                idempotency_key=str(points),
                **common,  # type: ignore[arg-type]
            )
            for points in (20, 40, 30, 20)
        ],
        now=NOW,
    )
    assert [line.refusal_code for line in holds] == [None, "points.insufficient", None, None]
    first, second, again = (line.receipt for line in (holds[0], holds[2], holds[3]))
    assert first is not None and second is not None and again is not None
    assert (again.is_replay, again.hold_id) == (True, first.hold_id)
    captured = api.capture_batch(
        [
            api.CapturePosting(hold_id=hold_id, points_amount=9, idempotency_key=f"c{n}", **common)  # type: ignore[arg-type]
            for n, hold_id in enumerate((first.hold_id, first.hold_id))
        ],
        now=NOW,
    )
    assert [line.refusal_code for line in captured] == [None, "hold.not_active"]
    released = api.release_batch(
        [api.ReleasePosting(hold_id=second.hold_id, idempotency_key=key, **common) for key in "rs"],  # type: ignore[arg-type]
        now=NOW,
    )
    assert [line.refusal_code for line in released] == [None, "hold.not_active"]
    assert (book.balance, api.get_account(book.account_id).points_held) == (41, 0)
    assert broken() == {}


def test_hold__of_more_than_the_lots_whose_time_is_not_over__is_refused(book: Book) -> None:
    book.earn(10, days=1)
    book.earn(10)
    with pytest.raises(api.InsufficientPoints) as refusal, transaction.atomic():
        book.at(days=1).hold(11)
    assert refusal.value.facts == {"points_requested": 11, "points_available": 10}
    assert open_book().balance == 0
