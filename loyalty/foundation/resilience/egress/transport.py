"""The transport under the one HTTP client: it connects to the address that was checked, and bounds time and size."""

import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import certifi
import httpcore
import httpx

from loyalty.foundation.resilience.egress import gateway
from loyalty.foundation.resilience.egress.errors import TimeSpent, UrlInvalid
from loyalty.foundation.resilience.egress.policy import Policy, current_policy
from loyalty.foundation.resilience.egress.unpacking import unpacked

# When the call that this thread makes has to be over; every read and write of its connection looks at it.
_ends_at: ContextVar[float | None] = ContextVar("egress_ends_at", default=None)

CONNECTIONS_MAX, KEPT_MAX, KEPT_SECONDS = 20, 10, 30.0


@contextmanager
def _ending_at(moment: float) -> Iterator[None]:
    token = _ends_at.set(moment)
    try:
        yield
    finally:
        _ends_at.reset(token)


def _within(timeout: float | None) -> float | None:
    """Give how long one step may take: its own limit, or what is left of the whole call.

    :raises TimeSpent: nothing is left.
    """
    moment = _ends_at.get()
    if moment is None:
        return timeout
    left = moment - time.monotonic()
    if left <= 0:
        raise TimeSpent("The call took longer than it may in all.")
    return left if timeout is None else min(timeout, left)


class _Stream(httpcore.NetworkStream):
    """A connection whose every step ends with the call."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there."""
        return self._inner.read(max_bytes, _within(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all."""
        self._inner.write(buffer, _within(timeout))

    def close(self) -> None:
        """Close it."""
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Begin TLS on it."""
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, _within(timeout)))

    def get_extra_info(self, info: str) -> Any:
        """Tell about the connection."""
        return self._inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    """Opens connections to checked addresses only; the name is looked up here, once, and nowhere else."""

    def __init__(self, purpose: str, policy: Policy) -> None:
        self._purpose, self._policy, self._inner = purpose, policy, httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Look the host up, check all its addresses, and connect to the first that answers."""
        within_s = _within(timeout) or gateway.CONNECT_SECONDS
        ends_at = time.monotonic() + within_s
        checked = gateway.check_host(host, port, self._purpose, policy=self._policy, within_s=within_s)
        fault: Exception | None = None
        for address in checked.addresses:
            left = max(0.01, ends_at - time.monotonic())
            try:
                return _Stream(self._inner.connect_tcp(address, port, left, local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as refused:
                fault = refused
        raise fault or httpcore.ConnectError("no address")

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        """Refuse: nothing of this machine is called so."""
        raise UrlInvalid("Calls leave over the network only.")

    def sleep(self, seconds: float) -> None:
        """Wait between two tries."""
        self._inner.sleep(seconds)


def tls_context(policy: Policy) -> ssl.SSLContext:
    """Give what checks the other side's certificate: the public authorities, or the administrator's own file."""
    context = ssl.create_default_context(cafile=policy.ca_file or certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class _PinnedTransport(httpx.HTTPTransport):
    """httpx's own transport over the backend above."""

    def __init__(self, purpose: str, policy: Policy, context: ssl.SSLContext, *, http2: bool) -> None:
        super().__init__(verify=context, trust_env=False)
        # httpx has no parameter for the way its connections are opened; its version is pinned.
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=CONNECTIONS_MAX,
            max_keepalive_connections=KEPT_MAX,
            keepalive_expiry=KEPT_SECONDS,
            http2=http2,
            network_backend=_Backend(purpose, policy),
        )


class _Content(httpx.SyncByteStream):
    """The content of an answer, unpacked, within the call's time and size."""

    def __init__(self, inner: httpx.SyncByteStream, coding: str, bytes_max: int, ends_at: float) -> None:
        self._inner, self._ends_at = inner, ends_at
        self._pieces = unpacked(iter(inner), coding, bytes_max)

    def __iter__(self) -> Iterator[bytes]:
        while True:
            with _ending_at(self._ends_at):
                _within(None)
                piece = next(self._pieces, None)
            if piece is None:
                return
            yield piece

    def close(self) -> None:
        """Close it."""
        self._inner.close()


class SafeTransport(httpx.BaseTransport):
    """Checks every request, redirects too, against the policy in force, and forgets connections when that changes."""

    def __init__(
        self, purpose: str, *, total_s: float, bytes_max: int, context: ssl.SSLContext | None, http2: bool = False
    ) -> None:
        self._http2 = http2
        self._purpose, self._total_s, self._bytes_max, self._context = purpose, total_s, bytes_max, context
        self._lock = threading.Lock()
        self._held: tuple[Policy, _PinnedTransport] | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and give its answer, whose content is still to be read."""
        policy = current_policy()
        if request.url.userinfo:
            raise UrlInvalid("The address holds a user or password; give them in their own fields.")
        # What httpx made of the URL is what gets connected, so it is that which is checked.
        gateway.check_url(str(request.url), self._purpose, policy=policy)
        ends_at = time.monotonic() + float(request.extensions.get("total_s", self._total_s))
        with _ending_at(ends_at):
            answer = self._transport(policy).handle_request(request)
        coding = answer.headers.pop("Content-Encoding", "")
        if coding:
            # The length is of what was packed.
            answer.headers.pop("Content-Length", None)
        assert isinstance(answer.stream, httpx.SyncByteStream)
        answer.stream = _Content(answer.stream, coding, self._bytes_max, ends_at)
        return answer

    def _transport(self, policy: Policy) -> _PinnedTransport:
        with self._lock:
            if self._held is None or self._held[0] != policy:
                if self._held is not None:
                    self._held[1].close()
                context = self._context or tls_context(policy)
                self._held = (policy, _PinnedTransport(self._purpose, policy, context, http2=self._http2))
            return self._held[1]

    def close(self) -> None:
        """Give the connections back."""
        with self._lock:
            if self._held is not None:
                self._held[1].close()
            self._held = None
