"""What the database itself refuses, whoever writes."""

import pytest
from django.db import DatabaseError, transaction

from tests.ledger.book import Book, run

TABLES = ("ledger_transaction", "ledger_entry", "ledger_lot", "ledger_allocation", "ledger_cap_hit")


@pytest.fixture
def full(book: Book) -> Book:
    """An account with a row in each table."""
    book.earn(100, caps=book.cap(100), days=5)
    book.burn(40)
    return book


def refused(statement: str) -> str:
    """Run a statement that must fail; give its SQLSTATE."""
    with pytest.raises(DatabaseError) as fault, transaction.atomic():
        run(statement)
    return str(getattr(fault.value.__cause__, "sqlstate", ""))


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("verb", ["UPDATE {} SET account_id = 1", "DELETE FROM {}", "TRUNCATE {}"])
def test_append_only_tables__changed__refuse(full: Book, table: str, verb: str) -> None:
    column = "lot_id" if table == "ledger_allocation" else "account_id"
    assert refused(verb.format(table).replace("account_id", column)) == "23001"


def test_entries__not_summing_to_zero__are_refused(full: Book) -> None:
    one_leg = (
        "INSERT INTO ledger_entry SELECT id, 9, account_id, 'earn', 5, 77, 5, now() FROM ledger_transaction LIMIT 1"
    )
    assert refused(one_leg) == "23514"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_balance SET points_posted = -1",
        "UPDATE ledger_balance SET points_held = points_posted + 1",
        "UPDATE ledger_balance SET points_held = -1",
        "UPDATE ledger_lot_open SET points_remaining = 0",
        "UPDATE ledger_lot_open SET points_remaining = points_original + 1",
        "UPDATE ledger_cap_usage SET units_used = units_max + 1",
        "UPDATE ledger_cap_usage SET units_used = -1",
        "INSERT INTO ledger_entry VALUES (1, 9, 1, 'earn', 0, NULL, NULL, now())",
        "INSERT INTO ledger_allocation VALUES (1, 9, 1, 0)",
    ],
)
def test_figures__out_of_bounds__are_refused(full: Book, statement: str) -> None:
    assert refused(statement) == "23514"


def test_second_transaction__for_a_key__is_refused(full: Book) -> None:
    statement = (
        "INSERT INTO ledger_transaction (public_id, kind, idempotency_scope, idempotency_key, request_hash, "
        "account_id, program_ref, occurred_at, recorded_at) "
        "SELECT gen_random_uuid(), kind, idempotency_scope, idempotency_key, request_hash, "
        "account_id, program_ref, occurred_at, recorded_at FROM ledger_transaction LIMIT 1"
    )
    assert refused(statement) == "23505"


def test_number__of_an_account_repeated__is_refused(full: Book) -> None:
    statement = (
        "INSERT INTO ledger_entry SELECT transaction_id, line + 5, account_id, kind, points_change, account_sequence, "
        "balance_after, recorded_at FROM ledger_entry"
    )
    assert refused(statement) == "23505"
