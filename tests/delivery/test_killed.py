"""Senders killed with -9 in the middle of a batch: at most one mail each, nothing lost, the doubtful ones marked."""

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr

import psycopg
import pytest
from django.db import connection, connections

from loyalty.delivery import api
from loyalty.delivery.kinds.email.channel import EmailChannel
from loyalty.delivery.models import Send
from tests.delivery.post import Post, make_customers, queue_all, states

CUSTOMERS = 120
KILLS = 4
LINES = 2
# Short beside the time that a sender takes for the rest of its mails.
LOOK_EVERY_S = 0.002
SENDER = "import django; django.setup(); from loyalty.delivery import tasks; tasks.send_due()"


def address_of_database() -> str:
    """Give the address of the test database."""
    options = connection.settings_dict
    return f"postgres://{options['USER']}:{options['PASSWORD']}@{options['HOST']}:{options['PORT']}/{options['NAME']}"


def start_sender(post: Post) -> "subprocess.Popen[bytes]":
    """Start a worker that sends what is due, as a process of its own."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "loyalty.config.settings.test",
        "DATABASE_URL": address_of_database(),
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(post.port),
        "LOYALTY_SENDER_LINES": str(LINES),
    }
    return subprocess.Popen([sys.executable, "-c", SENDER], env=environment)


def kept(post: Post) -> int:
    """Count the mails that arrived."""
    return sum(1 for _ in (post.maildir / "new").iterdir())


def await_arrivals(sender: "subprocess.Popen[bytes]", count: Callable[[], int], wanted: int) -> None:
    """Wait until so many have arrived or the sender has ended; looking without a pause takes the processor from it."""
    deadline = time.monotonic() + 60
    while count() < wanted and sender.poll() is None:
        assert time.monotonic() < deadline
        with suppress(subprocess.TimeoutExpired):
            sender.wait(LOOK_EVERY_S)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_senders__killed_in_mid_batch__double_nobody_and_lose_nobody(post: Post) -> None:
    begun = datetime.now(UTC)
    make_customers([f"N{number}" for number in range(CUSTOMERS)], begun)
    queue_all(begun)
    for _ in range(KILLS):
        before, sender = kept(post), start_sender(post)
        await_arrivals(sender, lambda: kept(post), before + 7)
        sender.kill()
        sender.wait(timeout=10)
        # The dead worker's claims are over; the next one takes them up at once.
        Send.objects.filter(state="QUEUED").update(due_at=begun)
    later = datetime.now(UTC) + timedelta(minutes=20)
    api.give_up_unknown(now=later)
    while api.send_due(channel="email", now=later).claimed:
        pass
    arrived = Counter(parseaddr(str(mail["To"]))[1] for mail in post.mails())
    unknown = set(Send.objects.filter(state="UNKNOWN").values_list("address", flat=True))
    sent = set(Send.objects.filter(state="SENT").values_list("address", flat=True))
    assert set(states()) <= {"SENT", "UNKNOWN"}
    assert set(arrived.values()) == {1}
    assert sent <= set(arrived)
    assert set(arrived) - sent <= unknown
    assert len(unknown) <= KILLS * LINES * EmailChannel.window
    assert len(sent) + len(unknown) == CUSTOMERS


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_senders__two_at_once__share_the_work_and_double_nobody(post: Post) -> None:
    now = datetime.now(UTC)
    make_customers([f"N{number}" for number in range(CUSTOMERS)], now)
    queue_all(now)
    senders = [start_sender(post) for _ in range(2)]
    assert [sender.wait(timeout=60) for sender in senders] == [0, 0]
    assert len(post.mails()) == len({str(mail["To"]) for mail in post.mails()}) == CUSTOMERS
    assert Send.objects.exclude(claim=None).values("claim").distinct().count() >= 2


@pytest.mark.django_db(transaction=True)
def test_senders__all_slots_taken__a_third_leaves_at_once() -> None:
    with api.sender_slot() as first, ThreadPoolExecutor(1) as other:
        held, release = threading.Event(), threading.Event()

        def hold_another() -> bool:
            try:
                with api.sender_slot() as is_held:
                    held.set()
                    release.wait(timeout=30)
                    return is_held
            finally:
                connections.close_all()

        second = other.submit(hold_another)
        assert held.wait(timeout=30)
        with ThreadPoolExecutor(1) as yet_another:
            held.clear()
            third = yet_another.submit(hold_another)
            assert held.wait(timeout=30)
            release.set()
            assert (first, second.result(timeout=30), third.result(timeout=30)) == (True, True, False)
    with api.sender_slot() as again:
        assert again


@pytest.mark.django_db(transaction=True)
def test_senders__connection_cut_by_the_database__forget_no_answer(post: Post) -> None:
    now = datetime.now(UTC)
    make_customers([f"N{number}" for number in range(10)], now)
    queue_all(now)
    cut: list[int] = []
    address = address_of_database()

    def cut_at_the_fifth(mails: int) -> None:
        if mails != 5:
            return
        # While the sender waits for the server's answer, so that it finds its connection cut when it writes that down.
        # On a connection of its own, because the mail server's thread runs a loop, in which Django refuses to work.
        with psycopg.connect(address) as other:
            row = other.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            ).fetchone()
            cut.append(row[0] if row else 0)

    post.keeper.on_kept = cut_at_the_fifth
    try:
        report = api.send_due(channel="email", now=now)
        assert len(cut) == 1 and cut[0] >= 1
        assert report.sent == 10
        assert states() == {"SENT": 10}
        assert len(post.mails()) == 10
    finally:
        # Whatever happened, the tests after this one get a connection that works.
        connection.close()
