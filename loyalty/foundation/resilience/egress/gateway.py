"""The one way out: decides whether a call may leave, and to which addresses."""

import logging
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass

from loyalty.foundation.resilience.egress import names, resolving
from loyalty.foundation.resilience.egress.addresses import Address, is_allowed, special_name
from loyalty.foundation.resilience.egress.errors import (
    AddressRefused,
    HostRefused,
    PortRefused,
    SchemeRefused,
)
from loyalty.foundation.resilience.egress.names import Target
from loyalty.foundation.resilience.egress.policy import Policy, current_policy

log = logging.getLogger("loyalty.egress")

CONNECT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Checked:
    """A host that may be called now: connect to one of ``addresses`` and to nothing that the name leads to later."""

    host: str
    port: int
    addresses: tuple[str, ...]


def check_url(url: str, purpose: str, *, policy: Policy | None = None) -> Target:
    """Check form, scheme, port and host of a URL without looking its host up: for a field that somebody fills in.

    :raises EgressRefusal: it may not be called; what it leads to is checked again at each call.
    """
    target, rules = names.read_url(url), policy or current_policy()
    check_scheme(target.scheme, purpose, rules)
    _check_place(target.host, target.port, purpose, rules)
    return target


def check_scheme(scheme: str, purpose: str, policy: Policy) -> None:
    """Check the protocol of a call.

    :raises SchemeRefused: the administrator does not allow it.
    """
    if not policy.allows_scheme(purpose, scheme):
        raise SchemeRefused(f"Calls for {purpose} may not use {scheme[:20]}:// (LOYALTY_EGRESS_SCHEMES).")


def check_place(host: str, port: int, purpose: str, *, policy: Policy | None = None) -> None:
    """Check the form of a host and its port without looking it up: for fields that somebody fills in.

    :raises EgressRefusal: it may not be called; what it leads to is checked again at each call.
    """
    _check_place(names.read_host(host), names.read_port(port), purpose, policy or current_policy())


def _check_place(host: str, port: int, purpose: str, policy: Policy) -> None:
    if not policy.allows_port(purpose, port):
        raise PortRefused(f"Calls for {purpose} may not go to port {port} (LOYALTY_EGRESS_PORTS).")
    if not policy.allows_host(purpose, host):
        raise HostRefused(f"Calls for {purpose} may not go to {host} (LOYALTY_EGRESS_HOSTS).")


def check_host(
    host: str, port: int, purpose: str, *, policy: Policy | None = None, within_s: float = resolving.RESOLVE_SECONDS
) -> Checked:
    """Check where a driver with sockets of its own is about to connect; hand it one of the addresses where it can.

    Looks the name up once. All its addresses must be allowed: a name that leads outside and inside at once is a trap.

    :param purpose: what the call is for, such as ``warehouse``; the administrator may allow networks and ports for one.
    :raises EgressRefusal: it may not be called.
    """
    rules = policy or current_policy()
    name = names.read_host(host)
    _check_place(name, names.read_port(port), purpose, rules)
    found = resolving.resolve(name, within_s=within_s)
    _check_addresses(name, found, purpose, rules)
    return Checked(name, port, tuple(str(one) for one in found))


def _check_addresses(host: str, addresses: Sequence[Address], purpose: str, policy: Policy) -> None:
    networks = policy.networks_for(purpose)
    for address in addresses:
        if not is_allowed(address, networks):
            # Which address it is would tell an outsider the plan of the inner network; the log has it.
            log.warning("egress for %s refused: %s leads to %s", purpose, host, address)
            kind = special_name(address) or "special"
            raise AddressRefused(
                f"{host} leads to an address that is not public ({kind}). An administrator can allow its network for "
                f"{purpose} (LOYALTY_EGRESS_NETWORKS)."
            )


def open_socket(
    host: str, port: int, purpose: str, *, timeout_s: float = CONNECT_SECONDS, policy: Policy | None = None
) -> socket.socket:
    """Connect to a host that was checked, at the very address that was checked.

    :raises EgressRefusal: it may not be called.
    :raises OSError: it does not answer.
    """
    ends_at = time.monotonic() + timeout_s
    checked = check_host(host, port, purpose, policy=policy, within_s=timeout_s)
    fault: OSError | None = None
    for address in checked.addresses:
        try:
            opened = socket.create_connection((address, port), timeout=max(0.01, ends_at - time.monotonic()))
        except OSError as refused:
            fault = refused
        else:
            # Protocols that pipeline small messages would wait for a whole packet (RFC 896) or a delayed answer.
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return opened
    raise fault or OSError(f"{host} has no address")
