"""Reads: statement, lots, balance of any instant, transactions, receipts, reconciliation, proof."""

import json
import uuid
from datetime import timedelta

import pytest

from loyalty.foundation.kernel.ids import new_public_id
from loyalty.ledger import api
from loyalty.ledger.queries.history import BALANCE_RECORDED
from tests.ledger.book import NOW, SCOPE, Book, broken, event_of, open_book, run


@pytest.fixture
def history(book: Book) -> Book:
    """An account with one posting on each of six days."""
    for day, points in enumerate((100, 50, -30, 20, -60, 5)):
        here = book.at(days=day)
        _ = here.earn(points, days=30) if points > 0 else here.burn(-points, reason=f"day {day}")
    return book


def test_statement__paged__gives_every_line_once_newest_first(history: Book) -> None:
    pages, before = [], None
    while page := api.list_statement(history.account_id, limit=4, before_sequence=before):
        pages.append(page)
        before = page[-1].account_sequence
    lines = [line for page in pages for line in page]
    assert [len(page) for page in pages] == [4, 2]
    assert [line.account_sequence for line in lines] == [6, 5, 4, 3, 2, 1]
    assert [line.points_change for line in lines] == [5, -60, 20, -30, 50, 100]
    assert [line.balance_after for line in lines] == [85, 80, 140, 120, 150, 100]
    assert (lines[1].reason, lines[1].kind) == ("day 4", api.TransactionKind.BURN)


def test_balance_as_of__any_instant__is_what_the_book_knew(history: Book) -> None:
    instants = [
        NOW - timedelta(seconds=1),
        *(NOW + timedelta(days=day, hours=hours) for day in range(6) for hours in (0, 3)),
    ]
    balances = [api.get_balance_as_of(history.account_id, as_of=instant) for instant in instants]
    assert balances == [0, 100, 100, 150, 150, 120, 120, 140, 140, 80, 80, 85, 85]


def test_balance_as_of__ten_thousand_entries__is_one_probe_of_an_index(book: Book) -> None:
    for _ in range(10):
        book.earn_all([book.earn_posting(1) for _ in range(1000)])
    run("ANALYZE ledger_entry")
    run("ANALYZE ledger_account")
    explained = run(
        "EXPLAIN (ANALYZE, FORMAT JSON) " + BALANCE_RECORDED.replace("%(account)s", "%s").replace("%(as_of)s", "%s"),
        book.account_id,
        NOW,
    )
    plan = json.loads(explained[0][0]) if isinstance(explained[0][0], str) else explained[0][0]
    (probe,) = [scan for scan in plan[0]["Plan"]["Plans"] if scan.get("Relation Name") == "ledger_entry"]
    assert probe["Node Type"] in ("Index Only Scan", "Index Scan")
    assert probe["Index Name"] == "ledger_entry_as_of"
    assert (probe["Actual Rows"], probe["Actual Loops"]) == (1, 1)
    assert api.get_balance_as_of(book.account_id, as_of=NOW) == 10_000


def test_lots__expiring__are_listed_in_the_order_of_spending(book: Book) -> None:
    never = book.earn(1)
    late = book.earn(2, days=20)
    soon = book.earn(3, days=10)
    lots = api.list_lots(book.account_id)
    assert [lot.transaction_id for lot in lots] == [soon.transaction_id, late.transaction_id, never.transaction_id]
    assert [lot.expires_at for lot in lots] == [NOW + timedelta(days=10), NOW + timedelta(days=20), None]
    until = NOW + timedelta(days=15)
    assert [lot.points_remaining for lot in api.list_expiring(book.account_id, now=NOW, until=until)] == [3]
    other = open_book()
    expiring = api.list_points_expiring([book.account_id, other.account_id], now=NOW, until=NOW + timedelta(days=30))
    assert expiring == {book.account_id: 5}


def test_transactions__filtered_and_paged__newest_first(history: Book) -> None:
    other = open_book(program_ref=history.program_ref)
    other.at(days=9).earn(7)
    seen: list[uuid.UUID] = []
    before = None
    while page := api.list_transactions(account_ids=[history.account_id], limit=4, before=before):
        seen += [view.transaction_id for view in page]
        before = seen[-1]
    assert len(seen) == len(set(seen)) == 6
    burns = api.list_transactions(program_ref=history.program_ref, kind=api.TransactionKind.BURN)
    assert [view.points_change for view in burns] == [-60, -30]
    assert [view.owner_ref for view in api.list_transactions(limit=1)] == [other.owner_ref]
    assert api.list_transactions(account_ids=[new_public_id()]) == []


@pytest.mark.parametrize("years", [-30, 30])
def test_transactions__of_an_instant_far_from_the_machines_clock__are_listed_by_that_instant(
    book: Book, years: int
) -> None:
    there = book.at(days=365 * years)
    made = [there.earn(10, days=1), there.burn(3), there.earn(2), there.at(minutes=1).earn(1, days=1)]
    api.expire_due_lots(now=there.at(days=2).now)
    listed = api.list_transactions(account_ids=[book.account_id])
    assert listed[0].kind is api.TransactionKind.EXPIRE
    assert [view.transaction_id for view in reversed(listed[1:])] == [receipt.transaction_id for receipt in made]
    assert all(view.transaction_id.version == 7 for view in listed)


def test_transaction__by_id__tells_everything(book: Book) -> None:
    receipt = book.earn(80, caps=book.cap(50), trace={"rule": "r"}, actor_ref="user-1", program_version_ref="v7")
    view = api.get_transaction(receipt.transaction_id)
    assert (view.points_change, view.points_lost_to_caps, view.points_balance) == (50, 30, 50)
    assert (view.trace, view.actor_ref, view.program_version_ref) == ({"rule": "r"}, "user-1", "v7")


def test_receipt__by_key__is_the_first_answer(book: Book) -> None:
    first = book.earn(80, "k", caps=book.cap(50))
    found = api.find_receipt(idempotency_scope=SCOPE, idempotency_key="k")
    assert found is not None
    assert (found.is_replay, found.points_amount, found.transaction_id) == (True, 50, first.transaction_id)
    assert api.find_receipt(idempotency_scope=SCOPE, idempotency_key="other") is None


def test_receipt__by_key_of_another_request__is_refused(book: Book) -> None:
    book.earn(1, "k", request_hash=b"x" * 32)
    assert api.find_receipt(idempotency_scope=SCOPE, idempotency_key="k", request_hash=b"x" * 32) is not None
    with pytest.raises(api.IdempotencyKeyReused):
        api.find_receipt(idempotency_scope=SCOPE, idempotency_key="k", request_hash=b"y" * 32)


def test_reconcile__sound_account__is_balanced(history: Book) -> None:
    result = api.reconcile(history.account_id)
    assert (result.is_balanced, result.points_balance, result.sum_of_entries, result.sum_of_lots) == (True, 85, 85, 85)
    with pytest.raises(api.AccountNotFound):
        api.reconcile(new_public_id())


def test_reconcile__balance_changed_behind_the_book__names_the_discrepancies(history: Book) -> None:
    run("UPDATE ledger_balance SET points_posted = points_posted + 15")
    result = api.reconcile(history.account_id)
    assert not result.is_balanced
    assert [(d.code, d.expected, d.found) for d in result.discrepancies] == [("entries", 100, 85), ("lots", 100, 85)]


def test_proof__sound_book__is_balanced_with_totals(history: Book) -> None:
    proof = api.prove(now=NOW)
    assert proof.is_balanced
    assert (proof.totals.points_issued, proof.totals.points_redeemed, proof.totals.points_outstanding) == (175, 90, 85)
    assert len(proof.invariants) >= 20


def test_events__of_every_verb__tell_the_number_of_their_entry(book: Book) -> None:
    other = open_book(program_ref=book.program_ref)
    book.earn(100, days=1, caps=book.cap(100))
    capped = book.earn(5, caps=book.cap(100))
    book.earn_all([book.earn_posting(10), book.earn_posting(20)])
    pending = book.earn(7, is_pending=True)
    burned = book.burn(3)
    book.capture(book.hold(4))
    book.reverse(burned)
    book.transfer(other, 6)
    book.reverse(pending)
    api.expire_due_lots(now=book.at(days=1).now)
    told = {
        event_of(view.transaction_id)[1]["account_sequence"]
        for view in api.list_transactions(account_ids=[book.account_id])
        if view.transaction_id not in (capped.transaction_id, pending.transaction_id) and view.points_change
    }
    assert told == set(range(1, 9))
    assert event_of(capped.transaction_id)[1]["account_sequence"] is None
    assert event_of(pending.transaction_id)[1]["account_sequence"] is None
    assert broken(book.at(days=1).now) == {}
