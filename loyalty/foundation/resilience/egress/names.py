"""The form of addresses: what all systems read alike passes, what one may read as another host is refused."""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import urlsplit

import idna

from loyalty.foundation.resilience.egress.errors import UrlInvalid

URL_CHARACTERS_MAX = 2_048
HOST_CHARACTERS_MAX = 253
LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
# A host whose last label looks like a number is read as an IPv4 address by browsers and by some resolvers: octal,
# hexadecimal, or with parts left out (WHATWG URL, "ends in a number").
NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)", re.ASCII)
# Spaces and controls are dropped by some readers, a backslash is a slash to others.
STRANGE = re.compile(r"[\x00-\x20\x7f-\x9f\\\u2028\u2029\ufeff\u200b-\u200f]")
USUAL_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads: scheme and host in small letters, the host without brackets and in its ASCII form."""

    scheme: str
    host: str
    port: int


def read_host(text: str) -> str:
    """Give a host in the one form in which it is looked up: an address as the library writes it, or an ASCII name.

    :param text: without brackets.
    :raises UrlInvalid: it has a form that another system may read as another host.
    """
    if not text:
        raise UrlInvalid("The address names no host.")
    if STRANGE.search(text) or "%" in text:
        raise UrlInvalid("The host has characters that no host has.")
    if ":" in text:
        try:
            return str(IPv6Address(text))
        except AddressValueError as fault:
            raise UrlInvalid(f"{text[:60]} is no IPv6 address.") from fault
    name = text.lower() if text.isascii() else _to_ascii(text)
    labels = name.split(".")
    if NUMBER.fullmatch(labels[-1]):
        try:
            # Strict: four decimal parts without leading zeros.
            return str(IPv4Address(name))
        except AddressValueError as fault:
            raise UrlInvalid("Write an IPv4 address as four decimal numbers, without leading zeros.") from fault
    if labels[-1] == "":
        raise UrlInvalid("The host ends with a dot.")
    if len(name) > HOST_CHARACTERS_MAX or not all(LABEL.fullmatch(label) for label in labels):
        raise UrlInvalid("The host is no name of a host.")
    for label in labels:
        if label.startswith("xn--"):
            _check_punycode(label)
    return name


def _to_ascii(text: str) -> str:
    try:
        # Strict: no mapping of look-alikes such as full-width dots or encircled digits.
        return idna.encode(text.lower(), strict=True, uts46=False, std3_rules=True).decode()
    except (idna.IDNAError, UnicodeError) as fault:
        raise UrlInvalid("The host is no international name; write it in its ASCII form (xn--…).") from fault


def _check_punycode(label: str) -> None:
    try:
        is_canonical = idna.encode(idna.decode(label)).decode() == label
    except (idna.IDNAError, UnicodeError) as fault:
        raise UrlInvalid("The host has a label that begins with xn-- and is no international name.") from fault
    if not is_canonical:
        raise UrlInvalid("The host has an international label that is not in its normal form.")


def read_port(port: object) -> int:
    """Give a port.

    :raises UrlInvalid: it is no whole number from 1 to 65535.
    """
    if isinstance(port, bool) or not isinstance(port, int) or not 1 <= port <= 65_535:
        raise UrlInvalid("The port is a whole number from 1 to 65535.")
    return port


def read_url(text: str) -> Target:
    """Read the URL of a call.

    :raises UrlInvalid: it cannot be read, or not in one way only; names what is wrong, without the URL itself.
    """
    if len(text) > URL_CHARACTERS_MAX:
        raise UrlInvalid(f"The address has more than {URL_CHARACTERS_MAX} characters.")
    if STRANGE.search(text):
        raise UrlInvalid("The address has spaces, control characters or a backslash.")
    scheme, colon, rest = text.partition("://")
    if not colon or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme, re.ASCII) or rest.startswith("/"):
        raise UrlInvalid("The address begins with no scheme such as https://.")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as fault:
        raise UrlInvalid("The address cannot be read.") from fault
    authority = parts.netloc
    if "@" in authority:
        raise UrlInvalid("The address holds a user or password; give them in their own fields.")
    bare, is_bracketed = _without_port(authority)
    host = read_host(bare)
    if is_bracketed != (":" in host):
        raise UrlInvalid("Only an IPv6 address stands in brackets, and always does.")
    scheme = scheme.lower()
    if port is None:
        if authority.endswith(":"):
            raise UrlInvalid("The address ends its host with a colon and names no port.")
        port = USUAL_PORTS.get(scheme, 0)
    return Target(scheme, host, read_port(port) if port or scheme in USUAL_PORTS else 0)


def _without_port(authority: str) -> tuple[str, bool]:
    """Give the host of an authority without its port and brackets, and whether there were brackets."""
    if authority.startswith("["):
        inside, bracket, behind = authority[1:].partition("]")
        if not bracket or (behind and not re.fullmatch(r":[0-9]*", behind, re.ASCII)):
            raise UrlInvalid("The address cannot be read.")
        return inside, True
    host, colon, port = authority.partition(":")
    if colon and port and not re.fullmatch(r"[0-9]+", port, re.ASCII):
        raise UrlInvalid("The port is a whole number from 1 to 65535.")
    return host, False
