"""Reads an engine that ibis reaches: the statement is written in DuckDB's words and ibis says it in the engine's."""

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import ibis
import sqlalchemy
from duckdb_engine import Dialect as DuckdbDialect
from sqlalchemy import Column as TableColumn
from sqlalchemy import FromClause, MetaData, Row, Select, Table, func, literal, select, types
from sqlalchemy.engine import Dialect, IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData

from loyalty.warehouse.contracts import (
    Column,
    ConnectionReport,
    ConnectorOptions,
    Finding,
    Rights,
    Severity,
    TableDescription,
    TableSummary,
)
from loyalty.warehouse.errors import (
    WarehouseMismatch,
    WarehouseNotConfigured,
    WarehouseRowsTooMany,
    WarehouseUnavailable,
)
from loyalty.warehouse.kinds import base, copying
from loyalty.warehouse.kinds.guard import Fault, Guard, Watchdog
from loyalty.warehouse.kinds.leaving import addresses_of
from loyalty.warehouse.kinds.types import field_type_of

# What tells that an engine is away, whichever driver says it.
DOWN = ("connection", "refused", "unreachable", "timed out", "timeout", "unavailable", "no route")
# Engines within the process, whose address is a file, and the ports of the others where the address names none.
LOCAL = ("duckdb", "sqlite", "polars", "datafusion")
PORTS = {"trino": 8080, "postgres": 5432, "mysql": 3306, "clickhouse": 8443, "mssql": 1433, "oracle": 1521}
NATIVE: dict[str, types.TypeEngine[Any]] = {
    "boolean": types.Boolean(),
    "int8": types.SmallInteger(),
    "int16": types.SmallInteger(),
    "int32": types.Integer(),
    "int64": types.BigInteger(),
    "float32": types.Double(),
    "float64": types.Double(),
    "string": types.Text(),
    "date": types.Date(),
    "uuid": types.Uuid(),
}


def type_of(native: Any) -> types.TypeEngine[Any]:
    """Give the type of an ibis data type."""
    if native.is_decimal():
        return types.Numeric(native.precision, native.scale)
    if native.is_timestamp():
        return types.DateTime(timezone=native.timezone is not None)
    name = str(native).removeprefix("!").partition("(")[0]
    return NATIVE.get(name, types.NullType())


class IbisConnector:
    """The connector; one per address and process. Without pools: ibis holds one connection."""

    kind = "ibis"
    has_copy_binary = False

    def __init__(self, options: ConnectorOptions, *, sleep: Callable[[float], None] = time.sleep) -> None:
        if "://" not in options.address:
            raise WarehouseNotConfigured("DWH_IBIS_URL is no address such as trino://user@host:8080/catalog/schema.")
        if options.queries:
            raise WarehouseNotConfigured(
                "DWH_CUSTOMER_FEATURES_QUERY cannot be used through ibis, which does not tell what its user may do; "
                "make it a view in the engine, and name the view."
            )
        self.options = options
        self._dialect = DuckdbDialect()
        # Values are written as literals here, and a backslash in a text of DuckDB is a backslash.
        self._dialect._backslash_escapes = False
        self._engine: Any = None
        self._watchdog = Watchdog(options.statement_timeout_ms / 1000)
        self._guard = Guard(self.place, fault_of=self._fault_of, watchdog=self._watchdog, sleep=sleep)
        self._known: dict[str, tuple[float, Table]] = {}

    @property
    def place(self) -> str:
        """The address without user and parameters."""
        scheme, _, rest = self.options.address.partition("://")
        return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"

    @property
    def dialect(self) -> Dialect:
        """DuckDB's, from which ibis translates."""
        return self._dialect

    @property
    def breaker_state(self) -> str:
        """``closed``, ``open`` or ``half-open``."""
        return self._guard.state

    @staticmethod
    def _fault_of(fault: Exception) -> Fault:
        told = f"{type(fault).__name__} {fault}".lower()
        if "column" in told and ("not found" in told or "cannot be resolved" in told):
            return Fault.COLUMN_MISSING
        is_down = isinstance(fault, OSError) or any(word in told for word in DOWN)
        return Fault.DOWN if is_down else Fault.OTHER

    def _open(self) -> Any:
        if self._engine is None:
            parts = urlsplit(self.options.address)
            if parts.scheme not in LOCAL:
                addresses_of(parts.hostname, parts.port or PORTS.get(parts.scheme, 443))
            self._engine = ibis.connect(self.options.address)
        return self._engine

    def table(self, name: str) -> FromClause:
        """Give a table or view for statements.

        :raises WarehouseMismatch: there is none.
        """
        known = self._known.get(name)
        if known is not None and time.monotonic() - known[0] < base.DESCRIPTION_SECONDS:
            return known[1]

        def reflect() -> Table:
            engine = self._open()
            if name not in engine.list_tables():
                raise WarehouseMismatch(f'There is no table "{name}" in the warehouse.')
            schema = engine.table(name).schema()
            columns = [TableColumn(one, type_of(native), nullable=native.nullable) for one, native in schema.items()]
            return Table(name, MetaData(), *columns)

        table = self._guard.call(reflect)
        self._known[name] = (time.monotonic(), table)
        return table

    def table_for(self, name: str, customer_ids: Sequence[object]) -> FromClause:
        """Give the same."""
        return self.table(name)

    def forget_tables(self) -> None:
        """Ask the engine anew for the shape of its tables."""
        self._known.clear()

    def describe_table(self, name: str) -> TableDescription:
        """Describe a table or view."""
        table = self.table(name)
        assert isinstance(table, Table)
        columns = tuple(
            Column(str(one.name), field_type_of(one.type), self._native_name(one.type), bool(one.nullable))
            for one in table.columns
        )
        return TableDescription(name=name, columns=columns)

    def _native_name(self, native: types.TypeEngine[Any]) -> str:
        return "unknown" if isinstance(native, types.NullType) else native.compile(dialect=self._dialect).lower()

    def _say(self, statement: Any) -> str:
        """Write a statement with its values as literals, which ibis then says in the engine's own words."""
        if not isinstance(statement, sqlalchemy.Select):
            raise WarehouseMismatch("Only a SELECT goes to the warehouse.")
        compiled = statement.compile(dialect=self._dialect, compile_kwargs={"literal_binds": True})
        return compiled.string.replace("%%", "%")

    def _batches(self, statement: Select[Any], size: int) -> Iterator[list[tuple[Any, ...]]]:
        """Give the rows as Arrow brings them, in batches."""

        def begin() -> Any:
            with self._watchdog.watching(self._cancel), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                said = self._open().sql(self._say(statement), dialect="duckdb")
                return iter(said.to_pyarrow_batches(chunk_size=size))

        def go_on() -> Any:
            with self._watchdog.watching(self._cancel):
                return next(arriving, None)

        arriving = self._guard.call(begin)
        while True:
            batch = self._guard.call_once(go_on)
            if batch is None:
                return
            if batch.num_rows:
                yield list(zip(*(column.to_pylist() for column in batch.columns), strict=True))

    def _cancel(self) -> None:
        """End what the engine does for us, where its driver can."""
        raw = getattr(self._engine, "con", None)
        for name in ("interrupt", "cancel"):
            if hasattr(raw, name):
                getattr(raw, name)()
                return

    def fetch_all(self, statement: Select[Any], *, limit: int = 100_000) -> Sequence[Row[Any]]:
        """Give all rows.

        :raises WarehouseRowsTooMany: there are more than ``limit``.
        """
        rows: list[Row[Any]] = []
        for batch in self.stream(statement, batch_size=min(limit + 1, 10_000)):
            rows += batch
            if len(rows) > limit:
                raise WarehouseRowsTooMany(f"The statement has more than {limit} rows.")
        return rows

    def stream(self, statement: Select[Any], *, batch_size: int = 10_000) -> Iterator[Sequence[Row[Any]]]:
        """Give the rows in batches.

        :raises WarehouseRowsTooMany: there are more than the settings allow.
        """
        count = size = 0
        keys = [str(column.name) for column in getattr(statement, "selected_columns", ())]
        for batch in self._batches(statement, batch_size):
            count += len(batch)
            if count > self.options.rows_max:
                raise WarehouseRowsTooMany(f"The statement has more than {self.options.rows_max} rows (DWH_ROWS_MAX).")
            size += copying.bytes_of(batch)
            copying.check_bytes(size, self.options.bytes_max)
            yield IteratorResult(SimpleResultMetaData(keys), iter(batch)).fetchall()

    def copy_text(self, statement: Select[Any]) -> Iterator[bytes]:
        """Give the rows as blocks of COPY text."""
        return copying.blocks(self.stream(statement))

    def copy_binary(self, statement: Select[Any]) -> Iterator[bytes]:
        """Refuse: only PostgreSQL speaks its COPY binary."""
        raise WarehouseMismatch("An ibis warehouse gives no COPY binary; ask for copy_text.")

    def rights(self) -> Rights:
        """Tell what is known: ibis does not say what its user may do."""
        version = str(self._guard.call(lambda: getattr(self._open(), "version", "")))
        unknown = Finding(
            "role.unknown",
            Severity.WARNING,
            "What the user may do cannot be read through ibis; we send it SELECT statements of our own only.",
            "Give DWH_IBIS_URL a user that may only SELECT.",
        )
        return Rights("", f"{self.options.address.partition('://')[0]} {version}", True, False, (unknown,))

    def test_connection(self, table: str) -> ConnectionReport:
        """Try the connection and tell what is there."""
        self.forget_tables()
        try:
            self.fetch_all(select(literal(1).label("one")))
            began = time.monotonic()
            self.fetch_all(select(literal(1).label("one")))
            latency_ms = (time.monotonic() - began) * 1000
            rights = self.rights()
            names = self._guard.call(lambda: sorted(self._open().list_tables()))[: base.TABLES_SHOWN]
        except WarehouseUnavailable as refusal:
            state = self.breaker_state
            return ConnectionReport(False, self.kind, state, problem_code=refusal.code, problem=refusal.detail)
        facts: dict[str, Any] = {
            "is_reachable": True,
            "kind": self.kind,
            "breaker_state": self.breaker_state,
            "latency_ms": round(latency_ms, 2),
            "server_version": rights.server_version,
            "is_read_only": rights.is_read_only,
            "is_caged": rights.is_caged,
            "findings": rights.findings,
            "tables": tuple(TableSummary(name, "table") for name in names),
            "table": table,
        }
        try:
            columns = self.describe_table(table).columns
            rows = self.fetch_all(select(func.count().label("n")).select_from(self.table(table)))[0][0]
            return ConnectionReport(**facts, columns=columns, rows_estimate=int(rows))
        except WarehouseUnavailable as refusal:
            return ConnectionReport(**facts, problem_code=refusal.code, problem=refusal.detail)

    def close(self) -> None:
        """Give the connection back."""
        engine, self._engine = self._engine, None
        if engine is not None and hasattr(engine, "disconnect"):
            engine.disconnect()
