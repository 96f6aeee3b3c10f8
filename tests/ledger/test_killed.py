"""A process killed with -9 leaves no posting half done and loses none that it was told of."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings

from tests.ledger.book import SCOPE, Book, broken, open_book, run

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).parents[2]


@contextmanager
def earner(mode: str, book: Book) -> Iterator["subprocess.Popen[str]"]:
    """Start a process that earns; it is killed at the end at the latest."""
    name = settings.DATABASES["default"]
    address = f"postgres://{name['USER']}:{name['PASSWORD']}@{name['HOST']}:{name['PORT']}/{name['NAME']}"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.ledger.killed", mode, str(book.account_id)],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"]},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=30)


def test_process__killed_in_mid_transaction__leaves_nothing() -> None:
    book = open_book()
    with earner("open", book) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "10"
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    # The account's row is free as soon as the server has noticed: this earn waits for it and then finds nothing done.
    assert book.earn(10, "in-the-middle", caps=book.cap(1000)).points_balance == 10
    assert run("SELECT count(*) FROM ledger_transaction") == [(1,)]
    assert run("SELECT count(*) FROM events_outbox WHERE subject_kind = 'transaction'") == [(1,)]
    assert broken() == {}


def test_process__killed_while_committing__keeps_every_acknowledged_posting_once() -> None:
    book = open_book()
    acknowledged = []
    with earner("stream", book) as process:
        assert process.stdout is not None
        for line in process.stdout:
            acknowledged.append(int(line))
            if len(acknowledged) == 150:
                process.send_signal(signal.SIGKILL)
    assert len(acknowledged) >= 150
    stored = {
        int(key.removeprefix("stream-"))
        for (key,) in run("SELECT idempotency_key FROM ledger_transaction WHERE idempotency_scope = %s", SCOPE)
    }
    assert set(acknowledged) <= stored
    # At most the one posting whose answer the kill cut off.
    assert len(stored) <= len(acknowledged) + 1
    for number in range(max(stored) + 3):
        book.earn(1, f"stream-{number}", caps=book.cap(10**6), days=30)
    assert book.balance == max(stored) + 3
    assert broken() == {}
