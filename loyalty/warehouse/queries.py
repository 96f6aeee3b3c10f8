"""The one connector of this process, by the settings."""

import threading

from django.conf import settings

from loyalty.warehouse.contracts import ConnectionReport, Connector
from loyalty.warehouse.errors import WarehouseNotConfigured, WarehouseUnavailable
from loyalty.warehouse.kinds.postgresql.connector import PostgresqlConnector


class _Held:
    lock = threading.Lock()
    address: tuple[str, str, int] | None = None
    connector: PostgresqlConnector | None = None


def connector() -> Connector:
    """Give the connector to the configured warehouse.

    :raises WarehouseNotConfigured: no address is set, or the kind has no connector in this version.
    """
    if PostgresqlConnector.kind != settings.DWH_TYPE:
        raise WarehouseNotConfigured(f"This version has no connector for {settings.DWH_TYPE}.")
    address = (settings.DWH_TYPE, settings.DWH_POSTGRESQL_URL, settings.DWH_STATEMENT_TIMEOUT_MS)
    with _Held.lock:
        if _Held.connector is None or _Held.address != address:
            if _Held.connector is not None:
                _Held.connector.close()
            _Held.connector = PostgresqlConnector(address[1], statement_timeout_ms=address[2])
            _Held.address = address
        return _Held.connector


def features_table_name() -> str:
    """Give the name of the table or view with one row per customer."""
    if settings.DWH_CUSTOMER_FEATURES_QUERY:
        raise WarehouseNotConfigured("DWH_CUSTOMER_FEATURES_QUERY is not supported; name a view instead.")
    name: str = settings.DWH_CUSTOMER_FEATURES_TABLE
    return name


def test_connection() -> ConnectionReport:
    """Try the configured warehouse and tell what is there; never raises."""
    try:
        return connector().test_connection(features_table_name())
    except WarehouseUnavailable as refusal:
        return ConnectionReport(
            is_reachable=False,
            kind=settings.DWH_TYPE,
            breaker_state="closed",
            problem_code=refusal.code,
            problem=refusal.detail,
        )
