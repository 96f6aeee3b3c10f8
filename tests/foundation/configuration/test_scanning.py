"""Test Connection is no port scanner: open, closed, filtered and unknown look the same; a real service is told."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from loyalty.foundation.configuration import api
from loyalty.foundation.configuration.operations import testing
from loyalty.foundation.resilience import egress
from tests.security.canary import watching

pytestmark = pytest.mark.django_db


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What each test would have waited for, so that all take the same time."""
    waited: list[float] = []
    monkeypatch.setattr(testing.pace, "pause", waited.append)
    monkeypatch.setattr(testing.pace, "seconds", 2.0)
    return waited


def closed_port() -> int:
    """Give a port at which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and says nothing, as a filtered one looks to who waits."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen(8)
        yield one.getsockname()[1]


@pytest.mark.parametrize("code", ["xiva", "email", "dwh"])
def test_places__open_closed_silent_and_unknown__one_answer(code: str, pauses: list[float], silent_port: int) -> None:
    egress.use_resolver(lambda host: (_ for _ in ()).throw(OSError("no such name")))
    try:
        with watching() as canary:
            places = [
                ("127.0.0.1", canary.port),
                ("127.0.0.1", closed_port()),
                ("127.0.0.1", silent_port),
                ("nowhere.example", 9092),
            ]
            answers = [api.test(code, values_for(code, host, port)) for host, port in places]
    finally:
        egress.use_resolver(None)
    reports = [one.report for one in answers]
    assert reports == [testing.no_answer(reports[0].tried)] * 4
    # Time spent and time waited make the same for all.
    spent = [one.took_ms / 1000 + pause for one, pause in zip(answers, pauses, strict=True)]
    # No earlier than all others; how much later a loaded machine answers says nothing of the place.
    assert min(spent) > testing.pace.seconds - 0.05


def values_for(code: str, host: str, port: int) -> dict[str, Any]:
    """Give values that lead a section's connection to a place."""
    known: dict[str, dict[str, Any]] = {
        "xiva": {"base_url": f"http://{host}:{port}", "username": "u", "password": "some-password"},
        "email": {"host": host, "port": port, "security": "none", "username": "", "timeout_s": 1},
        "dwh": {"kind": "postgresql", "host": host, "port": port, "database": "d", "username": "u"},
    }
    return known[code]


def test_places__inner_network_that_is_not_allowed__the_same_answer(pauses: list[float]) -> None:
    with egress.using(egress.read_policy(networks=(), ports=("*",), schemes=("http",), hosts=("*",))):
        report = api.test("email", values_for("email", "127.0.0.1", 25)).report
    assert (report.outcome, report.advice) == ("no_answer", testing.ADVICE)


def test_mail_server__that_speaks__is_told(pauses: list[float]) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(1)

        def answer() -> None:
            line, _ = server.accept()
            with line, line.makefile("rb") as asked:
                line.sendall(b"220 ready\r\n")
                for command in asked:
                    line.sendall(b"221 bye\r\n" if command.startswith(b"QUIT") else b"250 fine\r\n")

        speaking = threading.Thread(target=answer)
        speaking.start()
        report = api.test("email", values_for("email", "127.0.0.1", server.getsockname()[1])).report
        speaking.join(10)
    assert (report.is_successful, report.outcome) == (True, "ok")
    assert pauses == []
