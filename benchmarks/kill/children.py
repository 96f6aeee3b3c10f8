"""What the processes of the nursery do: serve HTTP, do a worker's tasks, relay, and the sink that hears of events."""

import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import Error, close_old_connections, connection

from benchmarks.kill import planted
from benchmarks.kill.contracts import Nursery
from loyalty.config.launch.ports import LOOPBACK
from loyalty.foundation.events import api as events
from loyalty.foundation.events.contracts import Envelope, Fact
from loyalty.foundation.events.tasks import deliver
from loyalty.foundation.kernel import clock
from loyalty.ledger import api as ledger
from loyalty.ledger import events as ledger_events
from loyalty.points.tasks import expire_due

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

SINK = "kill.sink"
LOOK_AGAIN_S = 0.02
EXPIRE_EVERY_S = 0.3


def prepare(plan: Nursery) -> None:
    """Before the first fork: the sink hears of every fact of the ledger, and the planted fault is in place."""
    for fact in vars(ledger_events).values():
        if isinstance(fact, type) and issubclass(fact, Fact) and "type" in vars(fact):
            events.subscribe(fact.type, name=f"{SINK}.{fact.type}", handler=_Sink(plan))
    planted.prepare(plan.fault)


class _Sink:
    """Writes each delivery into a file at once, before the inbox row is marked: twice is lawful, never is not."""

    def __init__(self, plan: Nursery) -> None:
        self._path = str(plan.delivered)

    def __call__(self, event: Envelope, *, now: datetime) -> None:
        """Take the fact in."""
        told = {
            "event": str(event.id), "type": event.type, "key": event.key,
            "transaction": event.subject_ref if event.subject_kind == "transaction" else "",
            "hold": str(event.data.get("hold_id") or "") if event.subject_kind == "hold" else "",
            "points": event.data.get("points_amount"), "account": event.data.get("account_id"),
        }  # fmt: skip
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, (json.dumps(told) + "\n").encode())
        finally:
            os.close(descriptor)


class _Quiet(WSGIRequestHandler):
    """Logs nothing: most connections here end in the middle."""

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""

    def log_error(self, format: str, *args: Any) -> None:
        """Log nothing."""


def web(plan: Nursery, listening: socket.socket) -> None:
    """Serve the platform's own application on the shared socket."""
    server = WSGIServer((LOOPBACK, plan.port), _Quiet, bind_and_activate=False)
    server.socket.close()
    server.socket = listening
    server.server_name, server.server_port = LOOPBACK, plan.port
    server.setup_environ()
    server.set_app(_measured(get_wsgi_application()))
    while True:
        server.handle_request()


def _measured(application: Application) -> Application:
    """State the length of each answer: without it, one cut off by a death would look whole to the client."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        started: list[Any] = []

        def keep(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            started[:] = [status, headers]

        found = application(environ, keep)
        try:
            body = b"".join(found)
        finally:
            if hasattr(found, "close"):
                found.close()
        status, headers = started
        named = [(name, value) for name, value in headers if name.lower() != "content-length"]
        start_response(status, [*named, ("Content-Length", str(len(body)))])
        return [body]

    return answer


def worker(plan: Nursery, listening: socket.socket) -> None:
    """Do what the workers' tasks do when they are rung, ringing all the time."""
    expire_at = 0.0
    while True:
        try:
            handled = deliver()
            if time.monotonic() >= expire_at:
                expire_due()
                expire_at = time.monotonic() + EXPIRE_EVERY_S
        except Error:
            handled = 0
        close_old_connections()
        if not handled:
            time.sleep(LOOK_AGAIN_S)


def relay(plan: Nursery, listening: socket.socket) -> None:
    """Run the relay's own command."""
    call_command("run_relay")


def prove(plan: Nursery) -> None:
    """Check every invariant and write the results."""
    signal.alarm(300)
    results = ledger.check_invariants(now=clock.now())
    told = [
        {"code": one.code, "title": one.title, "violations": one.violations, "examples": [str(e) for e in one.examples]}
        for one in results
    ]
    plan.proof.write_text(json.dumps(told))
    connection.close()


KINDS: dict[str, Callable[[Nursery, socket.socket], None]] = {"web": web, "worker": worker, "relay": relay}
