"""The HTTP side of the simulated Xiva."""

import hmac
import json
import re
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from loyalty.customers.kinds.xiva.simulator import world
from loyalty.customers.kinds.xiva.simulator.faults import FaultDesk, Faults
from loyalty.customers.kinds.xiva.simulator.tokens import TokenMint
from loyalty.customers.kinds.xiva.simulator.world import World
from loyalty.foundation.kernel.errors import Refusal

LIMIT_DEFAULT, LIMIT_MAX = 20, 1000
REFRESH_SECONDS = 24 * 3600
BODY_BYTES_MAX = 100_000
HUGE_BYTES = 24_000_000
MANAGEMENT = "/customerManagement/v4"
ONE = re.compile(rf"{MANAGEMENT}/customer/([^/]+)/")
PART = re.compile(rf"{MANAGEMENT}/customers/([^/]+)/360/([a-z]+)/")
MANY = re.compile(rf"{MANAGEMENT}/customers/360/([a-z]+)/")
MANY_MAX = 100

Answer = tuple[int, Any, dict[str, str]]


class Simulator(ThreadingHTTPServer):
    """A Xiva on the loopback interface; ``start`` and ``stop`` for tests, ``serve_forever`` for a process."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int, people: World, username: str, password: str, faults: Faults | None = None) -> None:
        self.people, self.username, self.password = people, username, password
        self.desk, self.mint = FaultDesk(faults), TokenMint()
        self._pace_lock = threading.Lock()
        self._second, self._in_second = 0, 0
        super().__init__(("127.0.0.1", port), Handler)

    @property
    def url(self) -> str:
        """The address to call."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def start(self) -> "Simulator":
        """Serve from a thread."""
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def stop(self) -> None:
        """Stop serving and close the port."""
        self.shutdown()
        self.server_close()

    def is_too_fast(self) -> bool:
        """Count a request within the present second and tell whether it is one too many."""
        bound = self.desk.faults.requests_per_second
        with self._pace_lock:
            second = int(time.monotonic())
            if second != self._second:
                self._second, self._in_second = second, 0
            self._in_second += 1
            return bool(bound) and self._in_second > bound

    def accepts(self, username: str, password: str) -> bool:
        """Tell whether these credentials are ours."""
        same_name = hmac.compare_digest(username.encode(), self.username.encode())
        return hmac.compare_digest(password.encode(), self.password.encode()) and same_name


class Handler(BaseHTTPRequestHandler):
    """Answers one connection's requests."""

    protocol_version = "HTTP/1.1"
    # Small answers leave at once instead of waiting for more.
    disable_nagle_algorithm = True
    server: Simulator

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Stay silent; ``GET /simulator/faults/`` tells the counts."""

    def do_GET(self) -> None:
        """Answer a read."""
        self._answer("GET")

    def do_POST(self) -> None:
        """Answer a sign-in, a renewal or an order of faults."""
        self._answer("POST")

    def _answer(self, method: str) -> None:
        address = urlsplit(self.path)
        length = self.headers.get("Content-Length", "0")
        raw = self.rfile.read(min(int(length), BODY_BYTES_MAX)) if length.isdigit() else b""
        if address.path == "/simulator/faults/":
            self._send(*self._faults(method, raw))
            return
        if self.server.desk.faults.delay_ms:
            time.sleep(self.server.desk.faults.delay_ms / 1000)
        fault = self.server.desk.take()
        if not fault and self.server.is_too_fast():
            fault = "too_many"
        if fault:
            self.server.desk.count(fault)
            self._misbehave(fault)
            return
        query = {name: values[-1] for name, values in parse_qs(address.query).items()}
        try:
            answer = self._route(method, address.path, query, raw)
        except Refusal as refusal:
            answer = (503, {"error": refusal.detail}, {})  # the customers file is gone or broken
        self._send(*answer)

    def _misbehave(self, fault: str) -> None:
        if fault == "drop":
            self.close_connection = True
            self.connection.close()
        elif fault == "too_many":
            wait = {"Retry-After": str(self.server.desk.faults.retry_after_s)}
            self._send(429, {"error": "too many requests"}, wait)
        elif fault == "garbage":
            self._send_bytes(200, b"<html>Bad Gateway</html>", {})
        elif fault == "wrong_shape":
            self._send(200, [{"id": 7, "givenName": ["not", "a", "text"]}], {})
        elif fault == "huge":
            self._send_bytes(200, b"[" + b" " * HUGE_BYTES + b"]", {})
        else:
            self._send(500, {"error": "internal"}, {})

    def _send(self, status: int, body: Any, headers: dict[str, str]) -> None:
        self._send_bytes(status, json.dumps(body).encode(), headers)

    def _send_bytes(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.server.desk.count(str(status))
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the caller went away, which is its right

    def _faults(self, method: str, raw: bytes) -> Answer:
        if method == "GET":
            return 200, self.server.desk.state(), {}
        try:
            body = json.loads(raw or b"{}")
            if not isinstance(body, dict):
                raise ValueError("An order is an object.")
            return 200, self.server.desk.order(body), {}
        except ValueError as fault:
            return 400, {"error": str(fault)}, {}

    def _route(self, method: str, path: str, query: dict[str, str], raw: bytes) -> Answer:
        if path in ("/auth/token/", "/auth/token/refresh/"):
            return self._token(method, path, raw)
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if not self.server.mint.is_good(token, "access", self.server.desk.generation):
            return 401, {"error": "token expired or unknown"}, {}
        if method != "GET":
            return 405, {"error": "method not allowed"}, {}
        if path == f"{MANAGEMENT}/customer/":
            return self._list(query)
        if fits := ONE.fullmatch(path):
            person = self.server.people.find(unquote(fits.group(1)))
            return (200, world.customer(person), {}) if person else (404, {"error": "not found"}, {})
        if fits := PART.fullmatch(path):
            person = self.server.people.find(unquote(fits.group(1)))
            part = world.part(person, fits.group(2), self.server.people.as_of) if person else None
            return (200, part, {}) if part is not None else (404, {"error": "not found"}, {})
        if (fits := MANY.fullmatch(path)) and not self.server.desk.faults.no_batch:
            return self._many(fits.group(1), query.get("customer_id", ""))
        return self._about(path, query)

    def _many(self, name: str, refs: str) -> Answer:
        """Give one part of the view of several customers; who is not known is left out."""
        wanted = [ref for ref in refs.split(",") if ref]
        if not 1 <= len(wanted) <= MANY_MAX:
            return 400, {"error": f"customer_id names 1 to {MANY_MAX} customers"}, {}
        people = [person for ref in wanted if (person := self.server.people.find(ref)) is not None]
        parts = [world.part(person, name, self.server.people.as_of) for person in people]
        return (404, {"error": "not found"}, {}) if None in parts else (200, parts, {})

    def _token(self, method: str, path: str, raw: bytes) -> Answer:
        if method != "POST":
            return 405, {"error": "method not allowed"}, {}
        try:
            body = json.loads(raw)
            given = {name: str(body.get(name, "")) for name in ("username", "password", "refresh")}
        except (ValueError, AttributeError):
            return 400, {"error": "malformed"}, {}
        server, seconds = self.server, self.server.desk.faults.token_seconds
        if path == "/auth/token/":
            server.desk.count("sign_in")
            if not server.accepts(given["username"], given["password"]):
                return 401, {"error": "wrong user name or password"}, {}
            refresh = server.mint.issue("refresh", REFRESH_SECONDS, server.desk.generation)
            access = server.mint.issue("access", seconds, server.desk.generation)
            return 200, {"access": access, "refresh": refresh}, {}
        server.desk.count("refresh")
        if not server.mint.is_good(given["refresh"], "refresh", server.desk.generation):
            return 401, {"error": "refresh token expired or unknown"}, {}
        return 200, {"access": server.mint.issue("access", seconds, server.desk.generation)}, {}

    def _list(self, query: dict[str, str]) -> Answer:
        limit, offset = query.get("limit", str(LIMIT_DEFAULT)), query.get("offset", "0")
        if not (limit.isdigit() and offset.isdigit() and len(limit) < 9 and len(offset) < 12):
            return 400, {"error": "limit and offset are whole numbers"}, {}
        size = max(1, min(int(limit), LIMIT_MAX))
        page, total = self.server.people.search(query.get("search", ""), size, int(offset))
        headers = {"X-Total-Count": str(total), "X-Result-Count": str(len(page))}
        return 200, [world.customer(one) for one in page], headers

    # Lists about one customer: path → the name of the customer's parameter, and what tells the rows.
    ABOUT: ClassVar[dict[str, tuple[str, Callable[..., list[dict[str, Any]]]]]] = {
        "/productOrdering/v5/customerProductInstances/": ("customer_id", world.products),
        "/productInventoryManagement/v5/product/": ("customer", world.products),
        "/usageManagement/v4/ratedProductUsage/": ("customer_id", world.usage_records),
        "/usageManagement/v4/usageRecord/": ("customer_id", world.usage_records),
        f"{MANAGEMENT}/customerAccount/": ("customer_id", world.billing_accounts),
    }

    def _about(self, path: str, query: dict[str, str]) -> Answer:
        if path == "/productCatalogManagement/v5/productOffering/":
            return 200, world.offerings(), {}
        if path not in self.ABOUT:
            return 404, {"error": "not found"}, {}
        parameter, tell = self.ABOUT[path]
        person = self.server.people.find(query.get(parameter, ""))
        return 200, tell(person) if person else [], {}
