"""Earn over HTTP beside a no-op and a naive ORM, all served by the platform's own server program.

Requests go over kept connections from as many threads as the server has; what is compared is the processor time of the
server program and of PostgreSQL together for each request, and beside it the requests per second.
"""

import json
import os
import random
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.harness import Bench, ServerClock, processor_time_of
from benchmarks.naive import ledger as naive
from benchmarks.naive import program as naive_program
from loyalty.config.launch import ports, programs
from loyalty.config.launch.environment import Endpoints

# As many as the server has threads: fewer would measure how long the disk takes, not what the servers can do.
CLIENTS = 8
# A repetition goes round the paths in short turns: a shared machine is slow for some seconds, which then fall on all.
TURN_S, TURNS, QUICK_TURNS = 0.5, 6, 3
MEMBERS = 400
READY_S = 60.0
EARN_PATH = "/api/loyalty/v1/services/points/earn/"
NAIVE_PURCHASE_PATH = "/bench/naive-purchase/"
PATHS = {
    "no-op": "/bench/noop/", "naive": "/bench/naive-earn/", "ledger": "/bench/ledger-earn/",
    "naive product": NAIVE_PURCHASE_PATH, "product": EARN_PATH,
}  # fmt: skip
_CREATED = 201
HEAD_END, CHUNKS_END = b"\r\n\r\n", b"\r\n0\r\n\r\n"


def run(bench: Bench) -> None:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ, "DATABASE_URL": bench.database_url, "DJANGO_SETTINGS_MODULE": "benchmarks.served.settings",
            "PYTHONPATH": str(programs.ROOT),
        }  # fmt: skip
        world = _world(Path(folder), environment)
        _open_naively(world["account_ids"])
        with _served(environment, Path(folder)) as (port, pid):
            _measure(bench, world, port, pid)


def _world(folder: Path, environment: dict[str, str]) -> dict[str, list[str]]:
    token, out = folder / "token", folder / "world.json"
    administrator = programs.manage("ensure_administrator", "--username", "bench", "--token-file", str(token))
    secret = {"LOYALTY_ADMIN_PASSWORD": secrets.token_urlsafe(18)}
    made = [sys.executable, "-m", "benchmarks.kill.world", str(token), str(out), str(MEMBERS)]
    for command in (administrator, made):
        done = subprocess.run(
            command, env={**environment, **secret}, cwd=programs.ROOT, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise SystemExit(f"benchmarks: {command[2:4]} failed:\n{done.stderr[-2000:]}")
    found: dict[str, list[str]] = json.loads(out.read_text())
    return found


def _open_naively(account_ids: list[str]) -> None:
    naive.create_tables(naive_program.MODELS)
    naive_program.enroll(account_ids, datetime.now(UTC))


@contextmanager
def _served(environment: dict[str, str], folder: Path) -> Iterator[tuple[int, int]]:
    """Run the web server as the launcher does."""
    port = ports.find_free()
    program = programs.web(environment, Endpoints(port, None, None, None))
    with (
        (folder / "web.log").open("ab") as log,
        subprocess.Popen(program.command, env=environment, cwd=programs.ROOT, stdout=log, stderr=log) as process,
    ):
        try:
            deadline = time.monotonic() + READY_S
            while program.is_ready is not None and not program.is_ready():
                if time.monotonic() > deadline or process.poll() is not None:
                    raise SystemExit(
                        f"benchmarks: the web server did not start:\n{(folder / 'web.log').read_text()[-2000:]}"
                    )
                threading.Event().wait(0.1)
            yield port, process.pid
        finally:
            process.terminate()
            process.wait(30)


def _measure(bench: Bench, world: dict[str, list[str]], port: int, pid: int) -> None:
    clock = ServerClock(bench.database_url)
    rates: dict[str, list[float]] = {name: [] for name in PATHS}
    costs: dict[str, list[float]] = {name: [] for name in PATHS}
    for path in PATHS.values():
        _load(world, port, path, TURN_S)
    for _ in range(bench.repetitions):
        requests, took, used = (dict.fromkeys(PATHS, 0.0) for _ in range(3))
        for turn in range(QUICK_TURNS if bench.is_quick else TURNS):
            for name in list(PATHS)[:: 1 if turn % 2 == 0 else -1]:
                before, began = clock.seconds() + processor_time_of(pid), time.monotonic()
                requests[name] += _load(world, port, PATHS[name], TURN_S)
                took[name] += time.monotonic() - began
                used[name] += clock.seconds() + processor_time_of(pid) - before
        for name in PATHS:
            rates[name].append(requests[name] / took[name])
            costs[name].append(used[name] / requests[name])
    bench.tell("HTTP earn (rule, caps, tier, trace, audit) / HTTP no-op, per second", rates["product"], rates["no-op"],
               floor=0.25, goal=0.6)  # fmt: skip
    bench.tell("  the same by processor time of both servers", costs["no-op"], costs["product"], floor=0.25, goal=0.6)
    bench.tell("HTTP earn of the ledger alone / HTTP no-op, processor time", costs["no-op"], costs["ledger"])
    bench.tell("HTTP earn (rule, caps, tier, trace, audit) / the same in naive ORM, per second", rates["product"],
               rates["naive product"], floor=3.0, goal=10.0)  # fmt: skip
    bench.tell(
        "  the same by processor time of both servers", costs["naive product"], costs["product"], floor=3.0, goal=10.0
    )
    bench.tell("HTTP earn of the ledger / the same in naive ORM, per second", rates["ledger"], rates["naive"],
               floor=3.0, goal=10.0)  # fmt: skip
    bench.tell("  the same by processor time of both servers", costs["naive"], costs["ledger"], floor=3.0, goal=10.0)
    for name, figures in costs.items():
        print(f"  {name}: {sorted(figures)[len(figures) // 2] * 1e3:.2f} ms of processor time a request", flush=True)


class Line:
    """A kept connection that does no more than these requests need.

    The clients run on the processors that they measure, and the library's take as long as a request's answer.
    """

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection((ports.LOOPBACK, port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *fault: object) -> None:
        self._socket.close()

    def post(self, path: str, token: str, key: str, body: bytes) -> tuple[int, bytes]:
        """Send a request and give the status and the body of its answer."""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {ports.LOOPBACK}\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nIdempotency-Key: {key}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._socket.sendall(head.encode() + body)
        told = b""
        while (end := told.find(HEAD_END)) < 0:
            told += self._more()
        fields, begin = told[:end].lower(), end + len(HEAD_END)
        length = re.search(rb"\r\ncontent-length: *(\d+)", fields)
        if length is not None:
            whole = begin + int(length[1])
            while len(told) < whole:
                told += self._more()
        else:
            # In chunks, of which the last one is empty; the body itself is JSON on one line.
            while not told.endswith(CHUNKS_END):
                told += self._more()
        return int(told.split(b" ", 2)[1]), told[begin:]

    def _more(self) -> bytes:
        received = self._socket.recv(65_536)
        if not received:
            raise SystemExit("benchmarks: the web server closed the connection")
        return received


def _load(world: dict[str, list[str]], port: int, path: str, seconds: float) -> int:
    """Send requests for a while; give how many were answered, all with 201."""
    done = [0] * CLIENTS
    failed: list[str] = []
    deadline = time.monotonic() + seconds

    def play(number: int) -> None:
        chance = random.Random(f"{number} {datetime.now(UTC)}")
        with Line(port) as line:
            while time.monotonic() < deadline:
                body = {"account_id": chance.choice(world["account_ids"])}
                if path in (EARN_PATH, NAIVE_PURCHASE_PATH):
                    body |= {"transaction_amount": "100", "currency": "USD"}
                else:
                    body |= {"points": "10"}
                status, text = line.post(path, str(world["token"]), str(uuid.uuid4()), json.dumps(body).encode())
                if status != _CREATED:
                    failed.append(f"{status} {text[:300]!r}")
                    return
                done[number] += 1

    threads = [threading.Thread(target=play, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed or not sum(done):
        raise SystemExit(f"benchmarks: {path} answered {failed[:1]}")
    return sum(done)
