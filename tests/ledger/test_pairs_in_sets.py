"""Transfers, holds and their ends of many accounts in one statement: to the point what single calls leave behind."""

import dataclasses
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction

from loyalty.foundation.kernel.errors import Refusal
from loyalty.ledger import api
from tests.ledger.book import NOW, SCOPE, Book, broken, event_of, open_book, run

# Made anew by each call.
IDS = {"transaction_id", "hold_id", "context"}


def many(count: int) -> list[Book]:
    """Accounts of one program: each with lots of its own dates, one of them over; some with points held and pending."""
    first = open_book()
    books = [first, *(open_book(program_ref=first.program_ref) for _ in range(count - 1))]
    for number, book in enumerate(books):
        past = book.at(days=-20)
        past.earn(10 + number, days=19.9)
        for points, days in ((20 + number, 40), (30, None), (15, 25)):
            past.earn(points, days=days)
        if number % 3 == 0:
            book.hold(4, hours=200)
        if number % 4 == 0:
            book.earn(5, is_pending=True)
    return books


def left_behind(books: Sequence[Book]) -> list[Any]:
    """Figures and lots of the accounts, without the numbers of transactions."""
    views = [dataclasses.asdict(api.get_account(book.account_id)) for book in books]
    lots = [
        [{**dataclasses.asdict(lot), "transaction_id": None} for lot in api.list_lots(book.account_id)]
        for book in books
    ]  # fmt: skip
    return [views, lots]


def told(receipt: Any) -> dict[str, Any]:
    """What an answer says beyond new ids."""
    return {name: value for name, value in dataclasses.asdict(receipt).items() if name not in IDS}


def alike(books: Sequence[Book], postings: Sequence[Any], single: Callable[..., Any], batch: Callable[..., Any]) -> Any:
    """Post singly and take it back, then as a set: the same answers, the same figures and lots; give the lines."""
    found: list[Any] = []
    with transaction.atomic():
        for posting in postings:
            try:
                with transaction.atomic():
                    found.append(told(single(posting, now=NOW)))
            except Refusal as refusal:
                found.append((refusal.code, refusal.detail, dict(refusal.facts)))
        expected = left_behind(books)
        transaction.set_rollback(True)
    lines = batch(postings, now=NOW)
    answers = [
        told(line.receipt) if line.receipt else (line.refusal_code, line.refusal_detail, dict(line.refusal_facts))
        for line in lines
    ]
    assert answers == found
    assert left_behind(books) == expected
    assert broken() == {}
    return lines


def said(key: str) -> dict[str, Any]:
    """What every posting says."""
    return {"idempotency_scope": SCOPE, "idempotency_key": key, "occurred_at": NOW, "context": {"of": key}}


def test_transfer_batch__many_pairs__leaves_what_single_transfers_leave(db: None) -> None:
    books = many(20)
    owing = books[19]
    earned = owing.earn(500)
    owing.burn(500)
    owing.reverse(earned, policy=api.ReversalPolicy.UNLIMITED)
    cap = api.CapLine(cap_ref="transfer:day", window_start=NOW.date(), units_max=5, on_reach=api.OnReach.REFUSE)

    def giving(sender: int, taker: int, points: int, fee: int = 0, **more: Any) -> api.TransferPosting:
        return api.TransferPosting(
            account_id=books[sender].account_id, to_account_id=books[taker].account_id, points_amount=points,
            fee_points=fee, reason="gift", **said(f"t{sender}-{taker}"), **more,
        )  # fmt: skip

    postings = [
        giving(0, 1, 1),
        # Across lots, with the fee at the seam and behind it.
        giving(2, 3, 37, 3),
        giving(4, 5, 20, 30),
        giving(7, 6, 30 + 15 + 27),
        # Only what is over would be enough.
        giving(8, 9, 30 + 15 + 28 + 1),
        giving(10, 11, 4, caps=(cap,)),
        giving(12, 13, 6, caps=(cap,)),
        # Met twice, in debt.
        giving(14, 15, 10),
        giving(15, 16, 60),
        giving(17, 19, 20),
        giving(18, 18, 1),
    ]
    lines = alike(books, postings, api.transfer, api.transfer_batch)
    assert [line.refusal_code for line in lines] == [
        *(None, None, None, None, "points.insufficient", None, "points.cap_reached", None, None, None),
        "points.transfer_to_self",
    ]  # fmt: skip
    posted = lines[1].receipt
    name, data = event_of(posted.transaction_id)
    assert (name, data["points_amount"], data["fee_points"]) == ("points.transferred", 37, 3)
    assert data["to_points_balance"] == posted.counterpart.points_balance
    back = books[2].reverse(posted)
    assert (back.points_amount, back.points_balance) == (37, posted.points_balance + 40)
    again = api.transfer_batch(postings[:4], now=NOW)
    assert all(line.receipt and line.receipt.is_replay for line in again)
    assert broken() == {}


def test_hold_batches__of_many_accounts__leave_what_single_calls_leave(db: None) -> None:
    books = many(15)
    frozen = books[14]
    run("UPDATE ledger_balance SET status = 'FROZEN' WHERE account_id = (SELECT id FROM ledger_account "
        "WHERE public_id = %s)", frozen.account_id)  # fmt: skip

    def holding(number: int, points: int, key: str = "") -> api.HoldPosting:
        return api.HoldPosting(
            account_id=books[number].account_id, points_amount=points, expires_at=NOW + timedelta(hours=9),
            reason="basket", **said(key or f"h{number}"),
        )  # fmt: skip

    wanted = [holding(n, 20 + 6 * n) for n in range(12)] + [holding(12, 1), holding(12, 2, "again"), holding(14, 1)]
    lines = alike(books, wanted, api.hold, api.hold_batch)
    refused = [n for n, line in enumerate(lines) if line.receipt is None]
    assert refused == [9, 10, 11, 14]
    held = [line.receipt.hold_id for line in lines if line.receipt is not None]
    ends = [
        api.CapturePosting(hold_id=hold, points_amount=points, **said(f"c{n}"))
        for n, (hold, points) in enumerate(zip(held[:6], (None, 1, 12, 300, 40, 44), strict=True))
    ]
    captured = alike(books, ends, api.capture, api.capture_batch)
    assert [line.refusal_code for line in captured] == [None, None, None, "points.insufficient", None, None]
    frees = [api.ReleasePosting(hold_id=hold, reason="left", **said(f"r{n}")) for n, hold in enumerate(held)]
    released = alike(books, frees, api.release, api.release_batch)
    done = [line.receipt is not None for line in released]
    assert done == [False, False, False, True, False, False, *[True] * 5]
    assert books[0].reverse(captured[0].receipt).points_amount == 20
    assert broken() == {}
