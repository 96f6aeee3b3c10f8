"""A process of its own that earns until it is killed: ``python -m tests.ledger.killed MODE ACCOUNT``.

``open`` posts inside a transaction that it never commits; ``stream`` commits one earn after another and tells each key
only after its commit was acknowledged.
"""

import sys
import uuid

import django

django.setup()

from django.db import transaction  # noqa: E402  (the applications must be ready first)

from tests.ledger.book import Book  # noqa: E402


def main(mode: str, account: str) -> None:
    """Earn until killed."""
    book = Book(account_id=uuid.UUID(account), owner_ref=uuid.uuid4(), program_ref=uuid.uuid4())
    if mode == "open":
        with transaction.atomic():
            receipt = book.earn(10, "in-the-middle", caps=book.cap(1000))
            book.burn(4, "burn-in-the-middle")
            print(receipt.points_balance, flush=True)
            sys.stdin.read()
    number = 0
    while True:
        book.earn(1, f"stream-{number}", caps=book.cap(10**6), days=30)
        print(number, flush=True)
        number += 1


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
