"""The set form of earn: the same meaning as single earns in the same order."""

import dataclasses

import pytest

from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.ledger import api
from tests.ledger.book import NOW, Book, broken, event_of, open_book, run


def facts(receipt: api.Receipt) -> tuple[int, int, int, bool]:
    """What of a receipt does not depend on ids."""
    return receipt.points_amount, receipt.points_balance, receipt.points_lost_to_caps, receipt.is_replay


def receipts(lines: list[api.BatchLine]) -> list[api.Receipt]:
    """The receipts of a batch without refusals."""
    assert [line.refusal_code for line in lines] == [None] * len(lines)
    return [line.receipt for line in lines if line.receipt]


def test_batch__like_single_earns__gives_the_same_answers_and_book(book: Book) -> None:
    twin = open_book(program_ref=book.program_ref)
    amounts = [30, 50, 10, 40, 5, 1]
    keys = ["a", "b", "a2", "c", "b", "d"]

    def postings(owner: Book) -> list[api.EarnPosting]:
        caps = [(), owner.cap(70), owner.cap(70), owner.cap(70), owner.cap(70), owner.cap(70, "x") + owner.cap(71)]
        return [
            owner.earn_posting(50 if key == "b" else points, f"{key}{owner.account_id}", days=points, caps=cap)
            for points, key, cap in zip(amounts, keys, caps, strict=True)
        ]

    singles = [api.earn(posting, now=NOW) for posting in postings(twin)]
    batch = receipts(book.earn_all(postings(book)))
    assert [facts(receipt) for receipt in batch] == [facts(receipt) for receipt in singles]
    assert [facts(receipt)[:3] for receipt in batch] == [
        (30, 30, 0), (50, 80, 0), (10, 90, 0), (10, 100, 30), (50, 80, 0), (1, 101, 0),
    ]  # fmt: skip
    assert book.lots == twin.lots
    assert [dataclasses.astuple(u)[1:] for u in api.list_cap_usage(book.account_id)] == [
        dataclasses.astuple(u)[1:] for u in api.list_cap_usage(twin.account_id)
    ]
    for ours, theirs in zip(batch, singles, strict=True):
        kind, data = event_of(ours.transaction_id)
        other_kind, other_data = event_of(theirs.transaction_id)
        named = {"transaction_id", "account_id", "customer_id", "owner_ref"}
        assert (kind, {k: v for k, v in data.items() if k not in named}) == (
            other_kind,
            {k: v for k, v in other_data.items() if k not in named},
        )
    assert broken() == {}


def test_batch__sent_again__answers_the_same_and_changes_nothing(book: Book) -> None:
    postings = [
        book.earn_posting(10 + n, f"k{n}", caps=book.cap(35), trace={"n": n}, context={"c": n}) for n in range(4)
    ]
    first = receipts(book.earn_all(postings))
    book.earn(3)
    again = receipts(book.at(days=1).earn_all(postings))
    assert [dataclasses.replace(receipt, is_replay=False) for receipt in again] == first
    assert all(receipt.is_replay for receipt in again)
    assert book.balance == 38
    assert broken() == {}


def test_batch__refused_lines__leave_the_others(book: Book, actor: Actor) -> None:
    frozen = open_book(program_ref=book.program_ref)
    api.freeze_account(account_id=frozen.account_id, reason="", actor=actor, now=NOW)
    book.earn(1, "used")
    lines = book.earn_all(
        [
            book.earn_posting(10),
            frozen.earn_posting(10),
            book.earn_posting(10, account_id=new_public_id()),
            book.earn_posting(2, "used"),
            book.earn_posting(20),
        ]
    )
    assert [line.refusal_code for line in lines] == [
        None, "account.not_active", "account.not_found", "idempotency.key_reused", None,
    ]  # fmt: skip
    assert [line.receipt.points_balance for line in lines if line.receipt] == [11, 31]
    assert broken() == {}


def test_batch__hundreds_of_accounts_of_two_programs__is_balanced(db: None) -> None:
    here, there = new_public_id(), new_public_id()
    books = [open_book(program_ref=here if n % 2 else there) for n in range(60)]
    postings = [books[n % 60].earn_posting(n + 1, days=n % 7 + 1) for n in range(500)]
    answers = receipts(books[0].earn_all(postings))
    assert [receipt.points_amount for receipt in answers] == list(range(1, 501))
    assert [view.points_posted for view in api.list_accounts(account_ids=[b.account_id for b in books])] == [
        sum(n + 1 for n in range(500) if n % 60 == index) for index in range(60)
    ]
    assert run("SELECT count(*), count(DISTINCT event_id) FROM events_outbox") == [(500, 500)]
    assert broken() == {}


def test_batch__empty_or_too_long__does_nothing(book: Book) -> None:
    assert book.earn_all([]) == []
    with pytest.raises(api.BatchInvalid):
        book.earn_all([book.earn_posting(1)] * (api.BATCH_LINES_MAX + 1))
    with pytest.raises(api.PointsAmountInvalid):
        book.earn_all([book.earn_posting(1), book.earn_posting(1, points_amount=-1)])
    assert book.balance == 0


def test_batch__whatever_the_plan__numbers_lots_in_the_order_of_lines(book: Book) -> None:
    for _ in range(30):
        open_book()
    run("SET LOCAL enable_nestloop = off")
    assert all(line.receipt for line in book.earn_all([book.earn_posting(points) for points in range(1, 7)]))
    assert all(line.receipt for line in api.adjust_batch([book.adjust_posting(points) for points in (8, 9)], now=NOW))
    assert [size for size, _ in book.lots] == [1, 2, 3, 4, 5, 6, 8, 9]
