"""Accounts for the tests of the ledger."""

import pytest

from tests.ledger.book import Book, open_book


@pytest.fixture
def book(db: None) -> Book:
    """A member's account without points."""
    return open_book()
