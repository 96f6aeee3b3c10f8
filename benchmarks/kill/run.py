"""One run: a database of its own, rounds of storm and calm, and after each round the four oracles."""

import ast
import json
import random
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from benchmarks.kill import faults, oracles
from benchmarks.kill.clients import VERBS, Clients
from benchmarks.kill.contracts import Finding, Nursery, Tally, World
from benchmarks.kill.storm import Storm
from loyalty.config.launch import ports, postgres, programs
from loyalty.config.launch.identity import choose_for_postgres
from loyalty.config.launch.installation import Installation

POPULATION = {"web": 4, "worker": 2, "relay": 1}
# A recovery after an immediate stop replays what was written since the last checkpoint.
REVIVE_S = 60.0
# Longer than this and work has stopped moving; the goal is to be empty within a minute.
DRAIN_S = 60.0
READY_S = 60.0
REPLAYS_AFTER_ROUND = 150
CALLS_BETWEEN_STOPS = 10

PENDING = """
    SELECT (SELECT count(*) FROM events_inboxentry WHERE state = 'PENDING'),
        (SELECT count(*) FROM events_tail) + (SELECT c.position FROM events_storecursor c)
            - coalesce((SELECT c.position FROM events_relaycursor c WHERE c.name = 'postgres'), 0),
        (SELECT count(*) FROM ledger_lot_open o WHERE o.{column} <= now())
"""


@dataclass(frozen=True)
class Wish:
    """What a run is to be."""

    seed: int
    seconds: float
    round_s: float
    fault: str = ""
    stop_every_s: float = 6.0
    # On a busy machine a round goes on until so many calls were answered, up to so many times its length.
    calls_min: int = 60
    stretch: float = 6.0


@dataclass
class Outcome:
    """What a run came to."""

    wish: Wish
    tally: Tally
    findings: list[Finding] = field(default_factory=list)
    seconds: float = 0.0
    caught_after_s: float | None = None


def list_points() -> tuple[str, ...]:
    """Read the names of all failpoints from the source."""
    names = set()
    for path in (programs.ROOT / "loyalty").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "maybe_fail(" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("maybe_fail") and node.args:
                name = node.args[0]
                if isinstance(name, ast.Constant):
                    names.add(str(name.value))
    return tuple(sorted(names))


class Keeper:
    """The nursery's process and the way to talk with it."""

    def __init__(self, plan: Nursery, environment: dict[str, str], log: Path) -> None:
        self._log = log.open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "benchmarks.kill.nursery", plan.dump()],
            cwd=programs.ROOT, env={**environment, "PYTHONPATH": str(programs.ROOT)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True, start_new_session=True,
        )  # fmt: skip
        self.killed: dict[str, int] = {}
        self._hear()

    def _hear(self) -> None:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"benchmarks.kill: the nursery ended; see {self._log.name}")
        self.killed = json.loads(line)["killed"]

    def tell(self, word: str) -> None:
        """Say a word and wait until it is done."""
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()
        self._hear()

    def end(self) -> None:
        """End it and all its children."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._log.close()


def prepare(installation: Installation, folder: Path) -> World:
    """Bring the tables and the little world into the installation's own database, the template of all runs."""
    installation.run_quietly("migrate", programs.manage("migrate", "--no-input"))
    token, out = folder / "token", folder / "world.json"
    administrator = programs.manage("ensure_administrator", "--username", "storm", "--token-file", str(token))
    installation.run_quietly("administrator", administrator, {"LOYALTY_ADMIN_PASSWORD": secrets.token_urlsafe(18)})
    installation.run_quietly("world", [sys.executable, "-m", "benchmarks.kill.world", str(token), str(out)])
    return World.load(out)


@contextmanager
def _own_database(url: str) -> Iterator[str]:
    parts = urlsplit(url)
    name = f"kill_{secrets.token_hex(4)}"
    names = {"own": sql.Identifier(name), "template": sql.Identifier(parts.path.strip("/"))}
    maintenance = urlunsplit(parts._replace(path="/postgres"))
    with psycopg.connect(maintenance, autocommit=True) as connection:
        # Not the default strategy: it writes a sequence's page to the log as it stands, behind the values already given
        # out in memory, and a crash soon after would give the next ones a second time (PostgreSQL 18.6, seen here).
        connection.execute(sql.SQL("CREATE DATABASE {own} TEMPLATE {template} STRATEGY FILE_COPY").format(**names))
    try:
        yield urlunsplit(parts._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(maintenance, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {own} WITH (FORCE)").format(**names))


def run(installation: Installation, world: World, wish: Wish, keep: Path | None = None) -> Outcome:
    """Run until the time is over or an oracle has seen something."""
    began = time.monotonic()
    outcome = Outcome(wish, Tally())
    with (
        tempfile.TemporaryDirectory(prefix="run-", dir=keep) as place,
        _own_database(installation.environment["DATABASE_URL"]) as url,
    ):
        with psycopg.connect(url, autocommit=True) as own:
            if wish.fault:
                faults.FAULTS[wish.fault].plant(own)
        folder = keep or Path(place)
        plan = Nursery(wish.seed, ports.find_free(), POPULATION, list_points(), str(folder), wish.fault)
        keeper = Keeper(plan, {**installation.environment, "DATABASE_URL": url}, folder / "nursery.log")
        if wish.fault == "no_lock":
            # What only two postings at once show needs them on the same account.
            world = replace(world, account_ids=world.account_ids[:2])
        clients = Clients(world, plan.port, wish.seed, folder / "acknowledged.log", VERBS)
        storm = Storm(url, wish.seed)
        try:
            clients.leave_out_unknown()
            while not outcome.findings and (not outcome.tally.rounds or time.monotonic() - began < wish.seconds):
                _storm(installation, keeper, clients, storm, outcome)
                _calm(url, plan, keeper, clients, outcome)
            if outcome.findings:
                outcome.caught_after_s = time.monotonic() - began
        finally:
            storm.end()
            clients.end()
            keeper.end()
        _count(outcome.tally, plan, keeper, storm, clients)
    outcome.seconds = time.monotonic() - began
    return outcome


def _storm(installation: Installation, keeper: Keeper, clients: Clients, storm: Storm, outcome: Outcome) -> None:
    """Let everything die for the length of a round."""
    wish, tally = outcome.wish, outcome.tally
    chance = random.Random(f"{wish.seed} stops {tally.rounds}")
    began = time.monotonic()
    keeper.tell("storm")
    clients.begin()
    storm.begin()
    answered_before = stopped_before = clients.answered
    stop_at = began + chance.uniform(0.5, 1.2) * wish.stop_every_s
    while (passed := time.monotonic() - began) < wish.round_s * wish.stretch:
        if passed >= wish.round_s and clients.answered - answered_before >= wish.calls_min:
            break
        threading.Event().wait(0.05)
        # The server is started by this thread alone: it dies with the thread that bore it.
        if time.monotonic() >= stop_at and clients.answered - stopped_before >= CALLS_BETWEEN_STOPS:
            stop_database(installation)
            tally.database_stops += 1
            stopped_before = clients.answered
            stop_at = time.monotonic() + chance.uniform(0.5, 1.2) * wish.stop_every_s
    storm.end()
    tally.storm_s += time.monotonic() - began


def _calm(url: str, plan: Nursery, keeper: Keeper, clients: Clients, outcome: Outcome) -> None:
    """Let nobody die any more, wait until all is done, and look."""
    tally = outcome.tally
    keeper.tell("calm")
    calm_at = time.monotonic()
    is_settled = clients.pause(DRAIN_S)
    left = _drain(url, DRAIN_S - (time.monotonic() - calm_at))
    tally.drained_s.append(time.monotonic() - calm_at)
    clients.replay_all(REPLAYS_AFTER_ROUND)
    # What the replays set off, if they did anything at all (they must not).
    left = left or _drain(url, DRAIN_S)
    keeper.tell("prove")
    tally.rounds += 1
    if not is_settled:
        outcome.findings.append(Finding("liveness", f"clients still waited after {DRAIN_S:.0f} s", 1))
    if left:
        outcome.findings.append(Finding("liveness", f"left in the queues after {DRAIN_S:.0f} s: {left}", 1))
    with psycopg.connect(url, autocommit=True) as own:
        outcome.findings += oracles.look(own, list(clients.calls.values()), plan, tally)


def _drain(url: str, timeout_s: float) -> str:
    """Wait until the queues are empty; give what is left in words when they are not."""
    deadline = time.monotonic() + max(timeout_s, 1.0)
    left: tuple[Any, ...] = ()
    with psycopg.connect(url, autocommit=True) as own:
        column = "spendable_until" if _has_column(own, "spendable_until") else "expires_at"
        while time.monotonic() < deadline:
            left = own.execute(PENDING.format(column=column).encode()).fetchone() or ()
            if not any(left):
                return ""
            threading.Event().wait(0.05)
    return f"{left[0]} for handlers, {left[1]} for the relay, {left[2]} lots due"


def _has_column(own: "psycopg.Connection[tuple[Any, ...]]", column: str) -> bool:
    found = own.execute(
        "SELECT 1 FROM information_schema.columns WHERE table_name = 'ledger_lot_open' AND column_name = %s", (column,)
    )
    return found.fetchone() is not None


def stop_database(installation: Installation) -> None:
    """Stop the server as ``pg_ctl stop -m immediate`` does, and start it again.

    That mode is SIGQUIT to the postmaster: nothing is written any more, and the next start recovers from the log.
    """
    cluster = postgres.place(installation.folder, choose_for_postgres())
    command = [str(cluster.binaries / "pg_ctl"), "-D", str(cluster.data), "-w", "stop", "-m", "immediate"]
    subprocess.run(cluster.identity.wrap(command), cwd=cluster.data, capture_output=True, check=False)
    installation.supervisor.revive(postgres.NAME, REVIVE_S)


def _count(tally: Tally, plan: Nursery, keeper: Keeper, storm: Storm, clients: Clients) -> None:
    tally.killed = dict(keeper.killed)
    tally.sql_points = dict(sorted(storm.points.items()))
    tally.database_stops += storm.stops
    tally.backends_terminated = storm.terminated
    tally.replays = clients.replays
    tally.statuses = {str(status or "none"): number for status, number in sorted(clients.statuses.items())}
    if plan.deaths.exists():
        for line in plan.deaths.read_text().splitlines():
            name = line.split()[0]
            tally.points[name] = tally.points.get(name, 0) + 1
