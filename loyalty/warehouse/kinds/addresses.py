"""Addresses of warehouses: one form, and only parameters that lead nowhere else."""

from collections.abc import Collection

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from loyalty.warehouse.errors import WarehouseNotConfigured


def read_url(address: str, *, setting: str, schemes: Collection[str], parameters: Collection[str]) -> URL:
    """Read the address of a warehouse.

    :param parameters: what may stand behind the question mark; a driver understands more, and some of that reads files
        or leads to another host.
    :raises WarehouseNotConfigured: another scheme, another parameter, or no URL at all.
    """
    try:
        url = make_url(address)
    except ArgumentError as fault:
        raise WarehouseNotConfigured(f"{setting} is no address such as {min(schemes)}://user:password@…") from fault
    if url.drivername not in schemes:
        raise WarehouseNotConfigured(
            f"{setting} begins with {url.drivername}://; it must begin with {min(schemes)}://."
        )
    if unknown := set(url.query) - set(parameters):
        allowed = ", ".join(sorted(parameters)) or "none"
        raise WarehouseNotConfigured(f"{setting} has the parameter {min(unknown)}; these may be given: {allowed}.")
    return url


def place_of(url: URL, default_port: int | None = None) -> str:
    """Say where an address leads, without user and password."""
    port = url.port or default_port
    return "/".join(part for part in (f"{url.host}:{port}" if port else str(url.host), url.database) if part)
