"""Expiry: in chunks, per account one transaction, points to breakage."""

import dataclasses

from loyalty.ledger import api
from loyalty.ledger.events import PointsExpired
from tests.ledger.book import Book, broken, event_of, open_book, run


def test_expire__due_lots__go_to_breakage_with_one_event_per_account(book: Book) -> None:
    other = open_book(program_ref=book.program_ref)
    book.earn(10, days=1)
    book.earn(20, days=2)
    book.earn(40, days=9)
    book.earn(80)
    book.burn(4)
    other.earn(5, days=1)
    later = book.at(days=2)
    chunk = api.expire_due_lots(now=later.now)
    assert dataclasses.astuple(chunk) == (3, 31, 2)
    assert (book.balance, other.balance) == (120, 0)
    totals = api.get_totals()
    assert (totals.points_issued, totals.points_redeemed, totals.points_expired, totals.points_outstanding) == (
        155,
        4,
        31,
        120,
    )
    newest = api.list_transactions(account_ids=[book.account_id], limit=1)[0]
    assert (newest.kind, newest.points_change, newest.points_balance) == (api.TransactionKind.EXPIRE, -26, 120)
    name, data = event_of(newest.transaction_id)
    assert name == PointsExpired.type
    assert set(data) == {field.name for field in dataclasses.fields(PointsExpired)}
    assert broken(later.now) == {}


def test_expire__nothing_due__does_nothing(book: Book) -> None:
    book.earn(10, days=1)
    book.earn(10)
    assert dataclasses.astuple(api.expire_due_lots(now=book.at(hours=23).now)) == (0, 0, 0)
    assert book.balance == 20


def test_expire__in_small_chunks__ends_where_one_chunk_would(book: Book) -> None:
    books = [open_book(program_ref=book.program_ref) for _ in range(5)]
    for number, each in enumerate(books):
        for day in range(1, 5):
            each.earn(day + number, days=day)
    later = book.at(days=3)
    chunks = []
    while lots := api.expire_due_lots(now=later.now, limit=4).lots_expired:
        chunks.append(lots)
    assert (max(chunks), sum(chunks)) == (4, 15)
    assert broken(later.now) == {}
    assert [each.balance for each in books] == [4, 5, 6, 7, 8]
    assert run("SELECT count(*) FROM ledger_lot_open") == [(5,)]


def test_expire__at_the_very_instant__expires(book: Book) -> None:
    book.earn(10, days=1)
    assert api.expire_due_lots(now=book.at(days=1).now).points_expired == 10


def test_expire__twice__expires_once(book: Book) -> None:
    book.earn(10, days=1)
    later = book.at(days=1).now
    assert [api.expire_due_lots(now=later).points_expired for _ in range(2)] == [10, 0]
    assert book.balance == 0


def test_expire__several_due_lots_of_an_account__are_one_transaction_whatever_their_dates(book: Book) -> None:
    other = open_book(program_ref=book.program_ref)
    for days in (1, 3, 5):
        book.earn(10 + days, days=days)
    other.earn(7, days=2)
    later = book.at(days=5)
    # The account of the lot longest over comes first, with all that is due of it.
    chunks = [dataclasses.astuple(api.expire_due_lots(now=later.now, limit=3)) for _ in range(3)]
    assert chunks == [(3, 39, 1), (1, 7, 1), (0, 0, 0)]
    newest = api.list_transactions(account_ids=[book.account_id], limit=1)[0]
    assert (newest.points_change, newest.points_balance) == (-39, 0)
    assert run("SELECT count(*) FROM events_outbox WHERE type = 'points.expired'") == [(2,)]
    assert run(
        "SELECT array_agg(a.line ORDER BY a.line), sum(a.points_consumed)::bigint FROM ledger_allocation a "
        "JOIN ledger_transaction t ON t.id = a.transaction_id WHERE t.kind = 'expire' GROUP BY t.id ORDER BY 2 DESC"
    ) == [([1, 2, 3], 39), ([1], 7)]
    assert broken(later.now) == {}


def test_expire__more_due_lots_than_a_chunk__takes_the_first_over_first(book: Book) -> None:
    for days in range(1, 8):
        book.earn(days, days=days)
    later = book.at(days=7)
    assert dataclasses.astuple(api.expire_due_lots(now=later.now, limit=3)) == (3, 6, 1)
    assert [size for size, _ in book.lots] == [4, 5, 6, 7]
    assert [api.expire_due_lots(now=later.now, limit=3).lots_expired for _ in range(3)] == [3, 1, 0]
    assert broken(later.now) == {}


def test_expire__lots_partly_and_wholly_held__keep_what_is_held(book: Book) -> None:
    book.earn(10, days=1)
    book.earn(10, days=2)
    book.earn(10, days=3)
    book.hold(14, hours=9000)
    later = book.at(days=3)
    assert dataclasses.astuple(api.expire_due_lots(now=later.now)) == (2, 16, 1)
    assert (book.balance, book.lots) == (14, [(10, 10), (10, 4)])
    assert api.expire_due_lots(now=later.now).lots_expired == 0
    assert broken(later.now) == {}


def test_expire_lots__places_that_are_not_due_or_of_others__are_passed_over(book: Book) -> None:
    other = open_book(program_ref=book.program_ref)
    book.earn(10, days=1)
    book.earn(20, days=30)
    other.earn(5, days=1)
    later = book.at(days=2)
    ((internal,),) = run("SELECT id FROM ledger_account WHERE public_id = %s", book.account_id)
    # Every lot there is, and a place where there is none; the caller holds one account only.
    found = run(
        "SELECT * FROM ledger_expire_lots(ARRAY[%s::bigint], "
        "(SELECT array_agg(o.ctid) || '(9999,1)'::tid FROM ledger_lot_open o), true, %s, '', %s)",
        internal, later.now, later.now,
    )  # fmt: skip
    assert found == [(1, 10, 1)]
    assert (book.balance, other.balance) == (20, 5)
    assert broken(later.now) == {}
