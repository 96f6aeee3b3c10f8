"""Reads a PostgreSQL warehouse: pooled, read-only transactions, statement timeout, breaker."""

import itertools
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Connection, MetaData, Row, Select, Table, create_engine, inspect, make_url, text, types
from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.exc import (
    DBAPIError,
    InterfaceError,
    NoSuchTableError,
    ProgrammingError,
    SAWarning,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from loyalty.foundation.resilience.breaker import Breaker, BreakerOpen
from loyalty.foundation.rules.contracts import FieldType
from loyalty.warehouse.contracts import Column, ConnectionReport, TableDescription
from loyalty.warehouse.errors import (
    WarehouseMismatch,
    WarehouseNotConfigured,
    WarehouseRowsTooMany,
    WarehouseTimeout,
    WarehouseUnavailable,
)

Answer = TypeVar("Answer")

CONNECT_SECONDS = 5
POOL_SIZE, POOL_OVERFLOW, POOL_WAIT_SECONDS = 4, 4, 10
# A server that was away is noticed on the next call, and a connection older than this is not trusted.
POOL_RECYCLE_SECONDS = 900
# How long a description stands before the catalogue is asked again.
DESCRIPTION_SECONDS = 30.0
QUERY_CANCELED = "57014"
# Rows of a COPY that are handed on together: some tens of kilobytes.
COPY_ROWS = 2_000
# SQLSTATE classes that say "the server or the way to it is broken", not "your statement is wrong".
DOWN_CLASSES = ("08", "53", "57", "58")
RIGHTS = """
    SELECT current_user, version(), current_setting('transaction_read_only') = 'on',
        (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
"""

TYPES: tuple[tuple[type[types.TypeEngine[Any]], FieldType], ...] = (
    (types.Boolean, FieldType.BOOLEAN),
    (types.Integer, FieldType.INTEGER),
    (types.Numeric, FieldType.DECIMAL),
    (types.String, FieldType.TEXT),
    (types.Date, FieldType.DATE),
)


def is_down(fault: BaseException) -> bool:
    """Tell whether a fault means that the warehouse is down or too slow."""
    if isinstance(fault, PoolTimeout | InterfaceError):
        return True
    if not isinstance(fault, DBAPIError):
        return False
    state = getattr(fault.orig, "sqlstate", None)
    return state is None or state[:2] in DOWN_CLASSES


def field_type_of(native: types.TypeEngine[Any]) -> FieldType | None:
    """Give the type that rules know, or None; a time without its zone is meant in UTC."""
    if isinstance(native, types.DateTime):
        return FieldType.DATETIME
    if isinstance(native, types.ARRAY):
        inner = field_type_of(native.item_type)
        numbers = (FieldType.INTEGER, FieldType.DECIMAL)
        return FieldType.TEXT_LIST if inner is FieldType.TEXT else FieldType.NUMBER_LIST if inner in numbers else None
    if isinstance(native, types.Uuid):
        return None
    return next((ours for theirs, ours in TYPES if isinstance(native, theirs)), None)


class PostgresqlConnector:
    """The connector; one per address and process."""

    kind = "postgresql"

    def __init__(self, address: str, *, statement_timeout_ms: int) -> None:
        if not address:
            raise WarehouseNotConfigured("Set DWH_POSTGRESQL_URL to the warehouse's address.")
        url = make_url(address.replace("postgres://", "postgresql://", 1)).set(drivername="postgresql+psycopg")
        self._place = f"{url.host}:{url.port or 5432}/{url.database}"
        self._engine: Engine = create_engine(
            url,
            pool_size=POOL_SIZE,
            max_overflow=POOL_OVERFLOW,
            pool_timeout=POOL_WAIT_SECONDS,
            pool_recycle=POOL_RECYCLE_SECONDS,
            pool_pre_ping=True,
            isolation_level="READ COMMITTED",
            connect_args={
                "connect_timeout": CONNECT_SECONDS,
                "application_name": "khaywe-warehouse",
                # The role is the cage (it may only SELECT); these two hold even for a role that may more.
                "options": (
                    f"-c default_transaction_read_only=on -c statement_timeout={statement_timeout_ms} -c timezone=UTC"
                ),
            },
        )
        self._breaker = Breaker(f"warehouse:{self._place}", counts=is_down)
        self._tables: dict[str, tuple[float, Table]] = {}
        self._lock = threading.Lock()

    @property
    def dialect(self) -> Dialect:
        """What compiles statements for this warehouse."""
        return self._engine.dialect

    @property
    def breaker_state(self) -> str:
        """``closed``, ``open`` or ``half-open``."""
        return self._breaker.view.state

    def _guarded(self, call: Callable[[], Answer]) -> Answer:
        """Call through the breaker and say a fault in our words."""
        try:
            return self._breaker.call(call)
        except BreakerOpen as fault:
            raise WarehouseUnavailable("The warehouse failed repeatedly and is left alone for a moment.") from fault
        except NoSuchTableError as fault:
            raise WarehouseMismatch(f"There is no table {fault} in the warehouse.") from fault
        except SQLAlchemyError as fault:
            raise self._refusal(fault) from fault
        except psycopg.Error as fault:
            raise self._refusal(DBAPIError(None, None, fault)) from fault

    @staticmethod
    def _refusal(fault: SQLAlchemyError) -> WarehouseUnavailable:
        origin = getattr(fault, "orig", None)
        reason = (str(origin or fault).strip().splitlines() or [type(fault).__name__])[0][:300]
        if getattr(origin, "sqlstate", None) == QUERY_CANCELED:
            return WarehouseTimeout(f"The warehouse stopped the statement: {reason}.")
        if isinstance(fault, ProgrammingError) or not is_down(fault):
            return WarehouseMismatch(f"The warehouse does not understand us: {reason}.")
        return WarehouseUnavailable(f"The warehouse does not answer: {reason}.")

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._engine.connect() as connection:
            connection.execution_options(postgresql_readonly=True)
            yield connection

    def table(self, name: str) -> Table:
        """Give a table or view for statements.

        :raises WarehouseMismatch: there is none.
        """
        with self._lock:
            known = self._tables.get(name)
        if known is not None and time.monotonic() - known[0] < DESCRIPTION_SECONDS:
            return known[1]

        def reflect() -> Table:
            # A type that SQLAlchemy does not know is a column that rules cannot read, which is no cause for alarm.
            with self._reading() as connection, warnings.catch_warnings():
                warnings.simplefilter("ignore", SAWarning)
                return Table(name, MetaData(), autoload_with=connection, resolve_fks=False)

        table = self._guarded(reflect)
        with self._lock:
            self._tables[name] = (time.monotonic(), table)
        return table

    def forget_tables(self) -> None:
        """Ask the warehouse anew for the shape of its tables."""
        with self._lock:
            self._tables.clear()

    def describe_table(self, name: str) -> TableDescription:
        """Describe a table or view."""
        table = self.table(name)
        columns = tuple(
            Column(
                name=str(column.name),
                type=field_type_of(column.type),
                native_type=self._native_name(column.type),
                is_nullable=bool(column.nullable),
                comment=column.comment or "",
            )
            for column in table.columns
        )
        return TableDescription(name=name, columns=columns)

    def _native_name(self, native: types.TypeEngine[Any]) -> str:
        return "unknown" if isinstance(native, types.NullType) else native.compile(dialect=self.dialect).lower()

    def fetch_all(self, statement: Select[Any], *, limit: int = 100_000) -> Sequence[Row[Any]]:
        """Give all rows.

        :raises WarehouseRowsTooMany: there are more than ``limit``.
        """

        def read() -> Sequence[Row[Any]]:
            with self._reading() as connection:
                return connection.execution_options(stream_results=False).execute(statement).fetchmany(limit + 1)

        rows = self._guarded(read)
        if len(rows) > limit:
            raise WarehouseRowsTooMany(f"The statement has more than {limit} rows.")
        return rows

    def stream(self, statement: Select[Any], *, batch_size: int = 10_000) -> Iterator[Sequence[Row[Any]]]:
        """Give the rows in batches, through a cursor of the server."""
        connection = self._guarded(self._engine.connect)
        with connection:
            connection.execution_options(postgresql_readonly=True, stream_results=True, max_row_buffer=batch_size)
            result = self._guarded(lambda: connection.execute(statement))
            while rows := self._guarded(lambda: result.fetchmany(batch_size)):
                yield rows

    def copy_text(self, statement: Select[Any]) -> Iterator[bytes]:
        """Give the rows as blocks of COPY text."""
        return self._copy(statement, "text")

    def copy_binary(self, statement: Select[Any]) -> Iterator[bytes]:
        """Give the rows as blocks of COPY binary."""
        return self._copy(statement, "binary")

    def _copy(self, statement: Select[Any], form: str) -> Iterator[bytes]:
        compiled = statement.compile(dialect=self.dialect, compile_kwargs={"render_postcompile": True})
        params = compiled.construct_params(escape_names=False) if compiled.params else {}
        connection = self._guarded(self._engine.connect)
        with connection:
            connection.execution_options(postgresql_readonly=True)
            raw: Any = connection.connection.driver_connection
            with raw.cursor() as cursor:
                command = f"COPY ({compiled.string}) TO STDOUT (FORMAT {form})"
                copying = cursor.copy(command, params or None)
                copy = self._guarded(copying.__enter__)

                def read_many() -> bytes:
                    # The server sends a block per row; going through the breaker for each would cost more than the row.
                    return b"".join(itertools.islice(iter(copy.read, b""), COPY_ROWS))

                try:
                    while part := self._guarded(read_many):
                        yield part
                finally:
                    copying.__exit__(None, None, None)

    def test_connection(self, table: str) -> ConnectionReport:
        """Try the connection and tell what is there."""
        self.forget_tables()
        try:
            began = time.monotonic()
            user, version, is_read_only, is_superuser = self._guarded(self._rights)
            latency_ms = (time.monotonic() - began) * 1000
        except WarehouseUnavailable as refusal:
            return self._failed(refusal)
        facts: dict[str, Any] = {
            "is_reachable": True,
            "kind": self.kind,
            "breaker_state": self.breaker_state,
            "latency_ms": round(latency_ms, 2),
            "server_version": str(version).split(" on ")[0],
            "user": user,
            "is_read_only": bool(is_read_only),
            "is_superuser": bool(is_superuser),
            "table": table,
        }
        try:
            description = self.describe_table(table)
            return ConnectionReport(
                **facts, columns=description.columns, rows_estimate=self._guarded(lambda: self._rows_estimate(table))
            )
        except WarehouseUnavailable as refusal:
            return ConnectionReport(**facts, problem_code=refusal.code, problem=refusal.detail)

    def _failed(self, refusal: WarehouseUnavailable) -> ConnectionReport:
        return ConnectionReport(
            is_reachable=False,
            kind=self.kind,
            breaker_state=self.breaker_state,
            problem_code=refusal.code,
            problem=refusal.detail,
        )

    def _rights(self) -> Row[Any]:
        with self._reading() as connection:
            return connection.execute(text(RIGHTS)).one()

    def _rows_estimate(self, table: str) -> int:
        with self._reading() as connection:
            names = inspect(connection).get_view_names()
            if table in names:
                return int(connection.execute(text(f'SELECT count(*) FROM "{table}"')).scalar_one())
            estimate = connection.execute(
                text("SELECT reltuples FROM pg_class WHERE oid = to_regclass(:name)"), {"name": f'"{table}"'}
            ).scalar_one_or_none()
            return max(int(estimate or 0), 0)

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()
