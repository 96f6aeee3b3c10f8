"""The one way out: what is allowed for whom, redirects, limits of time and size, and no word from the environment."""

import gzip
import threading
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any

import httpx
import pytest

from loyalty.foundation.resilience import egress
from loyalty.foundation.resilience.egress.addresses import embedded, is_allowed, read_network
from tests.security.canary import watching

LOOPBACK: dict[str, Any] = {
    "networks": ("127.0.0.0/8",),
    "ports": ("*",),
    "schemes": ("http", "https"),
    "hosts": ("*",),
}
ZEROS = b"\0" * 30_000_000


class Answers(BaseHTTPRequestHandler):
    """Answers by the path."""

    protocol_version = "HTTP/1.1"
    release = threading.Event()
    connections = 0

    def setup(self) -> None:
        super().setup()
        type(self).connections += 1

    def do_GET(self) -> None:
        match self.path.split("/")[1]:
            case "plain":
                self._send(b"hello")
            case "gzip":
                self._send(gzip.compress(b"hello" * 1000), "gzip")
            case "deflate":
                self._send(zlib.compress(b"hello" * 1000), "deflate")
            case "raw-deflate":
                packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
                self._send(packer.compress(b"hello" * 1000) + packer.flush(), "deflate")
            case "bomb":
                self._send(gzip.compress(ZEROS), "gzip")
            case "twice":
                self._send(gzip.compress(gzip.compress(b"hello")), "gzip, gzip")
            case "broken":
                self._send(gzip.compress(b"hello" * 1000)[:-20], "gzip")
            case "brotli":
                self._send(b"x", "br")
            case "long":
                self._send(ZEROS)
            case "to":
                self.send_response(302)
                self.send_header("Location", self.path.removeprefix("/to/"))
                self.send_header("Content-Length", "0")
                self.end_headers()
            case "drip":
                self.send_response(200)
                self.send_header("Content-Length", "1000")
                self.end_headers()
                self.wfile.write(b"x")
                self.release.wait(20)
            case "headers":
                self._send(repr(dict(self.headers)).encode())

    def _send(self, body: bytes, coding: str = "") -> None:
        self.send_response(200)
        if coding:
            self.send_header("Content-Encoding", coding)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        # The other side may break off what is too long.
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    """A server that misbehaves on demand."""
    Answers.release.clear()
    Answers.connections = 0
    listening = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    listening.daemon_threads = True
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{listening.server_port}"
    Answers.release.set()
    listening.shutdown()
    listening.server_close()


@pytest.fixture(autouse=True)
def loopback() -> Iterator[None]:
    """Allow the loopback address, and go back to the settings."""
    egress.provide_policy(lambda: egress.read_policy(**LOOPBACK))
    yield
    egress.provide_policy(None)


@pytest.mark.parametrize("path", ["gzip", "deflate", "raw-deflate"])
def test_answer__packed__is_unpacked(server: str, path: str) -> None:
    with egress.client("tests") as client:
        answer = client.get(f"{server}/{path}/")
        assert answer.text == "hello" * 1000
        assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize(
    ("path", "refusal"),
    [
        ("bomb", egress.AnswerTooLarge),
        ("long", egress.AnswerTooLarge),
        ("twice", egress.AnswerUnreadable),
        ("broken", egress.AnswerUnreadable),
        ("brotli", egress.AnswerUnreadable),
    ],
)
def test_answer__too_large_or_unreadable__is_refused(server: str, path: str, refusal: type[Exception]) -> None:
    with egress.client("tests", bytes_max=1_000_000) as client, pytest.raises(refusal):
        client.get(f"{server}/{path}/")


def test_answer__bomb__is_refused_while_it_is_still_small(server: str) -> None:
    taken = 0
    with (
        egress.client("tests", bytes_max=1_000_000) as client,
        client.stream("GET", f"{server}/bomb/") as answer,
        pytest.raises(egress.AnswerTooLarge),
    ):
        for piece in answer.iter_bytes():
            assert len(piece) <= 65_536
            taken += len(piece)
    assert taken <= 1_000_000


def test_answer__drips__ends_with_the_time_of_the_whole_call(server: str) -> None:
    with egress.client("tests", read_s=20, total_s=0.3) as client:
        with pytest.raises((egress.TimeSpent, httpx.ReadTimeout)):
            client.get(f"{server}/drip/")
        # The next call has its own time.
        assert client.get(f"{server}/plain/").text == "hello"


def test_redirect__not_asked_for__is_handed_back(server: str) -> None:
    with egress.client("tests") as client:
        assert client.get(f"{server}/to/{server}/plain/").status_code == 302


def test_redirect__to_an_inner_host__is_refused_at_the_redirect(server: str) -> None:
    only_server = {**LOOPBACK, "networks": ("127.0.0.1/32",)}
    egress.provide_policy(lambda: egress.read_policy(**only_server))
    with watching() as canary, egress.client("tests", follow_redirects=True) as client:
        assert client.get(f"{server}/to/{server}/plain/").text == "hello"
        for target, refusal in [
            (f"http://127.0.0.2:{canary.port}/", egress.AddressRefused),
            (f"http://[::1]:{canary.port}/", egress.AddressRefused),
            (f"http://[::ffff:127.0.0.1]:{canary.port}/", egress.AddressRefused),
            (f"http://user:secret@127.0.0.1:{canary.port}/", egress.UrlInvalid),
            ("http://169.254.169.254/latest/", egress.AddressRefused),
        ]:
            with pytest.raises(refusal):
                client.get(f"{server}/to/{target}")
        assert canary.visits == 0


def test_redirect__in_a_circle__ends(server: str) -> None:
    with egress.client("tests", follow_redirects=True) as client, pytest.raises(httpx.TooManyRedirects):
        client.get(f"{server}/to/" + f"{server}/to/" * 5 + f"{server}/plain/")


def test_environment__proxy_and_netrc__are_not_read(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with watching() as canary:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
        with egress.client("tests") as client:
            assert client.get(f"{server}/plain/").text == "hello"
        assert canary.visits == 0


def test_client__options_that_lead_past__are_not_taken() -> None:
    for option in ("proxy", "transport", "mounts", "verify", "trust_env"):
        with pytest.raises(TypeError):
            egress.client("tests", **{option: None})  # type: ignore[arg-type]


def test_policy__changed__counts_for_the_next_call_and_closes_kept_connections(server: str) -> None:
    policies = [egress.read_policy(**LOOPBACK)]
    egress.provide_policy(lambda: policies[0])
    with egress.client("tests") as client:
        client.get(f"{server}/plain/")
        client.get(f"{server}/plain/")
        assert Answers.connections == 1
        policies[0] = egress.read_policy(**{**LOOPBACK, "networks": ()})
        with pytest.raises(egress.AddressRefused):
            client.get(f"{server}/plain/")


@pytest.mark.parametrize(
    ("part", "words", "purpose", "url", "refusal"),
    [
        ("schemes", ("https", "xiva=http"), "webhook", "http://127.0.0.1/", egress.SchemeRefused),
        ("schemes", ("https", "xiva=http"), "xiva", "http://127.0.0.1/", None),
        ("ports", ("443", "xiva=8080"), "webhook", "https://127.0.0.1:8080/", egress.PortRefused),
        ("ports", ("443", "xiva=8080"), "xiva", "https://127.0.0.1:8080/", None),
        ("ports", ("443",), "webhook", "https://127.0.0.1/", None),
        ("hosts", ("*.example.com",), "webhook", "https://hooks.example.com/", None),
        ("hosts", ("*.example.com",), "webhook", "https://example.com/", egress.HostRefused),
        ("hosts", ("*.example.com",), "webhook", "https://badexample.com/", egress.HostRefused),
        ("hosts", ("xiva=bss.example",), "webhook", "https://bss.example/", egress.HostRefused),
    ],
)
def test_policy__words_for_one_purpose__count_for_it_alone(
    part: str, words: tuple[str, ...], purpose: str, url: str, refusal: type[Exception] | None
) -> None:
    policy = egress.read_policy(**{**LOOPBACK, part: words})
    if refusal is None:
        egress.check_url(url, purpose, policy=policy)
        return
    with pytest.raises(refusal):
        egress.check_url(url, purpose, policy=policy)


def test_policy__network_for_one_purpose__counts_for_it_alone() -> None:
    policy = egress.read_policy(**{**LOOPBACK, "networks": ("warehouse=10.0.0.0/8",)})
    assert egress.check_host("10.1.2.3", 5432, "warehouse", policy=policy).addresses == ("10.1.2.3",)
    with pytest.raises(egress.AddressRefused):
        egress.check_host("10.1.2.3", 5432, "webhook", policy=policy)


@pytest.mark.parametrize(
    ("part", "word"),
    [("networks", "10.0.0.1/8"), ("networks", "all"), ("ports", "0"), ("ports", "http"), ("schemes", "file"),
     ("hosts", "a b"), ("hosts", "*x"), ("ports", "=443"), ("ports", "A B=443")],
)  # fmt: skip
def test_policy__bad_word__is_refused_with_its_field(part: str, word: str) -> None:
    with pytest.raises(egress.PolicyInvalid) as refusal:
        egress.read_policy(**{**LOOPBACK, part: (word,)})
    assert refusal.value.field == part


def test_address__metadata__only_where_named_by_itself() -> None:
    metadata = ip_address("169.254.169.254")
    assert not is_allowed(metadata, (read_network("169.254.0.0/16"),))
    assert is_allowed(metadata, (read_network("169.254.169.254/32"),))


def test_address__nat64_allowed__still_asks_what_it_stands_for() -> None:
    nat64 = (read_network("64:ff9b::/96"),)
    assert is_allowed(ip_address("64:ff9b::808:808"), nat64)
    assert not is_allowed(ip_address("64:ff9b::7f00:1"), nat64)
    assert embedded(ip_address("2002:7f00:1::")) == ip_address("127.0.0.1")
    assert embedded(ip_address("2606:4700::1111")) is None


@pytest.mark.parametrize("host", ["8.8.8.8", "93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450::1"])
def test_address__public__is_allowed(host: str) -> None:
    assert is_allowed(ip_address(host), ())


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://Hooks.Example.com/a?b#c", "hooks.example.com", 443),
        ("http://example.com:8080", "example.com", 8080),
        ("https://bücher.example/", "xn--bcher-kva.example", 443),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", 443),
        ("https://[2606:4700:4700:0::1111]:444/", "2606:4700:4700::1111", 444),
        ("https://8.8.8.8/%2e%2e/", "8.8.8.8", 443),
        ("https://example.com/?to=user@example.org", "example.com", 443),
    ],
)
def test_url__honest__is_read(url: str, host: str, port: int) -> None:
    target = egress.check_url(url, "tests", policy=egress.read_policy(**LOOPBACK))
    assert (target.host, target.port) == (host, port)
