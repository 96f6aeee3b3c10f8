"""Which addresses of the internet protocol belong to no public host; pure, without a look at any network."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# IANA's registries of special-purpose addresses (RFC 6890 and its successors), with what people call each range.
SPECIAL_V4: tuple[tuple[IPv4Network, str], ...] = tuple(
    (IPv4Network(network), name)
    for network, name in (
        ("0.0.0.0/8", "this host"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared by carriers"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "protocol assignments"),
        ("192.0.2.0/24", "documentation"),
        ("192.31.196.0/24", "AS112"),
        ("192.52.193.0/24", "AMT"),
        ("192.88.99.0/24", "6to4 relays"),
        ("192.168.0.0/16", "private"),
        ("192.175.48.0/24", "AS112"),
        ("198.18.0.0/15", "benchmarks"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
# Public IPv6 addresses lie in here and nowhere else (RFC 4291, 2.4).
PUBLIC_V6 = IPv6Network("2000::/3")
SPECIAL_V6: tuple[tuple[IPv6Network, str], ...] = tuple(
    (IPv6Network(network), name)
    for network, name in (
        ("::1/128", "loopback"),
        ("::/128", "this host"),
        ("::ffff:0:0/96", "IPv4-mapped"),
        ("::ffff:0:0:0/96", "IPv4-translated"),
        ("::/96", "IPv4-compatible"),
        ("64:ff9b::/96", "NAT64"),
        ("64:ff9b:1::/48", "NAT64"),
        ("100::/64", "discarded"),
        ("2001::/23", "protocol assignments, Teredo"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "6to4"),
        ("2620:4f:8000::/48", "AS112"),
        ("3fff::/20", "documentation"),
        ("5f00::/16", "segment routing"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)
# Where clouds tell a machine its credentials; a network that is allowed never means these.
METADATA: tuple[Address, ...] = tuple(
    ip_address(one)
    for one in ("169.254.169.254", "169.254.170.2", "169.254.170.23", "100.100.100.200", "192.0.0.192", "fd00:ec2::254",
                "fd00:ec2::23", "fd20:ce::254", "168.63.129.16")
)  # fmt: skip
# Where the last 32 bits are an IPv4 address that a gateway calls instead.
EMBEDDING_TAILS = tuple(
    IPv6Network(one) for one in ("::ffff:0:0/96", "::ffff:0:0:0/96", "::/96", "64:ff9b::/96", "64:ff9b:1::/48")
)


def special_name(address: Address) -> str:
    """Give what people call the range of an address that no public host has; empty for a public address."""
    if isinstance(address, IPv4Address):
        return next((name for network, name in SPECIAL_V4 if address in network), _metadata_name(address))
    found = next((name for network, name in SPECIAL_V6 if address in network), "")
    return found or ("" if address in PUBLIC_V6 else "not assigned")


def _metadata_name(address: Address) -> str:
    return "metadata" if address in METADATA else ""


def embedded(address: Address) -> IPv4Address | None:
    """Give the IPv4 address that an IPv6 address stands for, or None."""
    if isinstance(address, IPv4Address):
        return None
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in (IPv6Address("::"), IPv6Address("::1")):
        return None
    if any(address in network for network in EMBEDDING_TAILS):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def is_allowed(address: Address, networks: tuple[Network, ...]) -> bool:
    """Tell whether a call may go to an address.

    :param networks: the special networks that the administrator allows. An address of a cloud's metadata is allowed
        only where it is named by itself; an address that stands for an IPv4 address only where that is allowed too.
    """
    if getattr(address, "scope_id", None) is not None:
        return False
    if special_name(address):
        holding = [network for network in networks if address.version == network.version and address in network]
        if address in METADATA:
            holding = [network for network in holding if network.num_addresses == 1]
        if not holding:
            return False
    inner = embedded(address)
    return inner is None or is_allowed(inner, networks)


def read_network(text: str) -> Network:
    """Read ``10.20.0.0/16`` or one address.

    :raises ValueError: it is neither, or bits are set behind the prefix.
    """
    return ip_network(text)
