"""Front door of the warehouse."""

from loyalty.warehouse.contracts import KEY_COLUMN, Column, ConnectionReport, Connector, TableDescription
from loyalty.warehouse.errors import (
    WarehouseMismatch,
    WarehouseNotConfigured,
    WarehouseRowsTooMany,
    WarehouseTimeout,
    WarehouseUnavailable,
)
from loyalty.warehouse.operations.filling import TABLES, FillReport, fill
from loyalty.warehouse.queries import connector, features_table_name, test_connection

__all__ = [
    "KEY_COLUMN",
    "TABLES",
    "Column",
    "ConnectionReport",
    "Connector",
    "FillReport",
    "TableDescription",
    "WarehouseMismatch",
    "WarehouseNotConfigured",
    "WarehouseRowsTooMany",
    "WarehouseTimeout",
    "WarehouseUnavailable",
    "connector",
    "features_table_name",
    "fill",
    "test_connection",
]
