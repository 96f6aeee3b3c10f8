"""The way out to a warehouse: its host is checked each time a connection is opened, and pinned where a driver can."""

from loyalty.foundation.resilience import egress
from loyalty.warehouse.errors import WarehouseAddressRefused, WarehouseUnavailable

PURPOSE = "warehouse"


def addresses_of(host: str | None, port: int) -> tuple[str, ...]:
    """Give the addresses to which a connection may go now.

    :raises WarehouseAddressRefused: the administrator does not allow calls there.
    :raises WarehouseUnavailable: the host has no address now.
    """
    try:
        return egress.check_host(host or "", port, PURPOSE).addresses
    except egress.HostUnknown as refusal:
        raise WarehouseUnavailable(f"The warehouse does not answer: {refusal.detail}") from refusal
    except egress.EgressRefusal as refusal:
        raise WarehouseAddressRefused(refusal.detail) from refusal
