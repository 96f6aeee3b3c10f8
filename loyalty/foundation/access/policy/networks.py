"""From where a token is accepted."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

# A token's list is short; the process remembers what it has read of all of them.
_REMEMBERED = 4096


@lru_cache(maxsize=_REMEMBERED)
def read_network(text: str) -> IPv4Network | IPv6Network:
    """Read an address or a network in CIDR form.

    :raises ValueError: it is neither, or has bits beyond its mask.
    """
    return ip_network(text)


def are_within_networks(asked: Sequence[str], networks: Sequence[str]) -> bool:
    """Tell whether a list of networks reaches no further than another; an empty list is everywhere."""
    wider = [read_network(network) for network in networks]
    return bool(asked) and all(
        any(one.version == other.version and one.subnet_of(other) for other in wider)  # type: ignore[arg-type]
        for one in map(read_network, asked)
    )


def is_within_networks(address: str, networks: Sequence[str]) -> bool:
    """Tell whether an address lies within one of the networks; none listed is everywhere, no address is nowhere."""
    if not networks:
        return True
    try:
        asked = ip_address(address)
    except ValueError:
        return False
    return any(asked in read_network(network) for network in networks)
