"""What the database itself refuses, whoever writes."""

import pytest
from django.db import DatabaseError, transaction

from loyalty.ledger import api
from tests.ledger.book import NOW, Book, open_book, run

TABLES = (
    "ledger_transaction", "ledger_entry", "ledger_lot_apart", "ledger_allocation", "ledger_cap_hit", "ledger_part",
    "ledger_answer", "ledger_debt_change", "ledger_day_close",
)  # fmt: skip


@pytest.fixture
def full(book: Book) -> Book:
    """An account with a row in each table; 60 points are left."""
    debtor = open_book(program_ref=book.program_ref)
    earned = debtor.earn(5)
    debtor.burn(5)
    debtor.reverse(earned, policy=api.ReversalPolicy.UNLIMITED)
    open_book(program_ref=book.program_ref).adjust(3)
    parts = (api.EarnPart(code="base", points_amount=70), api.EarnPart(code="bonus", points_amount=30))
    book.earn(100, caps=book.cap(100), parts=parts, days=5)
    book.burn(40)
    api.close_days(until=NOW.date(), now=book.at(days=1).now)
    return book


def refused(statement: str) -> str:
    """Run a statement that must fail; give its SQLSTATE."""
    with pytest.raises(DatabaseError) as fault, transaction.atomic():
        run(statement)
    return str(getattr(fault.value.__cause__, "sqlstate", ""))


def changes(table: str) -> list[str]:
    """Statements that change what is only appended."""
    column = "account_id" if table in ("ledger_transaction", "ledger_day_close") else "transaction_id"
    return [f"UPDATE {table} SET {column} = 1", f"DELETE FROM {table}", f"TRUNCATE {table}"]


@pytest.mark.parametrize("table", TABLES)
def test_append_only_tables__changed__refuse(full: Book, table: str) -> None:
    assert [refused(statement) for statement in changes(table)] == ["23001"] * 3


@pytest.mark.parametrize(
    ("counter", "code"), [("NULL", "23502"), ("account_id", "23514")], ids=["without a counter-leg", "against itself"]
)
def test_entry__that_does_not_balance__is_refused(full: Book, counter: str, code: str) -> None:
    entry = (
        f"INSERT INTO ledger_entry SELECT id, 9, account_id, 'earn', 5, 77, 5, now(), {counter} FROM ledger_transaction"
    )
    assert refused(entry + " LIMIT 1") == code


def test_leg__alone__is_refused(full: Book) -> None:
    assert refused("INSERT INTO ledger_leg VALUES (1, 9, 1, 'earn', 5, 77, 5, now())") == "55000"


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
        "INSERT INTO ledger_entry VALUES (1, 9, 1, 'earn', 0, 77, 0, now(), 2)",
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
        "balance_after, recorded_at, counter_id FROM ledger_entry"
    )
    assert refused(statement) == "23505"


def test_application_role__restricted__posts_but_cannot_change_what_is_appended(full: Book) -> None:
    run("CREATE ROLE ledger_posts_only NOLOGIN")
    run("GRANT ledger_posts_only TO CURRENT_USER")
    run("GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA public TO ledger_posts_only")
    run("SELECT ledger_restrict_role('ledger_posts_only')")
    run("SET LOCAL ROLE ledger_posts_only")
    assert full.earn(5, days=9).points_balance == 65
    assert full.burn(62).points_balance == 3
    full.hold(1)
    for table in TABLES:
        assert [refused(statement) for statement in changes(table)] == ["42501"] * 3
    assert refused("DELETE FROM ledger_balance") == "42501"
    run("RESET ROLE")
