"""Real servers of providers in threads of this process: HTTP/1.1, and HTTP/2 inside of TLS; told how to fail."""

import json
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import h2.config
import h2.connection
import h2.events
import h2.exceptions
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# What a peer may be told to do with a request instead of answering it.
DROP, HALF, SILENT, GARBAGE, HUGE = "DROP", "HALF", "SILENT", "GARBAGE", "HUGE"
WORDS = (DROP, HALF, SILENT, GARBAGE, HUGE)
CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Give the body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, and how long the provider thinks about it."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0


def told(status: int, body: Any, **headers: str) -> Answer:
    """Give an answer of JSON."""
    return Answer(status, json.dumps(body).encode(), {"content-type": "application/json", **headers})


@dataclass(slots=True)
class Peer:
    """A provider: what it was asked, and what it answers next; without a word for it ``usual`` answers."""

    usual: Callable[[Asked], Answer | str]
    scheme: str = "http"
    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    _next: deque[Answer | str] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    release: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """The address."""
        return f"{self.scheme}://localhost:{self.port}"

    def then(self, *answers: Answer | str) -> None:
        """Answer so, in this order, and as usual afterwards."""
        self._next.extend(answers)

    def decide(self, asked: Asked) -> Answer | str:
        """Keep a request and give its answer."""
        with self._lock:
            self.asked.append(asked)
            if self._next:
                return self._next.popleft()
        return self.usual(asked)

    def of(self, part: str) -> list[Asked]:
        """Give the requests whose path holds a part."""
        return [one for one in self.asked if part in one.path]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    peer: Peer

    def setup(self) -> None:
        super().setup()
        self.peer.connections += 1

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._obey(self.peer.decide(Asked(self.command, self.path, headers, self.rfile.read(length))))

    do_GET = do_PUT = do_DELETE = do_POST

    def _obey(self, answer: Answer | str) -> None:
        match answer:
            case Answer(status, body, headers, delay_s):
                self.peer.release.wait(delay_s)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                return
            case "HALF":
                self.send_response(200)
                self.send_header("Content-Length", "500")
                self.end_headers()
                self.wfile.write(b'{"half": "an ans')
            case "SILENT":
                self.peer.release.wait(30)
            case "GARBAGE":
                self.wfile.write(b"\x00\x01not http at all\r\n\r\n")
            case "HUGE":
                self.send_response(200)
                self.send_header("Content-Length", "50000000")
                self.end_headers()
                with suppress(OSError):
                    for _ in range(100):
                        self.wfile.write(b" " * 500_000)
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def http_peer(usual: Callable[[Asked], Answer | str], files: tuple[Path, Path, Path] | None = None) -> Iterator[Peer]:
    """Run a provider that speaks HTTP/1.1, inside of TLS where there are files for it."""
    peer = Peer(usual, scheme="https" if files else "http")
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"peer": peer}))
    server.daemon_threads = True
    peer.port = server.server_address[1]
    if files:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files[1], files[2])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        peer.release.set()
        server.shutdown()
        server.server_close()


def make_authority(folder: Path, *names: str) -> tuple[Path, Path, Path]:
    """Make an authority and a certificate of it for this machine; give the files of authority, certificate and key."""
    now = datetime.now(UTC)
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority of the tests")])

    def builder(subject: x509.Name, public_key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=2))
        )

    is_authority = x509.BasicConstraints(ca=True, path_length=None)
    authority = builder(issuer, authority_key.public_key()).add_extension(is_authority, critical=True)
    known = [x509.DNSName(name) for name in ("localhost", *names)]
    own = builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]), key.public_key()).add_extension(
        x509.SubjectAlternativeName([*known, x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
    )
    files = (folder / "authority.pem", folder / "server.pem", folder / "server.key")
    pem = serialization.Encoding.PEM
    files[0].write_bytes(authority.sign(authority_key, hashes.SHA256()).public_bytes(pem))
    files[1].write_bytes(own.sign(authority_key, hashes.SHA256()).public_bytes(pem))
    files[2].write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return files


class _Http2Line:
    """One connection of HTTP/2, in a thread of its own."""

    def __init__(self, peer: Peer, line: ssl.SSLSocket) -> None:
        self._peer, self._line = peer, line
        config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        self._h2 = h2.connection.H2Connection(config=config)
        self._headers: dict[int, dict[str, str]] = {}
        self._bodies: dict[int, bytearray] = {}

    def run(self) -> None:
        """Speak until the other side, or a word of the test, ends it."""
        with suppress(OSError, h2.exceptions.ProtocolError), self._line:
            self._h2.initiate_connection()
            self._line.sendall(self._h2.data_to_send())
            while data := self._line.recv(CHUNK):
                for event in self._h2.receive_data(data):
                    if not self._take(event):
                        return
                self._line.sendall(self._h2.data_to_send())

    def _take(self, event: h2.events.Event) -> bool:
        match event:
            case h2.events.RequestReceived():
                self._headers[event.stream_id] = dict(event.headers)  # type: ignore[arg-type]
                self._bodies[event.stream_id] = bytearray()
            case h2.events.DataReceived():
                self._bodies[event.stream_id] += event.data
                self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case h2.events.StreamEnded():
                headers = self._headers.pop(event.stream_id)
                body = bytes(self._bodies.pop(event.stream_id))
                asked = Asked(headers[":method"], headers[":path"], headers, body)
                return self._obey(self._peer.decide(asked), event.stream_id)
        return True

    def _obey(self, answer: Answer | str, stream_id: int) -> bool:
        match answer:
            case Answer(status, body, headers, delay_s):
                self._peer.release.wait(delay_s)
                self._h2.send_headers(stream_id, [(":status", str(status)), *headers.items()])
                self._h2.send_data(stream_id, body, end_stream=True)
                return True
            case "HALF":
                self._h2.send_headers(stream_id, [(":status", "200"), ("content-length", "500")])
                self._h2.send_data(stream_id, b'{"half": "an ans')
                self._line.sendall(self._h2.data_to_send())
            case "SILENT":
                self._peer.release.wait(30)
            case "GARBAGE":
                self._line.sendall(b"\x00\x01not http at all" * 20)
        return False


@contextmanager
def http2_peer(usual: Callable[[Asked], Answer | str], files: tuple[Path, Path, Path]) -> Iterator[Peer]:
    """Run a provider that speaks HTTP/2 inside of TLS and nothing else."""
    peer = Peer(usual, scheme="https")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files[1], files[2])
    context.set_alpn_protocols(["h2"])
    listener = socket.create_server(("127.0.0.1", 0))
    peer.port = listener.getsockname()[1]
    lines: list[socket.socket] = []

    def speak(raw: socket.socket) -> None:
        with suppress(OSError):
            line = context.wrap_socket(raw, server_side=True)
            lines.append(line)
            peer.connections += 1
            _Http2Line(peer, line).run()

    def accept() -> None:
        with suppress(OSError):
            while True:
                raw, _ = listener.accept()
                raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=speak, args=(raw,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        peer.release.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for line in lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        thread.join(10)
