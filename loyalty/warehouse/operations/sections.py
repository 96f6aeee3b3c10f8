"""The sections ``dwh`` and ``dwh/features``: which warehouse, as whom, and which table or query has the features."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.conf import settings
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.configuration.api import Field, FieldType, TestReport
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.resilience import egress
from loyalty.warehouse import queries
from loyalty.warehouse.contracts import ConnectionReport
from loyalty.warehouse.errors import WarehouseUnavailable
from loyalty.warehouse.kinds import registry
from loyalty.warehouse.kinds.leaving import PURPOSE
from loyalty.warehouse.policy import read_query

TRIED = "Connected to the warehouse, read its catalogue and the features table"
# Kinds that are reached over the network by fields; the address of the others is a path or names a driver of its own,
# which only the environment may say: a path from the console would be a way to any file of this machine.
BY_FIELDS = ("postgresql", "oracle", "snowflake")
PORTS = {"postgresql": 5432, "oracle": 1521, "snowflake": 443}
TLS = ("", "prefer", "require", "verify-ca", "verify-full")
# What says no more than that nobody useful answered.
REFUSED_BY_WAREHOUSE = ("authentication failed", "invalid username/password", "incorrect username or password")


@lru_cache(maxsize=16)
def _parsed(address: str) -> URL | None:
    try:
        return make_url(address.replace("postgres://", "postgresql://", 1)) if address else None
    except ArgumentError:
        return None


def _of_address(part: Callable[[URL], Any], otherwise: Any) -> Callable[[], Any]:
    """Give a default that is a part of the address in the environment."""

    def default() -> Any:
        if settings.DWH_TYPE not in BY_FIELDS:
            return otherwise
        url = _parsed(getattr(settings, registry.get_kind(settings.DWH_TYPE).setting, ""))
        return otherwise if url is None else part(url) or otherwise

    return default


def _parameter(name: str) -> Callable[[URL], str]:
    return lambda url: str(url.query.get(name, ""))


def _problems(values: Mapping[str, Any]) -> Sequence[FieldProblem]:
    if values["kind"] not in BY_FIELDS or not values["host"]:
        return []
    host = values["host"] if values["kind"] != "snowflake" else f"{values['host']}.snowflakecomputing.com"
    port = values["port"] or PORTS[values["kind"]]
    try:
        # Form and port; whether the host may be reached is looked at when it is.
        egress.check_place(host, port, PURPOSE)
    except egress.PortRefused as refusal:
        return [FieldProblem("port", refusal.code, refusal.detail)]
    except egress.EgressRefusal as refusal:
        return [FieldProblem("host", refusal.code, refusal.detail)]
    return []


def _report(asked: ConnectionReport) -> TestReport:
    told = asked.problem.lower()
    if not asked.is_reachable:
        if any(words in told for words in REFUSED_BY_WAREHOUSE):
            advice = "The warehouse is there and refuses user and password."
            return TestReport(is_successful=False, outcome="credentials_refused", tried=TRIED, advice=advice)
        if asked.problem_code in ("warehouse.not_configured", "warehouse.driver_missing"):
            return TestReport(is_successful=False, outcome=asked.problem_code, tried="Nothing", advice=asked.problem)
        return configuration.no_answer(TRIED)
    facts = dataclasses.asdict(asked)
    if asked.problem_code:
        return TestReport(
            is_successful=False, outcome=asked.problem_code, tried=TRIED, advice=asked.problem, facts=facts
        )
    return TestReport(is_successful=True, outcome="ok", tried=TRIED, facts=facts)


def _try(connection: Mapping[str, Any], features: Mapping[str, Any]) -> TestReport:
    try:
        opened = registry.open_connector(connection["kind"], queries.options_of(connection, features))
    except WarehouseUnavailable as refusal:
        return TestReport(is_successful=False, outcome=refusal.code, tried="Nothing", advice=refusal.detail)
    try:
        return _report(opened.test_connection(queries.table_of(features)))
    finally:
        opened.close()


def _try_connection(values: Mapping[str, Any]) -> TestReport:
    return _try(values, values["dwh/features"])


def _try_features(values: Mapping[str, Any]) -> TestReport:
    return _try(values["dwh"], values)


def _query_problems(values: Mapping[str, Any]) -> Sequence[FieldProblem]:
    if not values["query"]:
        return []
    try:
        read_query(values["query"])
    except WarehouseUnavailable as refusal:
        return [FieldProblem("query", refusal.code, refusal.detail)]
    return []


def _text(name: str, title: str, default: Callable[[], Any], description: str = "") -> Field:
    return Field(name, FieldType.TEXT, title, default, description=description, is_endpoint=True, high=255)


DWH = configuration.SectionSpec(
    code="dwh",
    title="Data warehouse",
    title_in={"ar": "مستودع البيانات"},
    description=(
        "The warehouse, read only. Until a field of the connection is saved, the address of the environment counts "
        "whole. The path of DuckDB and the address of ibis are said by the environment alone."
    ),
    fields=(
        Field(
            "kind",
            FieldType.CHOICE,
            "Kind",
            configuration.setting("DWH_TYPE"),
            "DWH_TYPE",
            is_endpoint=True,
            choices=registry.list_kinds(),
        ),
        _text("host", "Host", _of_address(lambda url: url.host, ""), "Of Snowflake: the account."),
        Field(
            "port",
            FieldType.WHOLE,
            "Port",
            _of_address(lambda url: url.port, 0),
            description="0: the usual one of the kind.",
            is_endpoint=True,
            low=0,
            high=65_535,
        ),
        _text("database", "Database", _of_address(lambda url: url.database, ""), "Of Snowflake: database/schema."),
        _text("service_name", "Service", _of_address(_parameter("service_name"), ""), "Of Oracle."),
        _text("warehouse", "Virtual warehouse", _of_address(_parameter("warehouse"), ""), "Of Snowflake."),
        _text("role", "Role", _of_address(_parameter("role"), ""), "Of Snowflake."),
        _text("username", "User", _of_address(lambda url: url.username, ""), "May only read."),
        Field(
            "tls",
            FieldType.CHOICE,
            "TLS",
            _of_address(_parameter("sslmode"), ""),
            description="Of PostgreSQL; empty: the driver decides.",
            is_endpoint=True,
            choices=TLS,
        ),
        Field("password", FieldType.SECRET, "Password", _of_address(lambda url: url.password, "")),
        Field(
            "statement_timeout_ms",
            FieldType.WHOLE,
            "Longest statement",
            configuration.setting("DWH_STATEMENT_TIMEOUT_MS"),
            "DWH_STATEMENT_TIMEOUT_MS",
            low=100,
            high=3_600_000,
            unit="ms",
        ),
        Field(
            "rows_max",
            FieldType.WHOLE,
            "Most rows of one read",
            configuration.setting("DWH_ROWS_MAX"),
            "DWH_ROWS_MAX",
            low=1_000,
            high=1_000_000_000,
        ),
        Field(
            "bytes_max_mb",
            FieldType.WHOLE,
            "Largest answer of one read",
            configuration.setting("DWH_BYTES_MAX_MB"),
            "DWH_BYTES_MAX_MB",
            low=1,
            high=1_048_576,
            unit="MB",
        ),
        Field(
            "memory_mb",
            FieldType.WHOLE,
            "Memory of an engine inside the process",
            configuration.setting("DWH_MEMORY_MB"),
            "DWH_MEMORY_MB",
            low=64,
            high=1_048_576,
            unit="MB",
        ),
    ),
    validate=_problems,
    test=_try_connection,
    beside=("dwh/features",),
    state=lambda: dataclasses.asdict(queries.view()),
    needs_approval=True,
)

DWH_FEATURES = configuration.SectionSpec(
    code="dwh/features",
    title="Features of the warehouse",
    title_in={"ar": "خصائص المستودع"},
    description="The table, view or query with one row per customer.",
    fields=(
        Field(
            "table",
            FieldType.TEXT,
            "Table or view",
            configuration.setting("DWH_CUSTOMER_FEATURES_TABLE"),
            "DWH_CUSTOMER_FEATURES_TABLE",
            low=1,
            high=255,
        ),
        Field(
            "query",
            FieldType.QUERY,
            "Query instead of the table",
            configuration.setting("DWH_CUSTOMER_FEATURES_QUERY"),
            "DWH_CUSTOMER_FEATURES_QUERY",
            "One statement that reads; :customer_id and :start_date may stand in it. The role may read only.",
        ),
        Field(
            "query_days",
            FieldType.WHOLE,
            "Days before today that :start_date lies",
            configuration.setting("DWH_CUSTOMER_FEATURES_QUERY_DAYS"),
            "DWH_CUSTOMER_FEATURES_QUERY_DAYS",
            low=1,
            high=36_500,
            unit="days",
        ),
    ),
    validate=_query_problems,
    test=_try_features,
    beside=("dwh",),
    needs_approval=True,
)
