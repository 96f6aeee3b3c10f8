"""What connectors over SQLAlchemy have in common; a kind says how its engine is made and what its answers mean."""

import threading
import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from sqlalchemy import Connection, FromClause, MetaData, Row, Select, Table, func, literal, select, types
from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.exc import NoSuchTableError, SAWarning

from loyalty.warehouse.contracts import (
    KEY_COLUMN,
    Column,
    ConnectionReport,
    ConnectorOptions,
    CustomQuery,
    Rights,
    TableDescription,
    TableSummary,
)
from loyalty.warehouse.errors import (
    WarehouseColumnMissing,
    WarehouseMismatch,
    WarehouseQueryForOne,
    WarehouseQueryInvalid,
    WarehouseRoleUnsafe,
    WarehouseRowsTooMany,
    WarehouseUnavailable,
)
from loyalty.warehouse.kinds import copying
from loyalty.warehouse.kinds.guard import Fault, Guard, Watchdog
from loyalty.warehouse.kinds.querying import Discovered, Discovery, relation_of
from loyalty.warehouse.kinds.types import field_type_of

Answer = TypeVar("Answer")

CONNECT_SECONDS = 5
POOL_SIZE, POOL_OVERFLOW, POOL_WAIT_SECONDS = 4, 4, 10
# A server that was away is noticed on the next call, and a connection older than this is not trusted.
POOL_RECYCLE_SECONDS = 900
# How long a description stands before the catalogue is asked again.
DESCRIPTION_SECONDS = 30.0
# How long a role that was found to be a cage counts as one.
CAGE_SECONDS = 300.0
# The watchdog bites this long after the warehouse should have stopped the statement by itself.
WATCHDOG_GRACE_SECONDS = 2.0
# As many columns as a features table may have; more is a table that was not meant.
COLUMNS_MAX = 2_000
TABLES_SHOWN = 200
# For so many customers a query with :customer_id is written once each; for more, all customers' rows are asked for.
CUSTOMERS_BOUND_MAX = 20


@dataclass(frozen=True, slots=True)
class _Known:
    """A relation and when it was looked at."""

    at: float
    relation: FromClause
    comments: dict[str, str]


class SqlConnector(ABC):
    """A connector over a SQLAlchemy engine; one per address and process."""

    kind: ClassVar[str]
    has_copy_binary: ClassVar[bool] = False

    def __init__(self, options: ConnectorOptions, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.options = options
        self._engine: Engine = self._make_engine()
        self._watchdog = Watchdog(options.statement_timeout_ms / 1000 + self._grace_s())
        self._guard = Guard(self.place, fault_of=self._fault_of, watchdog=self._watchdog, sleep=sleep)
        self._known: dict[str, _Known] = {}
        self._discovered: dict[str, tuple[float, Discovered]] = {}
        self._caged_at: float | None = None
        self._lock = threading.Lock()

    # What a kind says.

    @property
    @abstractmethod
    def place(self) -> str:
        """Where the warehouse is, for people; holds no secret."""

    @abstractmethod
    def _make_engine(self) -> Engine:
        """Make the engine with its pool, read only as far as the driver can.

        :raises WarehouseNotConfigured: the address cannot be used.
        """

    @abstractmethod
    def _fault_of(self, fault: Exception) -> Fault:
        """Tell what a driver's exception means."""

    @abstractmethod
    def _cancel(self, connection: Connection) -> None:
        """End from another thread what a connection is doing."""

    @abstractmethod
    def _rights(self, connection: Connection) -> Rights:
        """Tell what the role is and may do."""

    @abstractmethod
    def _list_tables(self, connection: Connection) -> Sequence[TableSummary]:
        """List the tables and views that the role may read, at most ``TABLES_SHOWN`` and one more."""

    @abstractmethod
    def _discover(self, connection: Connection, query: CustomQuery) -> Discovery:
        """Let the warehouse read a custom query as one statement that changes nothing, and tell its columns.

        :raises WarehouseQueryInvalid: the warehouse reads it otherwise.
        """

    def _grace_s(self) -> float:
        """How long after its own limit the warehouse may still be about to stop a statement."""
        return WATCHDOG_GRACE_SECONDS

    def _prepare(self, connection: Connection, *, is_streaming: bool) -> None:  # noqa: B027 - most kinds need nothing
        """Make a connection ready to read, before each use."""

    def _reflect(self, connection: Connection, name: str) -> Table:
        """Read the shape of a table or view."""
        return Table(name, MetaData(), autoload_with=connection, resolve_fks=False)

    # What every kind does the same way.

    @property
    def dialect(self) -> Dialect:
        """What compiles statements for this warehouse."""
        return self._engine.dialect

    @property
    def breaker_state(self) -> str:
        """``closed``, ``open`` or ``half-open``."""
        return self._guard.state

    def _connect(self) -> Connection:
        """Take a connection from the pool."""
        return self._engine.connect()

    @contextmanager
    def _reading(self, *, is_streaming: bool = False) -> Iterator[Connection]:
        with self._connect() as connection, self._watched(connection):
            self._prepare(connection, is_streaming=is_streaming)
            yield connection

    @contextmanager
    def _watched(self, connection: Connection) -> Iterator[None]:
        with self._watchdog.watching(lambda: self._cancel(connection)):
            yield

    def _read(self, ask: Callable[[Connection], Answer]) -> Answer:
        """Ask on one connection, through watchdog, retries and breaker."""

        def attempt() -> Answer:
            with self._reading() as connection:
                return ask(connection)

        return self._guard.call(attempt)

    def table(self, name: str) -> FromClause:
        """Give a table, view or custom query over all customers, for statements.

        :raises WarehouseMismatch: there is none, or no column of it can be read.
        """
        query = self.options.queries.get(name)
        if query is None:
            return self._look(name).relation
        self._check_cage()
        discovered = self._discovered_of(name, query)
        if not discovered.serves_sets:
            raise WarehouseQueryForOne(
                "The custom query gives no row when :customer_id is NULL. For segments write "
                "(:customer_id IS NULL OR customer_id = :customer_id), or leave the condition out."
            )
        return relation_of(name, query, discovered.discovery, start_date=self._start_date())

    def table_for(self, name: str, customer_ids: Sequence[object]) -> FromClause:
        """Give the same, where at least these customers' rows are in; a query's ``:customer_id`` is bound to them."""
        query = self.options.queries.get(name)
        few = customer_ids[:CUSTOMERS_BOUND_MAX]
        if query is None or "customer_id" not in query.parameters or not few:
            return self.table(name)
        self._check_cage()
        discovered = self._discovered_of(name, query)
        if len(customer_ids) > len(few) and discovered.serves_sets:
            return self.table(name)
        start_date = self._start_date()
        return relation_of(name, query, discovered.discovery, start_date=start_date, customer_ids=customer_ids)

    def _look(self, name: str) -> _Known:
        with self._lock:
            known = self._known.get(name)
        if known is not None and time.monotonic() - known.at < DESCRIPTION_SECONDS:
            return known

        def reflect(connection: Connection) -> Table:
            # A type that SQLAlchemy does not know is a column that rules cannot read, which is no cause for alarm.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SAWarning)
                return self._reflect(connection, name)

        try:
            table = self._read(reflect)
        except WarehouseMismatch as refusal:
            if isinstance(refusal.__cause__, NoSuchTableError):
                raise WarehouseMismatch(f'There is no table "{name}" in the warehouse.') from refusal.__cause__
            raise
        if not table.columns:
            raise WarehouseMismatch(f'There is no table "{name}" in the warehouse.')
        if len(table.columns) > COLUMNS_MAX:
            raise WarehouseMismatch(f'The table "{name}" has more than {COLUMNS_MAX} columns.')
        found = _Known(time.monotonic(), table, {str(one.name): one.comment or "" for one in table.columns})
        with self._lock:
            self._known[name] = found
        return found

    def _discovered_of(self, name: str, query: CustomQuery) -> Discovered:
        with self._lock:
            known = self._discovered.get(name)
        if known is not None and time.monotonic() - known[0] < DESCRIPTION_SECONDS:
            return known[1]

        def discover(connection: Connection) -> Discovered:
            found = self._discover(connection, query)
            if not found.columns:
                raise WarehouseQueryInvalid("The custom query gives no columns.")
            names = [column.name for column in found.columns]
            twice = next((one for one in names if names.count(one) > 1), None)
            if twice is not None:
                raise WarehouseQueryInvalid(f'The custom query gives the column "{twice}" twice.')
            if KEY_COLUMN not in names:
                raise WarehouseColumnMissing(f"The custom query gives no column {KEY_COLUMN}.")
            if "customer_id" not in query.parameters:
                return Discovered(found, serves_sets=True)
            all_rows = relation_of(name, query, found, start_date=self._start_date())
            is_any = connection.execute(select(literal(1)).select_from(all_rows).limit(1)).first() is not None
            return Discovered(found, serves_sets=is_any)

        try:
            discovered = self._read(discover)
        except WarehouseMismatch as refusal:
            if type(refusal) is WarehouseMismatch:
                raise WarehouseQueryInvalid(f"The warehouse cannot run the custom query: {refusal.detail}") from refusal
            raise
        with self._lock:
            self._discovered[name] = (time.monotonic(), discovered)
        return discovered

    def _start_date(self) -> str:
        """The SQL that ``:start_date`` stands for, by the warehouse's own calendar."""
        return f"(CURRENT_DATE - {self.options.query_days})"

    def _check_cage(self) -> None:
        with self._lock:
            checked = self._caged_at
        if checked is not None and time.monotonic() - checked < CAGE_SECONDS:
            return
        rights = self.rights()
        if not rights.is_caged:
            worst = next(one for one in rights.findings if one.severity == "refused")
            raise WarehouseRoleUnsafe(
                f"No custom query runs as {rights.user}: {worst.detail} `manage warehouse_doctor` tells the repair."
            )
        with self._lock:
            self._caged_at = time.monotonic()

    def forget_tables(self) -> None:
        """Ask the warehouse anew for the shape of its tables and the rights of its role."""
        with self._lock:
            self._known.clear()
            self._discovered.clear()
            self._caged_at = None

    def describe_table(self, name: str) -> TableDescription:
        """Describe a table, view or custom query."""
        query = self.options.queries.get(name)
        if query is not None:
            self._check_cage()
            found = self._discovered_of(name, query).discovery.columns
            columns = [(one.name, one.type, True, "") for one in found]
        else:
            known = self._look(name)
            columns = [
                (str(one.name), one.type, bool(getattr(one, "nullable", True)), known.comments[str(one.name)])
                for one in known.relation.columns
            ]
        described = tuple(
            Column(
                name=column_name,
                type=field_type_of(native),
                native_type=self._native_name(native),
                is_nullable=is_nullable,
                comment=comment,
            )
            for column_name, native, is_nullable, comment in columns
        )
        return TableDescription(name=name, columns=described)

    def _native_name(self, native: types.TypeEngine[Any]) -> str:
        return "unknown" if isinstance(native, types.NullType) else native.compile(dialect=self.dialect).lower()

    def fetch_all(self, statement: Select[Any], *, limit: int = 100_000) -> Sequence[Row[Any]]:
        """Give all rows.

        :raises WarehouseRowsTooMany: there are more than ``limit``.
        """
        rows = self._read(lambda connection: connection.execute(statement).fetchmany(limit + 1))
        if len(rows) > limit:
            raise WarehouseRowsTooMany(f"The statement has more than {limit} rows.")
        self._check_bytes(copying.bytes_of(rows))
        return rows

    def stream(self, statement: Select[Any], *, batch_size: int = 10_000) -> Iterator[Sequence[Row[Any]]]:
        """Give the rows in batches, through a cursor of the server.

        :raises WarehouseRowsTooMany: there are more than the settings allow.
        """
        connection = self._guard.call(self._connect)
        with connection:

            def begin() -> Any:
                with self._watched(connection):
                    self._prepare(connection, is_streaming=True)
                    streaming = connection.execution_options(stream_results=True, max_row_buffer=batch_size)
                    return streaming.execute(statement)

            def go_on() -> Sequence[Row[Any]]:
                with self._watched(connection):
                    rows: Sequence[Row[Any]] = result.fetchmany(batch_size)
                    return rows

            result = self._guard.call_once(begin)
            count = size = 0
            while rows := self._guard.call_once(go_on):
                count += len(rows)
                size += copying.bytes_of(rows)
                self._check_rows(count)
                self._check_bytes(size)
                yield rows

    def copy_text(self, statement: Select[Any]) -> Iterator[bytes]:
        """Give the rows as blocks of COPY text."""
        yield from copying.blocks(self.stream(statement))

    def copy_binary(self, statement: Select[Any]) -> Iterator[bytes]:
        """Refuse: only PostgreSQL speaks its COPY binary."""
        raise WarehouseMismatch(f"A {self.kind} warehouse gives no COPY binary; ask for copy_text.")

    def _check_rows(self, count: int) -> None:
        if count > self.options.rows_max:
            raise WarehouseRowsTooMany(f"The statement has more than {self.options.rows_max} rows (DWH_ROWS_MAX).")

    def _check_bytes(self, size: int) -> None:
        copying.check_bytes(size, self.options.bytes_max)

    def rights(self) -> Rights:
        """Tell what the role is and may do."""
        return self._read(self._rights)

    def test_connection(self, table: str) -> ConnectionReport:
        """Try the connection and tell what is there."""
        self.forget_tables()
        try:
            self._read(lambda connection: connection.execute(select(literal(1))).first())
            began = time.monotonic()
            self._read(lambda connection: connection.execute(select(literal(1))).first())
            latency_ms = (time.monotonic() - began) * 1000
            rights = self.rights()
            tables = tuple(self._read(self._list_tables))[:TABLES_SHOWN]
        except WarehouseUnavailable as refusal:
            return ConnectionReport(
                is_reachable=False,
                kind=self.kind,
                breaker_state=self.breaker_state,
                problem_code=refusal.code,
                problem=refusal.detail,
            )
        facts: dict[str, Any] = {
            "is_reachable": True,
            "kind": self.kind,
            "breaker_state": self.breaker_state,
            "latency_ms": round(latency_ms, 2),
            "server_version": rights.server_version,
            "user": rights.user,
            "is_read_only": rights.is_read_only,
            "is_superuser": rights.is_superuser,
            "is_caged": rights.is_caged,
            "findings": rights.findings,
            "tables": tables,
            "table": table,
        }
        try:
            description = self.describe_table(table)
            rows = self._read(lambda connection: self._count_rows(connection, table, tables))
            return ConnectionReport(**facts, columns=description.columns, rows_estimate=rows)
        except WarehouseUnavailable as refusal:
            return ConnectionReport(**facts, problem_code=refusal.code, problem=refusal.detail)

    def _count_rows(self, connection: Connection, name: str, tables: Sequence[TableSummary]) -> int:
        """Give what the warehouse thinks how many rows there are; where it does not know, count."""
        estimate = next((one.rows_estimate for one in tables if one.name == name), None)
        if estimate:
            return estimate
        query = self.options.queries.get(name)
        relation = self.table(name) if query is None or self._discovered_of(name, query).serves_sets else None
        if relation is None:
            return 0
        return int(connection.execute(select(func.count()).select_from(relation)).scalar_one())

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()
