"""The kinds of warehouse: every folder here that holds a ``connector`` module is one, loaded only when it is used."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from loyalty.warehouse.contracts import Connector, ConnectorOptions
from loyalty.warehouse.errors import WarehouseDriverMissing, WarehouseNotConfigured


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of warehouse, as its folder declares it under the name ``KIND``.

    :param setting: the setting that holds its address.
    :param extra: the optional dependencies of the platform's package that bring its driver; empty when they come with
        the platform.
    :param open: builds the connector; raises ``ModuleNotFoundError`` when the driver is not installed.
    """

    name: str
    setting: str
    open: Callable[[ConnectorOptions], Connector]
    extra: str = ""


def list_kinds() -> tuple[str, ...]:
    """Give the names of the kinds, by their folders; loads none of them."""
    here = Path(__file__).parent
    return tuple(sorted(one.name for one in pkgutil.iter_modules([str(here)]) if (here / one.name).is_dir()))


def get_kind(name: str) -> Kind:
    """Give one kind; its driver is not loaded yet.

    :raises WarehouseNotConfigured: there is no such kind.
    """
    if name not in list_kinds():
        raise WarehouseNotConfigured(f"There is no connector for {name}; there are {', '.join(list_kinds())}.")
    kind: Kind = importlib.import_module(f"{__package__}.{name}").KIND
    return kind


def open_connector(name: str, options: ConnectorOptions) -> Connector:
    """Build the connector of a kind.

    :raises WarehouseNotConfigured: there is no such kind, or its address is missing or cannot be used.
    :raises WarehouseDriverMissing: the kind's driver is not installed; names what to install.
    """
    kind = get_kind(name)
    if not options.address:
        raise WarehouseNotConfigured(f"Set {kind.setting} to the warehouse's address.")
    try:
        return kind.open(options)
    except ModuleNotFoundError as fault:
        raise WarehouseDriverMissing(
            f"DWH_TYPE is {name}, and its driver is not installed ({fault.name} is missing): "
            f"pip install 'khaywe-loyalty[{kind.extra or name}]'."
        ) from fault


def opener(module: str, class_name: str) -> Callable[[ConnectorOptions], Connector]:
    """Give what loads a connector's module, and with it the driver, when the first connector is opened."""

    def open_it(options: ConnectorOptions) -> Connector:
        connector: Connector = getattr(importlib.import_module(module), class_name)(options)
        return connector

    return open_it
