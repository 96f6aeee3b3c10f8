"""Migrations of a book that holds something already."""

from importlib import import_module

from tests.ledger.book import Book, broken, run

INDEXES = {
    "ledger_entry_sequence": "INCLUDE (points_change, kind)",
    "ledger_lot_open_pkey": "INCLUDE (points_remaining, points_held)",
}


def definition(index: str) -> str:
    return str(run("SELECT pg_get_indexdef(%s::regclass)", index)[0][0])


def test_proof_along_indexes__book_of_before__gets_them_and_goes_on(book: Book) -> None:
    book.earn(50)
    run("DROP INDEX ledger_entry_sequence")
    run("CREATE UNIQUE INDEX ledger_entry_sequence ON ledger_entry (account_id, account_sequence)")
    run("ALTER TABLE ledger_lot_open DROP CONSTRAINT ledger_lot_open_pkey")
    run("ALTER TABLE ledger_lot_open ADD PRIMARY KEY (account_id, spendable_until, earned_at, lot_id)")
    bring = import_module("loyalty.ledger.migrations.0010_proof_along_indexes").BRING
    for _ in range(2):
        run(bring)
        for index, included in INDEXES.items():
            assert included in definition(index)
    book.burn(20)
    assert broken() == {}
    assert run("SELECT points_remaining FROM ledger_lot_open") == [(30,)]
