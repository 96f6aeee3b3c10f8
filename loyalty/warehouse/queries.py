"""The one connector of this process, by the settings."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from sqlalchemy import URL, case, func, select

from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.configuration.api import Section
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

# Of each kind whose address fields can say: its parameters, and the field that holds each.
FIELD_PARAMETERS: dict[str, dict[str, str]] = {
    "postgresql": {"sslmode": "tls"},
    "oracle": {"service_name": "service_name"},
    "snowflake": {"warehouse": "warehouse", "role": "role"},
}


@dataclass(slots=True)
class _Open:
    sections: tuple[Section, Section]
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
    sections = (configuration.read("dwh"), configuration.read("dwh/features"))
    with _Held.lock:
        held = _Held.open
        if held is not None and held.sections[0] is sections[0] and held.sections[1] is sections[1]:
            return held.connector
    kind, options = str(sections[0]["kind"]), options_of(*sections)
    with _Held.lock:
        held = _Held.open
        if held is None or (held.kind, held.options) != (kind, options):
            opened = registry.open_connector(kind, options)
            _Held.open = _Open(sections, kind, options, opened)
            if held is not None:
                held.connector.close()
            return opened
        held.sections = sections
        return held.connector


def options_of(connection: Mapping[str, Any], features: Mapping[str, Any]) -> ConnectorOptions:
    """Give what a connector needs, from the values of the sections ``dwh`` and ``dwh/features``.

    :raises WarehouseQueryInvalid: the custom query is not one harmless SELECT.
    """
    queries: dict[str, CustomQuery] = {}
    if features["query"]:
        queries[QUERY_NAME] = _read_query(features["query"])
    return ConnectorOptions(
        address=address_of(connection),
        statement_timeout_ms=connection["statement_timeout_ms"],
        rows_max=connection["rows_max"],
        bytes_max=connection["bytes_max_mb"] * 2**20,
        memory_mb=connection["memory_mb"],
        queries=queries,
        query_days=features["query_days"],
    )


def address_of(values: Mapping[str, Any]) -> str:
    """Give the address that the fields of a connection say; the environment's whole while they say the same as it.

    An address of the environment may hold more than the fields do, such as the path of a certificate.
    """
    kind = str(values["kind"])
    address: str = getattr(settings, registry.get_kind(kind).setting, "")
    if kind not in FIELD_PARAMETERS or _says_environment(values):
        return address
    said = dict(values)
    if kind != settings.DWH_TYPE:
        # What the environment says of a warehouse of another kind means nothing here.
        said |= {one.name: "" for one in configuration.get_section("dwh").endpoint if values[one.name] == one.default()}
    query = {name: str(said[field]) for name, field in FIELD_PARAMETERS[kind].items() if said[field]}
    return URL.create(
        kind,
        username=said["username"] or None,
        password=said["password"] or None,
        host=said["host"] or None,
        port=said["port"] or None,
        database=said["database"] or None,
        query=query,
    ).render_as_string(hide_password=False)


def _says_environment(values: Mapping[str, Any]) -> bool:
    spec = configuration.get_section("dwh")
    return all(values[one.name] == one.default() for one in (*spec.endpoint, *spec.secrets))


def features_table_name() -> str:
    """Give the name of the table, view or custom query with one row per customer, as the connector knows it."""
    return table_of(configuration.read("dwh/features"))


def table_of(features: Mapping[str, Any]) -> str:
    """Give the same from the values of the section ``dwh/features``."""
    return QUERY_NAME if features["query"] else str(features["table"])


def test_connection() -> ConnectionReport:
    """Try the configured warehouse and tell what is there; never raises."""
    try:
        return connector().test_connection(features_table_name())
    except WarehouseUnavailable as refusal:
        return ConnectionReport(
            is_reachable=False,
            kind=configuration.read("dwh")["kind"],
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
    connection, features = configuration.read("dwh"), configuration.read("dwh/features")
    known: dict[str, Any] = {"place": "", "breaker_state": "closed"}
    parameters: frozenset[str] = frozenset()
    try:
        opened = connector()
        known = {"place": opened.place, "breaker_state": opened.breaker_state}
        if features["query"]:
            parameters = _read_query(features["query"]).parameters
    except WarehouseUnavailable as refusal:
        known |= {"problem_code": refusal.code, "problem": refusal.detail}
    return WarehouseView(
        kind=connection["kind"],
        setting=registry.get_kind(connection["kind"]).setting,
        kinds=registry.list_kinds(),
        table=features["table"],
        query=features["query"],
        query_parameters=tuple(sorted(parameters)),
        statement_timeout_ms=connection["statement_timeout_ms"],
        rows_max=connection["rows_max"],
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
