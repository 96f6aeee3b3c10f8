"""What the administrator allows calls to other systems: schemes, ports, hosts, and networks that are not public."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

from django.conf import settings

from loyalty.foundation.resilience.egress.addresses import Network, read_network

Value = TypeVar("Value")

PURPOSE = re.compile(r"[a-z][a-z0-9_.-]*", re.ASCII)
ANY = "*"
HOST_PATTERN = re.compile(r"\*|(?:\*\.)?[a-z0-9_](?:[a-z0-9_.:-]*[a-z0-9_])?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rule:
    """One allowed value, for calls of every purpose (empty) or of one."""

    purpose: str
    value: str

    def counts_for(self, purpose: str) -> bool:
        """Tell whether it counts for a purpose."""
        return self.purpose in ("", purpose)


@dataclass(frozen=True, slots=True)
class Policy:
    """All that is allowed; made by ``read_policy`` and never changed."""

    schemes: tuple[Rule, ...] = ()
    ports: tuple[Rule, ...] = ()
    hosts: tuple[Rule, ...] = ()
    networks: tuple[tuple[str, Network], ...] = ()
    ca_file: str = ""
    # Two policies of the same words are one: clients keep their connections.
    words: tuple[tuple[str, ...], ...] = field(default=(), compare=False)

    def allows_scheme(self, purpose: str, scheme: str) -> bool:
        """Tell whether calls of a purpose may speak a protocol."""
        return any(rule.counts_for(purpose) and rule.value == scheme for rule in self.schemes)

    def allows_port(self, purpose: str, port: int) -> bool:
        """Tell whether calls of a purpose may go to a port."""
        return any(rule.counts_for(purpose) and rule.value in (ANY, str(port)) for rule in self.ports)

    def allows_host(self, purpose: str, host: str) -> bool:
        """Tell whether calls of a purpose may go to a host, by its name as the address gives it."""
        return any(rule.counts_for(purpose) and _fits(rule.value, host) for rule in self.hosts)

    def networks_for(self, purpose: str) -> tuple[Network, ...]:
        """Give the special networks into which calls of a purpose may go."""
        return tuple(network for named, network in self.networks if named in ("", purpose))


class PolicyInvalid(ValueError):
    """A word of the policy cannot be read; ``field`` is ``networks``, ``ports``, ``schemes`` or ``hosts``."""

    def __init__(self, part: str, word: str, reason: str) -> None:
        super().__init__(f"{word!r} {reason}")
        self.field = part


def read_policy(
    *, networks: Iterable[str], ports: Iterable[str], schemes: Iterable[str], hosts: Iterable[str], ca_file: str = ""
) -> Policy:
    """Read the words of a policy; each may be for one purpose only: ``warehouse=10.20.0.0/16``.

    :raises PolicyInvalid: tells the field, the word and what it should look like.
    """
    words = (tuple(networks), tuple(ports), tuple(schemes), tuple(hosts), (ca_file,))
    return _read(words)


@lru_cache(maxsize=64)
def _read(words: tuple[tuple[str, ...], ...]) -> Policy:
    networks, ports, schemes, hosts, (ca_file,) = words
    return Policy(
        schemes=tuple(_rule("schemes", word, _is_scheme, "must be https or http.") for word in schemes),
        ports=tuple(_rule("ports", word, _is_port, "must be a port from 1 to 65535, or *.") for word in ports),
        hosts=tuple(_rule("hosts", word, _is_host, "must be a host, *.domain, or *.", lower=True) for word in hosts),
        networks=tuple(_network(word) for word in networks),
        ca_file=ca_file,
        words=words,
    )


def _rule(part: str, word: str, is_good: Callable[[str], bool], reason: str, *, lower: bool = False) -> Rule:
    purpose, value = _split(part, word)
    value = value.lower() if lower else value
    if not is_good(value):
        raise PolicyInvalid(part, word, reason)
    return Rule(purpose, value)


def _split(part: str, word: str) -> tuple[str, str]:
    purpose, equals, value = word.strip().partition("=")
    if not equals:
        return "", purpose
    if not PURPOSE.fullmatch(purpose):
        raise PolicyInvalid(part, word, "names no purpose before its = sign.")
    return purpose, value


def _network(word: str) -> tuple[str, Network]:
    purpose, value = _split("networks", word)
    try:
        return purpose, read_network(value)
    except ValueError as fault:
        raise PolicyInvalid("networks", word, "must be a network such as 10.20.0.0/16, or one address.") from fault


def _is_scheme(value: str) -> bool:
    return value in ("https", "http")


def _is_port(value: str) -> bool:
    return value == ANY or (value.isascii() and value.isdigit() and 1 <= int(value) <= 65_535)


def _is_host(value: str) -> bool:
    return HOST_PATTERN.fullmatch(value) is not None


def _fits(pattern: str, host: str) -> bool:
    if pattern == ANY:
        return True
    if pattern.startswith("*."):
        return host.endswith(pattern[1:])
    return host == pattern


def _of_settings() -> Policy:
    return read_policy(
        networks=settings.LOYALTY_EGRESS_NETWORKS,
        ports=settings.LOYALTY_EGRESS_PORTS,
        schemes=settings.LOYALTY_EGRESS_SCHEMES,
        hosts=settings.LOYALTY_EGRESS_HOSTS,
        ca_file=settings.LOYALTY_EGRESS_CA_FILE,
    )


class _Provider:
    current: Callable[[], Policy] = staticmethod(_of_settings)


def provide_policy(provider: Callable[[], Policy] | None) -> None:
    """Let the policy come from elsewhere than the settings; None goes back to them. Asked at every call: be cheap."""
    _Provider.current = staticmethod(provider or _of_settings)


# What a thread was told by the one that started it, so that it need not ask the provider, which may ask a database.
_told: ContextVar[Policy | None] = ContextVar("egress_policy", default=None)


@contextmanager
def using(policy: Policy) -> Iterator[None]:
    """Let a policy be the one in force within the block, in this thread."""
    token = _told.set(policy)
    try:
        yield
    finally:
        _told.reset(token)


def current_policy() -> Policy:
    """Give the policy in force now."""
    return _told.get() or _Provider.current()
