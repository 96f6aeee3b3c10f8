"""Where a request comes from, when proxies stand in between: only what trusted proxies added is believed.

A header can be sent by anybody. Each trusted proxy appends the address that spoke to it, so with N of them the N-th
entry from the right is the client; what stands further left the client may have written itself. ``Forwarded``
(RFC 7239) is the better header of the two: its name has no hyphen, so no twin with an underscore can take its place
on the way through WSGI, where ``X-Forwarded-For`` and ``X_Forwarded_For`` are one name.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, Protocol

from django.conf import settings
from django.http import HttpRequest, HttpResponse

ADDRESS_KEY = "loyalty.address"
# What nobody behind this middleware may read any more, under whatever name a proxy or a client sent it.
CLAIMS = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_", "HTTP_X_REAL_IP", "HTTP_CLIENT_IP", "HTTP_TRUE_CLIENT_IP")
_PARAMETER = re.compile(r'\s*(for|proto)\s*=\s*(?:"([^"]*)"|([^;,"\s]*))\s*', re.IGNORECASE)
# One customer of an internet provider has at least this much of IPv6 to himself.
_IPV6_PREFIX = 64


class HasMeta(Protocol):
    """A request of Django or of DRF."""

    @property
    def META(self) -> Mapping[str, Any]:  # noqa: N802 - Django's name
        """The environment of the request."""
        ...


@dataclass(frozen=True, slots=True)
class Hop:
    """What one proxy told of the side that spoke to it; empty for what it did not tell or what cannot be read."""

    address: str
    scheme: str


def normalised(text: str) -> str:
    """Give an address in its one spelling, without brackets and port; empty when it is no address.

    An IPv4 address inside IPv6 (``::ffff:192.0.2.1``) is the IPv4 address.
    """
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ip_address(bare)
    except ValueError:
        return ""
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or IPv6Address(int(found)))
    return str(found)


def network_of(address: str) -> str:
    """Give what limits are counted by: an IPv4 address itself, of IPv6 the /64 that one line has."""
    if ":" not in address:
        return address
    return str(ip_network(f"{address}/{_IPV6_PREFIX}", strict=False))


def hops_of(meta: Mapping[str, Any], header: str) -> list[Hop]:
    """Read what the proxies told, the nearest one last."""
    if header == "forwarded":
        return [_hop(part) for part in _split(str(meta.get("HTTP_FORWARDED", "")))]
    addresses = str(meta.get("HTTP_X_FORWARDED_FOR", "")).split(",")
    schemes = str(meta.get("HTTP_X_FORWARDED_PROTO", "")).split(",")
    # A proxy that overwrites the scheme and appends the address leaves one scheme for many addresses.
    schemes = [schemes[-1]] * (len(addresses) - len(schemes)) + schemes
    pairs = zip(addresses, schemes[-len(addresses) :], strict=True)
    return [Hop(normalised(address), scheme.strip().lower()) for address, scheme in pairs if address.strip()]


def client_of(meta: Mapping[str, Any], *, proxies: int, header: str) -> Hop:
    """Give the address and scheme of the client; without trusted proxies, those of the connection itself."""
    direct = Hop(normalised(str(meta.get("REMOTE_ADDR", ""))), str(meta.get("wsgi.url_scheme", "")))
    hops = hops_of(meta, header) if proxies else []
    if len(hops) < proxies or not hops:
        # Fewer entries than proxies: the request did not come through all of them, so nobody vouches for the header.
        return direct
    told = hops[-proxies]
    scheme = told.scheme if told.scheme in ("http", "https") else direct.scheme
    return Hop(told.address or direct.address, scheme)


def address_of(request: HasMeta) -> str:
    """Give the client's address; empty only where the server tells none (a Unix socket)."""
    known = request.META.get(ADDRESS_KEY)
    return str(known) if known is not None else normalised(str(request.META.get("REMOTE_ADDR", "")))


class ForwardedClient:
    """Settles address and scheme of the client once, and takes every claim about them out of the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer with address and scheme settled."""
        client = client_of(request.META, proxies=settings.LOYALTY_TRUSTED_PROXIES, header=settings.LOYALTY_PROXY_HEADER)
        request.META[ADDRESS_KEY] = client.address
        request.META["wsgi.url_scheme"] = client.scheme or "http"
        for name in [name for name in request.META if name.startswith(CLAIMS)]:
            del request.META[name]
        return self.get_response(request)


def _split(text: str) -> list[str]:
    """Cut a list at its commas, those in quotes left alone."""
    return [part for part in re.split(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', text) if part.strip()]


def _hop(element: str) -> Hop:
    told = {"for": "", "proto": ""}
    for part in element.split(";"):
        match = _PARAMETER.fullmatch(part)
        if match:
            told[match[1].lower()] = match[2] or match[3] or ""
    return Hop(normalised(told["for"]), told["proto"].lower())
