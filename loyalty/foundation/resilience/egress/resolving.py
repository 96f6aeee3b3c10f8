"""Names to addresses: asked once for a connection, within a time, in one place that tests can replace."""

import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from ipaddress import ip_address

from loyalty.foundation.resilience.egress.addresses import Address
from loyalty.foundation.resilience.egress.errors import HostUnknown

Resolver = Callable[[str], Sequence[Address]]

# The system's resolver knows no time limit of its own; who hangs there keeps a thread, and there are this many.
THREADS = 8
RESOLVE_SECONDS = 5.0


def ask_system(host: str) -> Sequence[Address]:
    """Ask the system for all addresses of a host.

    :raises OSError: there are none.
    """
    rows = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(ip_address(str(row[4][0])) for row in rows))


class _Asking:
    resolver: Resolver = staticmethod(ask_system)
    threads: ThreadPoolExecutor | None = None


def use_resolver(resolver: Resolver | None) -> None:
    """Ask another resolver than the system's, which tests need; None goes back."""
    _Asking.resolver = staticmethod(resolver or ask_system)


def resolve(host: str, *, within_s: float = RESOLVE_SECONDS) -> Sequence[Address]:
    """Give all addresses of a host, in the order in which they should be tried.

    :raises HostUnknown: there are none, or nobody said so in time.
    """
    try:
        # An address needs no looking up, so nobody can answer with another.
        return [ip_address(host)]
    except ValueError:
        pass
    if _Asking.threads is None:
        _Asking.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="egress-resolver")
    asked = _Asking.threads.submit(_Asking.resolver, host)
    try:
        found = asked.result(timeout=max(0.0, min(within_s, RESOLVE_SECONDS)))
    except NotInTime as fault:
        asked.cancel()
        raise HostUnknown(f"Nobody said in time which address {host} has.") from fault
    except (OSError, UnicodeError, ValueError) as fault:
        raise HostUnknown(f"There is no address for {host}.") from fault
    if not found:
        raise HostUnknown(f"There is no address for {host}.")
    return found
