"""Lots that are brought in from elsewhere: in haste where nothing stands against it, else with every question asked."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.orm import sql
from loyalty.ledger import api
from tests.ledger.book import NOW, Book, broken, open_book

pytestmark = pytest.mark.django_db
OPEN = """
    SELECT * FROM ledger_open_lots(%(now)s, %(accounts)s::uuid[], %(points)s::bigint[], %(expires)s::timestamptz[],
        %(expires)s::timestamptz[], 'tests.opening', 'file:', %(numbers)s::integer[], 'opening_balance', 'tests', 'v1')
    ORDER BY line
"""
# What tells one way of posting from the other, without what chance made.
TOLD = """
    SELECT data - 'transaction_id' - 'account_id' - 'owner_ref' - 'customer_id' AS data FROM events_outbox
    WHERE type = 'points.adjusted' ORDER BY id
"""
ENTRIES = """
    SELECT e.points_change, e.account_sequence, e.balance_after, t.reason_code, t.actor_ref, t.idempotency_key
    FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
    JOIN ledger_account a ON a.id = e.account_id WHERE a.public_id = %s ORDER BY e.account_sequence
"""


def open_lots(accounts: Sequence[UUID], points: Sequence[int], first: int = 1) -> list[dict[str, Any]]:
    """Open lots that expire a year from now, under the keys of as many rows."""
    rows = {
        "now": NOW,
        "accounts": list(accounts),
        "points": list(points),
        "expires": [NOW + timedelta(days=365)] * len(points),
        "numbers": list(range(first, first + len(points))),
    }
    return sql.fetch_all(OPEN, rows)


def refusals(lines: Sequence[dict[str, Any]]) -> list[str | None]:
    """Give the refusals of lines; a line posts or is refused."""
    assert all((line["transaction_id"] is None) == (line["refusal"] is not None) for line in lines)
    return [line["refusal"] for line in lines]


def posted(*books: Book) -> list[int]:
    """Give the balances."""
    return [api.get_account(book.account_id).points_posted for book in books]


def beside(book: Book) -> Book:
    """Give another account of the program."""
    return open_book(program_ref=book.program_ref)


def test_open_lots__new_keys__are_lots_entries_and_balances(book: Book) -> None:
    other = beside(book)

    assert refusals(open_lots([book.account_id, other.account_id, book.account_id], [10, 20, 30])) == [None] * 3

    assert posted(book, other) == [40, 20]
    assert book.lots == [(10, 10), (30, 30)]
    assert [tuple(row.values()) for row in sql.fetch_all(ENTRIES, [book.account_id])] == [
        (10, 1, 10, "opening_balance", "tests", "file:1"),
        (30, 2, 40, "opening_balance", "tests", "file:3"),
    ]
    assert broken() == {}


def test_open_lots__in_haste_and_with_care__tell_the_same(book: Book) -> None:
    hasty, careful = [book, beside(book)], [beside(book), beside(book)]
    open_lots([one.account_id for one in hasty], [10, 20])
    first = sql.fetch_all(TOLD)
    # A line that is refused has the others posted with care.
    lines = open_lots([*(one.account_id for one in careful), uuid4()], [10, 20, 1], first=11)

    assert refusals(lines) == [None, None, "KL002"]
    assert sql.fetch_all(TOLD)[2:] == first
    assert posted(*hasty) == posted(*careful) == [10, 20]
    assert broken() == {}


def test_open_lots__again__are_the_same_transactions(book: Book) -> None:
    first = open_lots([book.account_id], [10])

    assert open_lots([book.account_id], [10]) == first
    assert refusals(open_lots([book.account_id], [11])) == ["KL004"]
    assert posted(book) == [10]
    assert broken() == {}


def test_open_lots__some_keys_used__post_the_others(book: Book) -> None:
    (first,) = open_lots([book.account_id], [10])

    lines = open_lots([book.account_id, book.account_id], [10, 5])

    assert lines[0] == first and refusals(lines) == [None, None]
    assert posted(book) == [15]
    assert broken() == {}


def test_open_lots__closed_or_senseless__are_refused_by_line(book: Book) -> None:
    closed = beside(book)
    api.close_account(account_id=closed.account_id, reason="", actor=system_actor("tests"), now=NOW)

    lines = open_lots([closed.account_id, book.account_id, book.account_id], [1, 0, 7])

    assert refusals(lines) == ["KL003", "KL005", None]
    assert posted(closed, book) == [0, 7]
    assert broken() == {}


def test_open_lots__account_in_debt_or_with_a_hold__is_posted_with_care(book: Book) -> None:
    earned = book.earn(100)
    book.burn(80)
    book.reverse(earned, policy=api.ReversalPolicy.UNLIMITED)
    holding = beside(book)
    holding.earn(5)
    holding.hold(5)

    assert refusals(open_lots([book.account_id, holding.account_id], [100, 10])) == [None, None]

    account = api.get_account(book.account_id)
    assert (account.points_posted, account.points_debt) == (20, 0)
    assert posted(holding) == [15]
    assert broken() == {}
