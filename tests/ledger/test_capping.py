"""Caps: several, of parts, in units of money, shared, and those that refuse."""

import dataclasses
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from loyalty.ledger import api
from tests.ledger.book import NOW, Book, broken, open_book, run
from tests.ledger.parallel import all_at_once

DAY = NOW.date()


def cap(ref: str, units_max: int, **fields: Any) -> api.CapLine:
    """A cap of this day."""
    return api.CapLine(cap_ref=ref, window_start=DAY, units_max=units_max, **fields)


def parts(**points: int) -> dict[str, Any]:
    """The points and parts of a posting."""
    return {"parts": tuple(api.EarnPart(code=code, points_amount=each) for code, each in points.items())}


def granted_parts(receipt: api.Receipt) -> list[tuple[str, int, int]]:
    """Code, asked and granted of each part."""
    return run(
        "SELECT p.code, p.points_asked, p.points_granted FROM ledger_part p "
        "JOIN ledger_transaction t ON t.id = p.transaction_id WHERE t.public_id = %s ORDER BY p.line",
        receipt.transaction_id,
    )


def test_caps__of_parts_and_of_the_whole__cut_parts_first_then_from_the_last(book: Book) -> None:
    caps = (cap("rule:base", 40, part="base"), cap("rule:promo", 100, part="promo"), cap("day", 90))
    receipt = book.earn(150, caps=caps, **parts(base=60, promo=80, extra=10))
    assert (receipt.points_amount, receipt.points_lost_to_caps) == (90, 60)
    assert granted_parts(receipt) == [("base", 60, 40), ("promo", 80, 50), ("extra", 10, 0)]
    assert [(hit.cap_ref, hit.asked, hit.granted) for hit in receipt.caps] == [
        ("day", 130, 90), ("rule:base", 60, 40), ("rule:promo", 80, 50),
    ]  # fmt: skip
    view = api.get_transaction(receipt.transaction_id)
    assert (view.caps, view.wallet, view.is_pending, view.customer_ref) == (receipt.caps, "main", False, book.owner_ref)
    used = {usage.cap_ref: usage.units_used for usage in api.list_cap_usage(book.account_id)}
    assert used == {"day": 90, "rule:base": 40, "rule:promo": 50}
    assert broken() == {}


def test_caps__granted_all__are_told_the_same_at_once_and_on_replay(book: Book) -> None:
    caps = (cap("z", 1000), cap("a", 50, part="base"))
    first = book.earn(30, "k", caps=caps, **parts(base=20, promo=10))
    assert first.caps == (
        api.CapHit(cap_ref="a", window_start=DAY, asked=20, granted=20),
        api.CapHit(cap_ref="z", window_start=DAY, asked=30, granted=30),
    )
    assert dataclasses.replace(book.earn(30, "k", caps=caps, **parts(base=20, promo=10)), is_replay=False) == first


def test_parts__that_do_not_sum_to_the_points__are_refused(book: Book) -> None:
    for wrong in (parts(base=9), parts(base=11, promo=-1)):
        with pytest.raises(api.PointsAmountInvalid):
            book.earn(10, **wrong)
    assert broken() == {}


def test_cap__of_money__counts_units_and_grants_whole_points(book: Book) -> None:
    budget = cap("budget:eur", 1_000_000, units_per_point=30_000)
    receipt = book.earn(50, caps=(budget,))
    assert receipt.points_amount == 33
    (usage,) = api.list_cap_usage(book.account_id)
    assert (usage.units_used, usage.units_max) == (990_000, 1_000_000)
    book.reverse(receipt, 10)
    assert api.list_cap_usage(book.account_id)[0].units_used == 690_000
    book.reverse(receipt)
    assert api.list_cap_usage(book.account_id)[0].units_used == 0
    assert broken() == {}


def test_cap__shared__is_used_by_all_accounts_together(book: Book) -> None:
    other = open_book(program_ref=book.program_ref)
    shared = (cap("household:7:day", 100, is_shared=True),)
    assert book.earn(70, caps=shared).points_amount == 70
    receipt = other.earn(70, caps=shared)
    assert receipt.points_amount == 30
    other.reverse(receipt)
    assert book.earn(70, caps=shared).points_amount == 30
    (usage,) = api.list_shared_cap_usage(["household:7:day", "other"])
    assert (usage.account_id, usage.units_used, usage.units_max) == (None, 100, 100)
    assert broken() == {}


def test_cap__that_refuses__leaves_the_ledger_unchanged(book: Book) -> None:
    strict = (cap("strict", 100, on_reach=api.OnReach.REFUSE),)
    book.earn(80, caps=strict)
    before = run("SELECT count(*) FROM ledger_transaction")
    with pytest.raises(api.CapReached) as refusal, transaction.atomic():
        book.earn(21, caps=strict)
    assert refusal.value.code == "points.cap_reached"
    assert refusal.value.facts == {
        "cap_ref": "strict", "window_start": str(DAY), "units_max": 100, "units_used": 80,
        "points_requested": 21, "points_room": 20,
    }  # fmt: skip
    assert run("SELECT count(*) FROM ledger_transaction") == before
    assert book.earn(20, caps=strict).points_amount == 20
    assert broken() == {}


def test_batch__with_caps_that_refuse__refuses_lines_and_posts_the_others(book: Book) -> None:
    other = open_book(program_ref=book.program_ref)
    strict = (cap("strict", 100, on_reach=api.OnReach.REFUSE),)
    lines = book.earn_all(
        [
            book.earn_posting(80, caps=strict, trace={"n": 1}, context={"c": 1}),
            book.earn_posting(30, "again", caps=strict),
            other.earn_posting(90, caps=strict),
            book.earn_posting(20, "again", caps=strict, request_hash=b"x" * 32),
            book.earn_posting(5),
        ]
    )
    assert [line.refusal_code for line in lines] == [None, "points.cap_reached", None, None, None]
    assert [line.receipt.points_balance for line in lines if line.receipt] == [80, 90, 100, 105]
    assert lines[0].receipt is not None
    assert (lines[0].receipt.trace, lines[0].receipt.context) == ({"n": 1}, {"c": 1})
    assert broken() == {}


def test_cap__lowered_below_its_use__counts_nothing_more(book: Book) -> None:
    book.earn(80, caps=book.cap(100))
    for _ in range(2):
        assert book.earn(10, caps=book.cap(50)).points_amount == 0
    lines = book.earn_all([book.earn_posting(10, caps=book.cap(50)), book.earn_posting(30, caps=book.cap(100))])
    assert [line.receipt.points_amount for line in lines if line.receipt] == [0, 20]
    assert broken() == {}


@pytest.mark.django_db(transaction=True)
def test_shared_cap__reached_by_many_accounts_at_once__is_never_passed() -> None:
    program = open_book().program_ref
    books = [open_book(program_ref=program) for _ in range(8)]
    shared = (cap("program", 100, is_shared=True), cap("own", 40))

    def batch(order: list[Book]) -> int:
        lines = api.earn_batch([each.earn_posting(3, caps=shared) for each in order], now=NOW)
        return sum(line.receipt.points_amount for line in lines if line.receipt)

    singles = [partial(each.earn, 7, caps=shared) for each in books * 2]
    answers = all_at_once([*singles, *(partial(batch, books[n:] + books[:n]) for n in range(4))])
    granted = sum(one if isinstance(one, int) else one.points_amount for one in answers)
    assert granted == sum(each.balance for each in books) == 100
    assert broken() == {}
    assert run("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == [(0,)]
