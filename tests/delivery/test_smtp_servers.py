"""Mail servers as they are met outside: with TLS, a login, addresses beyond ASCII, and moods."""

import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope
from pytest_django.fixtures import Settings

from loyalty.customers.api import ConsentRecord, CustomerRecord, upsert_many
from loyalty.delivery import api
from loyalty.delivery.models import Send, Suppression
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.kernel.actor import system_actor
from tests.delivery.peers import make_authority
from tests.delivery.post import make_customers, queue_all

pytestmark = pytest.mark.django_db
ACTOR = system_actor("tests")


class Taking:
    """Takes every mail, and remembers to whom, over what, and who had signed in."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, bool, bool, list[str]]] = []
        self.contents: list[bytes] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        """Take a mail."""
        is_tls, is_known = session.ssl is not None, bool(session.authenticated)
        self.taken += [(to, is_tls, is_known, list(envelope.mail_options)) for to in envelope.rcpt_tos]
        assert isinstance(envelope.content, bytes)
        self.contents.append(envelope.content)
        return "250 taken"


Start = Callable[..., Taking]


@pytest.fixture
def start(now: datetime, settings: Settings) -> Iterator[Start]:
    """Give what starts a server and leads the channel to it."""
    running: list[Controller] = []

    def begin(values: dict[str, Any] | None = None, **options: Any) -> Taking:
        taking = Taking()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        server = Controller(taking, hostname="127.0.0.1", port=port, **options)
        server.start()
        running.append(server)
        told = {"host": "localhost", "port": port, "timeout_s": 3, **(values or {})}
        configuration.save(code="email", values=told, actor=ACTOR, now=now)
        return taking

    yield begin
    for server in running:
        server.stop()


@pytest.fixture
def files(tmp_path: Path, settings: Settings) -> tuple[Path, Path, Path]:
    """An authority that egress trusts, and a certificate of it."""
    made = make_authority(tmp_path)
    settings.LOYALTY_EGRESS_CA_FILE = str(made[0])
    return made


def tls_of(files: tuple[Path, Path, Path]) -> ssl.SSLContext:
    """Give the server's side."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files[1], files[2])
    return context


def knows(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    """Let one user in."""
    return AuthResult(success=(data.login, data.password) == (b"khaywe", b"word"))


LOGIN = {"security": "starttls", "username": "khaywe", "password": "word"}


def write_to(address: str, now: datetime) -> None:
    """Make a customer with an address, and queue a mail."""
    consents = (ConsentRecord("email", "marketing", True, now),)
    record = CustomerRecord("m-1", "Ada", "Test", email=address, consents=consents)
    upsert_many([record], source="tests", actor=ACTOR, now=now)
    queue_all(now)


def send(now: datetime) -> Send:
    """Send a batch, and give the only message."""
    api.send_due(channel="email", now=now)
    return Send.objects.get()


def test_server__with_starttls_and_a_login__takes_the_mail_over_both(
    start: Start, files: tuple[Path, Path, Path], now: datetime
) -> None:
    taking = start(LOGIN, tls_context=tls_of(files), require_starttls=True, auth_required=True, authenticator=knows)
    write_to("ada@mail.test", now)
    assert (send(now).state, [one[:3] for one in taking.taken]) == ("SENT", [("ada@mail.test", True, True)])


def test_server__does_not_know_our_password__costs_nobody_an_attempt(
    start: Start, files: tuple[Path, Path, Path], now: datetime
) -> None:
    taking = start(LOGIN | {"password": "other"}, tls_context=tls_of(files), auth_required=True, authenticator=knows)
    write_to("ada@mail.test", now)
    row = send(now)
    assert (row.state, row.attempts, taking.taken) == ("QUEUED", 0, [])
    assert row.due_at is not None


def test_server__without_tls_where_it_is_asked_for__is_told_nothing(start: Start, now: datetime) -> None:
    taking = start(LOGIN, authenticator=knows, auth_require_tls=False)
    write_to("ada@mail.test", now)
    assert (send(now).state, taking.taken) == ("QUEUED", [])


def test_server__of_an_authority_nobody_trusts__is_told_nothing(
    start: Start, files: tuple[Path, Path, Path], now: datetime, settings: Settings
) -> None:
    settings.LOYALTY_EGRESS_CA_FILE = ""
    taking = start(LOGIN, tls_context=tls_of(files), authenticator=knows)
    write_to("ada@mail.test", now)
    assert (send(now).state, taking.taken) == ("QUEUED", [])


@pytest.mark.parametrize("is_utf8", [True, False])
def test_address__with_a_domain_beyond_ascii__is_written_as_servers_know_it(
    start: Start, now: datetime, is_utf8: bool
) -> None:
    taking = start(enable_SMTPUTF8=is_utf8)
    write_to("ada@müller.test", now)
    assert (send(now).state, [one[0] for one in taking.taken]) == ("SENT", ["ada@xn--mller-kva.test"])


def test_address__with_a_name_beyond_ascii__goes_where_the_server_takes_it(start: Start, now: datetime) -> None:
    taking = start(enable_SMTPUTF8=True)
    write_to("عادل@mail.test", now)
    assert (send(now).state, [one[0] for one in taking.taken]) == ("SENT", ["عادل@mail.test"])
    assert "SMTPUTF8" in taking.taken[0][3]
    # The header holds the address as it is, and not as encoded words, which would be another one.
    assert "\r\nTo: عادل@mail.test\r\n".encode() in taking.contents[0]


def test_address__with_a_name_beyond_ascii_where_the_server_takes_none__fails_and_others_go(
    start: Start, now: datetime
) -> None:
    taking = start(enable_SMTPUTF8=False)
    make_customers(["Bob"], now)
    write_to("عادل@mail.test", now)
    api.send_due(channel="email", now=now)
    rows = {row.address: (row.state, row.reason) for row in Send.objects.all()}
    assert rows == {"عادل@mail.test": ("FAILED", "email.address_invalid"), "c0@mail.test": ("SENT", "")}
    assert [one[0] for one in taking.taken] == ["c0@mail.test"]
    # Another server may take it.
    assert not Suppression.objects.exists()
