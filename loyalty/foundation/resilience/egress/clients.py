"""The one HTTP client for calls that leave the platform."""

import ssl
from collections.abc import Mapping
from typing import Any

import httpx
import idna

from loyalty.foundation.resilience.egress.errors import UrlInvalid
from loyalty.foundation.resilience.egress.transport import SafeTransport
from loyalty.foundation.resilience.egress.unpacking import ACCEPTED

CONNECT_SECONDS, READ_SECONDS, TOTAL_SECONDS = 5.0, 20.0, 60.0
ANSWER_BYTES_MAX = 20_000_000
REDIRECTS_MAX = 3


class _Client(httpx.Client):
    """httpx's client, with one refusal for all URLs that it cannot read itself."""

    def build_request(self, *arguments: Any, **options: Any) -> httpx.Request:
        """Build a request; a URL that cannot be read is ``UrlInvalid``."""
        try:
            return super().build_request(*arguments, **options)
        except (httpx.InvalidURL, idna.IDNAError, UnicodeError) as fault:
            raise UrlInvalid("The address cannot be read.") from fault

    def send(self, *arguments: Any, **options: Any) -> httpx.Response:
        """Send a request and follow its redirects; one that cannot be read is ``UrlInvalid``."""
        try:
            return super().send(*arguments, **options)
        except (httpx.InvalidURL, idna.IDNAError) as fault:
            # Of a redirect; what is wrong with the first URL was found when its request was built.
            raise UrlInvalid("The address cannot be read.") from fault


def client(
    purpose: str,
    *,
    base_url: str = "",
    headers: Mapping[str, str] | None = None,
    connect_s: float = CONNECT_SECONDS,
    read_s: float = READ_SECONDS,
    total_s: float = TOTAL_SECONDS,
    bytes_max: int = ANSWER_BYTES_MAX,
    follow_redirects: bool = False,
    tls: ssl.SSLContext | None = None,
    http2: bool = False,
    **options: Any,
) -> httpx.Client:
    """Give an HTTP client that goes only where the administrator allows; threads may share it, who made it closes it.

    Each connection looks its host up once, checks all addresses, and goes to one of those; redirects are followed only
    when asked, three at most, and each is checked alike. Nothing is taken from the environment: no proxy, no netrc.

    :param purpose: what the calls are for, such as ``xiva`` or ``webhook``; networks, ports, schemes and hosts can be
        allowed for one purpose only.
    :param total_s: seconds from the first byte sent to the last byte read; a request may bring its own in
        ``extensions={"total_s": …}``.
    :param bytes_max: the most that an answer may have, both as it comes and unpacked.
    :param tls: what checks the other side's certificate, when it is not that of the policy (a client certificate).
    :param http2: speak HTTP/2 where the other side takes it: many calls at once over one connection. Threads that make
        them share what happens to it: a call that runs out of time ends the connection and the calls under way on it.
    :param options: further options of ``httpx.Client`` that leave the way out alone: ``auth``, ``params``.
    :raises EgressRefusal: (from each request) it may not be called, took too long, or answered too much. What httpx
        itself raises (``httpx.TransportError``) stays as it is.
    """
    if forbidden := options.keys() & {"transport", "mounts", "proxy", "verify", "trust_env", "cert"}:
        raise TypeError(f"{', '.join(sorted(forbidden))} would lead past the one way out.")
    return _Client(
        base_url=base_url,
        headers={"Accept-Encoding": ACCEPTED, "User-Agent": "khaywe-loyalty", **(headers or {})},
        timeout=httpx.Timeout(read_s, connect=connect_s),
        follow_redirects=follow_redirects,
        max_redirects=REDIRECTS_MAX,
        trust_env=False,
        transport=SafeTransport(purpose, total_s=total_s, bytes_max=bytes_max, context=tls, http2=http2),
        **options,
    )
