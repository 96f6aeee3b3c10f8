"""Keeps web servers, workers and relays alive that die all the time: ``python -m benchmarks.kill.nursery CONFIG``.

Django is loaded once; each process is a fork of the loaded one, so that a death costs milliseconds. It listens for one
word a line: ``storm`` (each process is born with the place or the time of its death), ``calm`` (nobody dies),
``prove`` (check the invariants into a file), and ends with its input.
"""

import gc
import json
import os
import random
import select
import signal
import socket
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import django

django.setup()

from django.conf import settings  # noqa: E402  (the applications must be ready first)
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connections  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import get_resolver  # noqa: E402

from benchmarks.kill import children  # noqa: E402
from benchmarks.kill.contracts import FAULT_KINDS, FAULT_POINT, Nursery, kind_of  # noqa: E402
from loyalty.config.launch.ports import LOOPBACK  # noqa: E402
from loyalty.foundation.resilience import failpoints  # noqa: E402

POLL_S = 0.005
LOOK_S = 0.013
# A fork that has used less than this has only come up.
WORK_MIN_S = 0.02
# At most this many passes of any point does a process live through: some requests.
PASSES_MAX = 20
PASSES_OF_FAULT_MAX = 2
# Of ten processes, so many are born with a failpoint; the others die by the clock.
WITH_POINT_OF_TEN = 8
AT_ANY_POINT_OF_TEN = 5
# One that is to die at a point is given so much longer to come there.
POINT_PATIENCE = 3
BACKLOG = 512


@dataclass
class Child:
    """A process and when it dies, if it does: by the processor time it has used, or by the clock once it did something.

    On a busy machine a second may be no work at all, and one that dies before it worked dies nowhere.
    """

    kind: str
    dies_at: float | None
    budget_s: float = 0.0
    is_counted: bool = True

    def is_due(self, pid: int, now: float) -> bool:
        """Whether its time has come."""
        if self.dies_at is None:
            return False
        try:
            used = int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
        except (OSError, ValueError, IndexError):
            return now >= self.dies_at
        return used >= self.budget_s or (now >= self.dies_at and used >= WORK_MIN_S)


class Crib:
    """The processes that live now."""

    def __init__(self, plan: Nursery, listening: socket.socket) -> None:
        self.plan, self.listening = plan, listening
        self.chance = random.Random(f"{plan.seed} nursery")
        self.living: dict[int, Child] = {}
        self.killed: Counter[str] = Counter()
        self.is_storm = False
        self.look_at = 0.0

    def fill(self) -> None:
        """Bear whom the population lacks."""
        have = Counter(child.kind for child in self.living.values())
        for kind, number in self.plan.population.items():
            for _ in range(number - have[kind]):
                self._bear(kind)

    def _bear(self, kind: str) -> None:
        point, dies_at, budget_s = self._fate(kind) if self.is_storm else (None, None, 0.0)
        pid = os.fork()
        if pid:
            self.living[pid] = Child(kind, dies_at, budget_s)
            return
        code = 1
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            failpoints.arm(point)
            settings.DATABASES["default"]["OPTIONS"]["application_name"] = f"kill {kind} {os.getpid()}"
            children.KINDS[kind](self.plan, self.listening)
            code = 0
        except KeyboardInterrupt:
            code = 0
        except BaseException as fault:  # the edge of a process: told in the log, and never back into the nursery's loop
            sys.stderr.write(f"{kind} ended: {type(fault).__name__}: {fault}\n")
        finally:
            os._exit(code)

    def _fate(self, kind: str) -> tuple[failpoints.Failpoint | None, float, float]:
        """Draw where and when a process dies; both, because it may never come to its point."""
        own = [point for point in self.plan.points if kind_of(point) == kind]
        if kind in FAULT_KINDS.get(self.plan.fault, ()):
            # Two of three die between the two commits of the fault.
            own += [FAULT_POINT] * max(1, 2 * len(own))
        low, high = self.plan.life_s
        dies_at = time.monotonic() + self.chance.uniform(low, high)
        budget_s = self.chance.uniform(*self.plan.work_s)
        if not own or self.chance.randrange(10) >= WITH_POINT_OF_TEN:
            return None, dies_at, budget_s
        name, passes = self.chance.choice(own), 1
        if name == FAULT_POINT:
            passes = self.chance.randint(1, PASSES_OF_FAULT_MAX)
        elif self.chance.randrange(10) < AT_ANY_POINT_OF_TEN:
            # Where it happens to be; the others wait for their own point, or the rare ones would never be hit.
            name, passes = failpoints.ANY, self.chance.randint(1, PASSES_MAX)
        point = failpoints.Failpoint(name, passes, str(self.plan.deaths))
        return point, dies_at + POINT_PATIENCE * high, budget_s + POINT_PATIENCE * self.plan.work_s[1]

    def bury(self) -> None:
        """Take away the dead, and kill those whose time has come."""
        now = time.monotonic()
        looks = now >= self.look_at
        self.look_at = now + LOOK_S if looks else self.look_at
        for pid, child in self.living.items():
            if looks and child.is_due(pid, now):
                child.dies_at = None
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        while self.living:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            dead = self.living.pop(pid, None)
            if dead is not None and dead.is_counted and os.WIFSIGNALED(status):
                self.killed[dead.kind] += 1

    def kill_all(self, *, is_counted: bool) -> None:
        """Kill everybody; the deaths of the idle are not counted."""
        for pid, child in self.living.items():
            child.is_counted = is_counted
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def obey(self, word: str) -> None:
        """Do what a line of the input says, and answer it."""
        if word in ("storm", "calm"):
            self.is_storm = word == "storm"
            # Who was born for the other weather dies now, which ends a storm with the death of everybody.
            self.kill_all(is_counted=word == "calm")
        elif word == "prove":
            self._prove()
        print(json.dumps({"done": word, "killed": dict(self.killed)}), flush=True)

    def _prove(self) -> None:
        pid = os.fork()
        if pid == 0:
            try:
                children.prove(self.plan)
            finally:
                os._exit(0)
        os.waitpid(pid, 0)


def serve(plan: Nursery) -> None:
    """Run until the input ends."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((LOOPBACK, plan.port))
        listening.listen(BACKLOG)
        crib = Crib(plan, listening)
        crib.fill()
        print(json.dumps({"done": "ready", "killed": {}}), flush=True)
        try:
            pending = b""
            while True:
                readable, _, _ = select.select([0], [], [], POLL_S)
                if readable:
                    chunk = os.read(0, 4096)
                    if not chunk:
                        return
                    *lines, pending = (pending + chunk).split(b"\n")
                    for line in lines:
                        crib.obey(line.decode().strip())
                crib.bury()
                crib.fill()
        finally:
            crib.kill_all(is_counted=False)


def main() -> None:
    """Load the platform once, then serve."""
    plan = Nursery.load(sys.argv[1])
    get_wsgi_application()
    assert get_resolver().url_patterns is not None
    children.prepare(plan)
    # One request loads what only requests load; then the forks share what is there, untouched by the collector.
    Client(SERVER_NAME=LOOPBACK).post("/api/loyalty/v1/services/points/earn/", {})
    connections.close_all()
    gc.collect()
    gc.freeze()
    serve(plan)


if __name__ == "__main__":
    main()
