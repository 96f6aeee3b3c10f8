"""Earning: one at a time, capped, repeated."""

import dataclasses
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction

from loyalty.foundation.kernel.ids import new_public_id
from loyalty.ledger import api
from loyalty.ledger.errors import REFUSALS
from loyalty.ledger.events import PointsCapped, PointsEarned
from tests.ledger.book import NOW, Book, broken, event_of, run


def test_earn__points__makes_entries_lot_balance_and_event(book: Book) -> None:
    receipt = book.earn(120, days=365, context={"channel": "shop"}, trace={"rule": "base", "factor": Decimal("1.50")})
    assert (receipt.points_amount, receipt.points_balance, receipt.points_lost_to_caps) == (120, 120, 0)
    assert receipt.trace == {"rule": "base", "factor": Decimal("1.50")}
    assert receipt.expires_at == NOW + timedelta(days=365)
    view = api.get_account(book.account_id)
    assert (view.points_available, view.lifetime_points_earned) == (120, 120)
    assert book.lots == [(120, 120)]
    rows = run("SELECT points_change, account_sequence, balance_after FROM ledger_leg ORDER BY account_sequence")
    assert rows == [(120, 1, 120), (-120, None, None)]
    assert broken() == {}


def test_earn__event__has_the_fields_of_its_contract(book: Book) -> None:
    receipt = book.earn(10, context={"a": 1})
    name, data = event_of(receipt.transaction_id)
    assert name == PointsEarned.type
    assert set(data) == {field.name for field in dataclasses.fields(PointsEarned)}
    assert (data["points_amount"], data["customer_id"], data["context"]) == (10, str(book.owner_ref), {"a": 1})


def test_earn__same_key_and_request__gives_the_first_answer(book: Book) -> None:
    first = book.earn(10, "k", caps=book.cap(15), trace={"z": Decimal("0.10"), "a": [1, 2]}, context={"n": None})
    book.earn(1, "other")
    again = book.at(hours=5).earn(10, "k", caps=book.cap(15), trace={"differs": True}, context={"n": None})
    assert again.is_replay and not first.is_replay
    assert dataclasses.replace(again, is_replay=False) == first
    assert book.balance == 11
    assert broken() == {}


def test_earn__same_key_other_request__is_refused(book: Book) -> None:
    book.earn(10, "k")
    with pytest.raises(api.IdempotencyKeyReused) as refusal, transaction.atomic():
        book.earn(11, "k")
    assert refusal.value.code == "idempotency.key_reused"
    assert book.balance == 10


def test_earn__own_fingerprint__decides_what_is_the_same_request(book: Book) -> None:
    book.earn(10, "k", request_hash=b"x" * 32)
    assert book.earn(12, "k", request_hash=b"x" * 32).points_amount == 10
    with pytest.raises(api.IdempotencyKeyReused), transaction.atomic():
        book.earn(10, "k", request_hash=b"y" * 32)


def test_earn__same_key_in_another_scope__is_another_request(book: Book) -> None:
    book.earn(10, "k")
    assert book.earn(10, "k", idempotency_scope="partner").points_balance == 20


def test_earn__above_the_cap__is_cut_and_tells_what_was_lost(book: Book) -> None:
    answers = [book.earn(40, caps=book.cap(100)) for _ in range(4)]
    assert [(a.points_amount, a.points_lost_to_caps) for a in answers] == [(40, 0), (40, 0), (20, 20), (0, 40)]
    assert book.balance == 100
    (usage,) = api.list_cap_usage(book.account_id)
    assert (usage.units_used, usage.units_max) == (100, 100)
    assert broken() == {}


def test_earn__lost_to_the_cap_entirely__is_remembered_and_repeatable(book: Book) -> None:
    book.earn(10, caps=book.cap(10))
    first = book.earn(5, "k", days=10, caps=book.cap(10))
    book.earn(7)
    again = book.earn(5, "k", days=10, caps=book.cap(10))
    assert (first.points_amount, first.points_balance, first.points_lost_to_caps, first.expires_at) == (0, 10, 5, None)
    assert dataclasses.replace(again, is_replay=False) == first
    name, data = event_of(first.transaction_id)
    assert name == PointsCapped.type
    assert set(data) == {field.name for field in dataclasses.fields(PointsCapped)}
    with pytest.raises(api.AlreadyReversed), transaction.atomic():
        book.reverse(first)
    assert broken() == {}


def test_earn__another_window__has_its_own_room(book: Book) -> None:
    book.earn(10, caps=book.cap(10))
    tomorrow = book.at(days=1)
    assert tomorrow.earn(10, caps=tomorrow.cap(10)).points_amount == 10


def test_earn__two_caps__the_narrower_decides(book: Book) -> None:
    both = book.cap(100, "daily") + book.cap(130, "monthly")
    assert [book.earn(60, caps=both).points_amount for _ in range(2)] == [60, 40]
    tomorrow = book.at(days=1)
    monthly = dataclasses.replace(book.cap(130, "monthly")[0])
    assert tomorrow.earn(60, caps=(*tomorrow.cap(100, "daily"), monthly)).points_amount == 30
    assert broken() == {}


def test_earn__cap_lowered_below_its_use__gives_nothing_more(book: Book) -> None:
    book.earn(80, caps=book.cap(100))
    assert book.earn(10, caps=book.cap(50)).points_amount == 0
    assert book.earn(10, caps=book.cap(100)).points_amount == 10
    assert broken() == {}


@pytest.mark.parametrize("amount", [0, -1, 10**12 + 1, 1.5, "7", True, None, float("nan")])
def test_earn__not_a_number_of_points__is_refused(book: Book, amount: object) -> None:
    with pytest.raises(api.PointsAmountInvalid):
        book.earn(1, points_amount=amount)
    assert book.balance == 0


def test_sql__not_a_number_of_points__is_refused_there_too(book: Book) -> None:
    for points in (0, -5, None, 10**12 + 1):
        with pytest.raises(Exception, match="Points lie between") as refusal, transaction.atomic():
            run(
                "SELECT ledger_burn(%s, %s, %s, 's', 'k', sha256('x'), now(), '', '', '', NULL, NULL, NULL, NULL, "
                "now())",
                new_public_id(), book.account_id, points,
            )  # fmt: skip
        assert getattr(refusal.value.__cause__, "sqlstate", "") == "KL005"


def test_earn__unknown_account__is_refused(book: Book) -> None:
    with pytest.raises(api.AccountNotFound), transaction.atomic():
        book.earn(1, account_id=new_public_id())


def test_refusals__all__have_codes_of_their_own() -> None:
    codes = [refusal.code for refusal in REFUSALS.values()]
    assert len(set(codes)) == len(codes)


def test_earn__clock_going_back__keeps_the_record_in_order(book: Book) -> None:
    book.at(hours=2).earn(5)
    book.earn(6)
    lines = api.list_statement(book.account_id)
    assert [line.balance_after for line in lines] == [11, 5]
    assert lines[0].recorded_at == lines[1].recorded_at
    assert broken() == {}
