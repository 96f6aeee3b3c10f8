"""The client's address behind proxies: forged headers and their twins are not believed."""

import pytest
from django.http import HttpRequest, HttpResponse

from loyalty.foundation.web.addresses import ForwardedClient, address_of, client_of, network_of, normalised

PEER = "198.51.100.9"
# What a client may send of its own; none of it may become its address.
FORGED = [
    {"HTTP_X_FORWARDED_FOR": "6.6.6.6"},
    {"HTTP_X_FORWARDED_FOR": "6.6.6.6, 7.7.7.7, 8.8.8.8"},
    {"HTTP_X_REAL_IP": "6.6.6.6"},
    {"HTTP_CLIENT_IP": "6.6.6.6"},
    {"HTTP_TRUE_CLIENT_IP": "6.6.6.6"},
    {"HTTP_FORWARDED": "for=6.6.6.6;proto=https"},
    {"HTTP_FORWARDED": 'for="[::ffff:6.6.6.6]:80"'},
    {"HTTP_X_FORWARDED_HOST": "evil.example", "HTTP_X_FORWARDED_PROTO": "https"},
]


def request_of(**meta: str) -> HttpRequest:
    """A request that came over this connection."""
    request = HttpRequest()
    request.META.update({"REMOTE_ADDR": PEER, "wsgi.url_scheme": "http", **meta})
    return request


@pytest.mark.parametrize("forged", FORGED)
def test_address__no_proxy_trusted__is_the_connection_and_claims_are_gone(
    forged: dict[str, str], settings: pytest.FixtureRequest
) -> None:
    settings.LOYALTY_TRUSTED_PROXIES = 0  # type: ignore[attr-defined]
    request = request_of(**forged)
    ForwardedClient(lambda _: HttpResponse())(request)
    assert (address_of(request), request.META["wsgi.url_scheme"]) == (PEER, "http")
    assert not [name for name in request.META if "FORWARDED" in name or "REAL_IP" in name]


@pytest.mark.parametrize(
    "proxies, header, meta, address, scheme",
    [
        (1, "forwarded", {"HTTP_FORWARDED": "for=192.0.2.1;proto=https"}, "192.0.2.1", "https"),
        (1, "forwarded", {"HTTP_FORWARDED": "for=6.6.6.6, for=192.0.2.1"}, "192.0.2.1", "http"),
        (2, "forwarded", {"HTTP_FORWARDED": "for=6.6.6.6, for=192.0.2.1, for=10.0.0.1"}, "192.0.2.1", "http"),
        (1, "forwarded", {"HTTP_FORWARDED": 'for="[2001:db8::1]:4711"'}, "2001:db8::1", "http"),
        (1, "forwarded", {"HTTP_FORWARDED": 'for="6.6.6.6, 7.7.7.7"'}, PEER, "http"),
        (1, "forwarded", {"HTTP_FORWARDED": "for=unknown"}, PEER, "http"),
        (1, "forwarded", {"HTTP_FORWARDED": "for=192.0.2.1;proto=javascript"}, "192.0.2.1", "http"),
        (2, "forwarded", {"HTTP_FORWARDED": "for=6.6.6.6"}, PEER, "http"),
        (1, "forwarded", {"HTTP_X_FORWARDED_FOR": "6.6.6.6"}, PEER, "http"),
        (1, "x-forwarded-for", {"HTTP_X_FORWARDED_FOR": "6.6.6.6, 192.0.2.1"}, "192.0.2.1", "http"),
        (1, "x-forwarded-for", {"HTTP_X_FORWARDED_FOR": "192.0.2.1", "HTTP_X_FORWARDED_PROTO": "https"},
         "192.0.2.1", "https"),
        (2, "x-forwarded-for", {"HTTP_X_FORWARDED_FOR": "6.6.6.6, 192.0.2.1, 10.0.0.1"}, "192.0.2.1", "http"),
        (2, "x-forwarded-for", {"HTTP_X_FORWARDED_FOR": "192.0.2.1"}, PEER, "http"),
        (1, "x-forwarded-for", {"HTTP_X_FORWARDED_FOR": "<script>"}, PEER, "http"),
        (1, "x-forwarded-for", {"HTTP_FORWARDED": "for=6.6.6.6"}, PEER, "http"),
    ],
)  # fmt: skip
def test_address__proxies_trusted__is_what_the_outermost_of_them_saw(
    proxies: int, header: str, meta: dict[str, str], address: str, scheme: str
) -> None:
    told = client_of(request_of(**meta).META, proxies=proxies, header=header)
    assert (told.address, told.scheme) == (address, scheme)


@pytest.mark.parametrize(
    "text, address",
    [("192.0.2.1", "192.0.2.1"), ("192.0.2.1:80", "192.0.2.1"), ("[2001:DB8::1]:80", "2001:db8::1"),
     ("::ffff:192.0.2.1", "192.0.2.1"), ("fe80::1%eth0", "fe80::1"), ("", ""), ("_hidden", ""), ("0x7f.1", ""),
     ("127.0.0.1.1", ""), ("192.0.2.01", "")],
)  # fmt: skip
def test_normalised__spellings__are_one_or_none(text: str, address: str) -> None:
    assert normalised(text) == address


def test_network_of__ipv6__is_the_line() -> None:
    assert network_of("2001:db8:1:2:3:4:5:6") == network_of("2001:db8:1:2::9") == "2001:db8:1:2::/64"
    assert network_of("192.0.2.1") == "192.0.2.1"
