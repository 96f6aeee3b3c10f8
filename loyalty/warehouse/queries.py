"""The one connector of this process, by the settings."""

import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from sqlalchemy import case, func, select

from loyalty.warehouse.contracts import (
    KEY_COLUMN,
    QUERY_NAME,
    ConnectionReport,
    Connector,
    ConnectorOptions,
    CustomQuery,
    Rights,
    WarehouseView,
)
from loyalty.warehouse.errors import (
    WarehouseColumnMissing,
    WarehouseKeyDuplicate,
    WarehouseKeyNull,
    WarehouseUnavailable,
)
from loyalty.warehouse.kinds import registry
from loyalty.warehouse.policy import read_query

_read_query = lru_cache(maxsize=8)(read_query)


@dataclass(slots=True)
class _Open:
    kind: str
    options: ConnectorOptions
    connector: Connector


class _Held:
    lock = threading.Lock()
    open: _Open | None = None


def connector() -> Connector:
    """Give the connector to the configured warehouse.

    :raises WarehouseNotConfigured: no address is set, it cannot be used, or there is no such kind.
    :raises WarehouseDriverMissing: the kind's driver is not installed.
    :raises WarehouseQueryInvalid: the custom query is not one harmless SELECT.
    """
    kind, options = settings.DWH_TYPE, _options()
    with _Held.lock:
        held = _Held.open
        if held is None or (held.kind, held.options) != (kind, options):
            opened = registry.open_connector(kind, options)
            _Held.open = _Open(kind, options, opened)
            if held is not None:
                held.connector.close()
            return opened
        return held.connector


def _options() -> ConnectorOptions:
    queries: dict[str, CustomQuery] = {}
    if settings.DWH_CUSTOMER_FEATURES_QUERY:
        queries[QUERY_NAME] = _read_query(settings.DWH_CUSTOMER_FEATURES_QUERY)
    return ConnectorOptions(
        address=_address(),
        statement_timeout_ms=settings.DWH_STATEMENT_TIMEOUT_MS,
        rows_max=settings.DWH_ROWS_MAX,
        bytes_max=settings.DWH_BYTES_MAX_MB * 2**20,
        memory_mb=settings.DWH_MEMORY_MB,
        queries=queries,
        query_days=settings.DWH_CUSTOMER_FEATURES_QUERY_DAYS,
    )


def _address() -> str:
    address: str = getattr(settings, registry.get_kind(settings.DWH_TYPE).setting, "")
    return address


def features_table_name() -> str:
    """Give the name of the table, view or custom query with one row per customer, as the connector knows it."""
    if settings.DWH_CUSTOMER_FEATURES_QUERY:
        return QUERY_NAME
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


def get_rights() -> Rights:
    """Tell what the configured warehouse's role is and may do.

    :raises WarehouseUnavailable: the warehouse does not answer.
    """
    return connector().rights()


def view() -> WarehouseView:
    """Show how the warehouse is configured, without secrets; never raises."""
    known: dict[str, Any] = {"place": "", "breaker_state": "closed"}
    parameters: frozenset[str] = frozenset()
    try:
        opened = connector()
        known = {"place": opened.place, "breaker_state": opened.breaker_state}
        if settings.DWH_CUSTOMER_FEATURES_QUERY:
            parameters = _read_query(settings.DWH_CUSTOMER_FEATURES_QUERY).parameters
    except WarehouseUnavailable as refusal:
        known |= {"problem_code": refusal.code, "problem": refusal.detail}
    return WarehouseView(
        kind=settings.DWH_TYPE,
        setting=registry.get_kind(settings.DWH_TYPE).setting,
        kinds=registry.list_kinds(),
        table=settings.DWH_CUSTOMER_FEATURES_TABLE,
        query=settings.DWH_CUSTOMER_FEATURES_QUERY,
        query_parameters=tuple(sorted(parameters)),
        statement_timeout_ms=settings.DWH_STATEMENT_TIMEOUT_MS,
        rows_max=settings.DWH_ROWS_MAX,
        **known,
    )


def check_keys(asked: Connector, name: str) -> int:
    """Check that every row names a customer and no two the same one; give how many customers there are.

    One statement over the whole table, for a test of the connection and before a first load; not for every read.

    :raises WarehouseColumnMissing: the table has no ``customer_id``.
    :raises WarehouseKeyNull: tells how many rows name nobody.
    :raises WarehouseKeyDuplicate: tells how many rows are too many.
    """
    relation = asked.table(name)
    if KEY_COLUMN not in relation.c:
        raise WarehouseColumnMissing(f'"{name}" has no column {KEY_COLUMN}.')
    key = relation.c[KEY_COLUMN]
    nulls = func.coalesce(func.sum(case((key.is_(None), 1), else_=0)), 0)
    statement = select(func.count(), nulls, func.count(key.distinct())).select_from(relation)
    rows, without, customers = (int(value) for value in asked.fetch_all(statement)[0])
    if without:
        raise WarehouseKeyNull(f'{without:,} of {rows:,} rows of "{name}" have no {KEY_COLUMN}.')
    if customers != rows:
        raise WarehouseKeyDuplicate(f'"{name}" has {rows:,} rows for {customers:,} customers.')
    return customers


def close() -> None:
    """Give all connections to the warehouse back; the next call opens them anew."""
    with _Held.lock:
        if _Held.open is not None:
            _Held.open.connector.close()
            _Held.open = None
