"""Reads a warehouse of files through DuckDB: read only, locked, in this process, with its own memory limit."""

import os
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
from duckdb_engine import ConnectionWrapper
from sqlalchemy import Column as TableColumn
from sqlalchemy import Connection, MetaData, Select, Table, create_engine, text, types
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError, NoSuchTableError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from loyalty.warehouse.contracts import (
    KEY_COLUMN,
    ConnectorOptions,
    CustomQuery,
    Finding,
    Rights,
    Severity,
    TableSummary,
)
from loyalty.warehouse.errors import WarehouseQueryInvalid
from loyalty.warehouse.kinds import base, copying
from loyalty.warehouse.kinds.duckdb import exporting, files
from loyalty.warehouse.kinds.duckdb.types import type_of
from loyalty.warehouse.kinds.guard import Fault
from loyalty.warehouse.kinds.querying import DiscoveredColumn, Discovery

# How long the files count as unchanged without being looked at.
FILES_SECONDS = 2.0
THREADS = 2
SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    # Nothing is fetched from anywhere; what DuckDB needs comes with it.
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
}
TABLES = """
    SELECT table_name, 'table', estimated_size FROM duckdb_tables() WHERE NOT internal
    UNION ALL SELECT view_name, 'view', NULL FROM duckdb_views() WHERE NOT internal ORDER BY 1 LIMIT :limit
"""
COLUMNS = """
    SELECT column_name, data_type, is_nullable, comment FROM duckdb_columns()
    WHERE table_name = :name AND NOT internal ORDER BY column_index
"""
LOCKS = """
    SELECT version(), current_setting('enable_external_access'), current_setting('lock_configuration')
"""
VOLATILE = """
    SELECT function_name FROM duckdb_functions()
    WHERE lower(function_name) IN (SELECT unnest(CAST(:names AS VARCHAR[]))) AND stability = 'VOLATILE'
    ORDER BY 1 LIMIT 1
"""


class DuckdbConnector(base.SqlConnector):
    """The connector; one per path and process."""

    kind = "duckdb"

    def __init__(self, options: ConnectorOptions, **others: Any) -> None:
        self._root: duckdb.DuckDBPyConnection | None = None
        self._mark: object = None
        self._looked_at = 0.0
        self._opening = threading.Lock()
        super().__init__(options, **others)

    @property
    def place(self) -> str:
        """The path."""
        return self.options.address

    def _make_engine(self) -> Engine:
        return create_engine(
            "duckdb:///warehouse",
            creator=lambda: ConnectionWrapper(self._open().cursor()),
            pool_size=base.POOL_SIZE,
            max_overflow=base.POOL_OVERFLOW,
            pool_timeout=base.POOL_WAIT_SECONDS,
        )

    def _open(self) -> duckdb.DuckDBPyConnection:
        """Give the instance that stands for the files as they are now."""
        with self._opening:
            if self._root is not None and time.monotonic() - self._looked_at < FILES_SECONDS:
                return self._root
            found = files.look(self.options.address)
            self._looked_at = time.monotonic()
            if self._root is not None and found.mark == self._mark:
                return self._root
            if self._root is not None:
                self._root.close()
                self._root = None
            self._root, self._mark = self._opened(found), found.mark
            return self._root

    def _opened(self, found: files.Files) -> duckdb.DuckDBPyConnection:
        settings: dict[str, str | bool | int | float | list[str]] = {
            **SETTINGS,
            "memory_limit": f"{self.options.memory_mb}MB",
            "threads": THREADS,
            "temp_directory": _scratch(),
        }
        database = found.database or self._views_of(found.tables)
        root = duckdb.connect(str(database), read_only=True, config=settings)
        # What is read lies in these folders; what is written is the scratch of this process. Then nothing can be
        # changed any more, by no statement.
        readable = found.root if found.root.is_dir() else found.root.parent
        folders = [_scratch()] if found.database is not None else [_scratch(), str(readable)]
        if root.execute("SELECT current_setting('lock_configuration')").fetchall() == [(True,)]:
            # Another connector of this process reads the same database.
            return root
        root.execute("SET allowed_directories = $1", [folders])
        for statement in (
            "SET TimeZone = 'UTC'",
            "SET enable_external_access = false",
            "SET lock_configuration = true",
        ):
            root.execute(statement)
        return root

    def _views_of(self, tables: dict[str, str]) -> Path:
        """Write a database that holds nothing but a view of each table's files."""
        path = Path(_scratch()) / f"{uuid.uuid4().hex}.duckdb"
        with duckdb.connect(str(path), config=SETTINGS) as connection:
            for name, pattern in tables.items():
                alias, quoted = name.replace('"', '""'), pattern.replace("'", "''")
                connection.execute(f"""CREATE VIEW "{alias}" AS SELECT * FROM read_parquet('{quoted}')""")
        return path

    def _connect(self) -> Connection:
        before = self._root
        if self._open() is not before and before is not None:
            # The connections of the files as they were are closed when they come back.
            self._engine.dispose()
            self.forget_tables()
        return self._engine.connect()

    def forget_tables(self) -> None:
        """Look at the files anew at the next call."""
        self._looked_at = 0.0
        super().forget_tables()

    def _grace_s(self) -> float:
        # DuckDB has no limit of its own.
        return 0.0

    def _cancel(self, connection: Connection) -> None:
        _driver(connection).interrupt()

    def _fault_of(self, fault: Exception) -> Fault:
        if isinstance(fault, PoolTimeout):
            return Fault.DOWN
        origin = fault.orig if isinstance(fault, DBAPIError) else fault
        if isinstance(origin, duckdb.InterruptException):
            return Fault.SLOW
        if isinstance(origin, duckdb.PermissionException) or "read-only mode" in str(origin):
            return Fault.DENIED
        if isinstance(origin, duckdb.BinderException) and "column" in str(origin).lower():
            return Fault.COLUMN_MISSING
        if isinstance(origin, duckdb.ConversionException | duckdb.TypeMismatchException):
            return Fault.TYPE_CHANGED
        broken = (duckdb.IOException, duckdb.ConnectionException, duckdb.InternalException, duckdb.FatalException)
        return Fault.DOWN if isinstance(origin, (*broken, duckdb.OutOfMemoryException)) else Fault.OTHER

    def _rights(self, connection: Connection) -> Rights:
        version, has_access, is_locked = connection.execute(text(LOCKS)).one()
        findings = []
        if has_access or not is_locked:
            findings.append(Finding("duckdb.not_locked", Severity.REFUSED, "DuckDB may reach other files.", ""))
        if os.access(self.options.address, os.W_OK):
            findings.append(
                Finding(
                    "duckdb.files_writable",
                    Severity.INFO,
                    "The platform's user may write the files; the connector opens them read only.",
                    "Let another user own them.",
                )
            )
        return Rights(
            user="",
            server_version=f"DuckDB {str(version).removeprefix('v')}",
            is_read_only=True,
            is_superuser=False,
            findings=tuple(findings),
        )

    def _list_tables(self, connection: Connection) -> Sequence[TableSummary]:
        rows = connection.execute(text(TABLES), {"limit": base.TABLES_SHOWN + 1})
        return [TableSummary(str(row[0]), str(row[1]), row[2]) for row in rows]

    def _reflect(self, connection: Connection, name: str) -> Table:
        rows = connection.execute(text(COLUMNS), {"name": name}).all()
        if not rows:
            raise NoSuchTableError(name)
        columns = [
            TableColumn(str(row[0]), type_of(str(row[1])), nullable=bool(row[2]), comment=row[3]) for row in rows
        ]
        return Table(name, MetaData(), *columns)

    def _discover(self, connection: Connection, query: CustomQuery) -> Discovery:
        """Let DuckDB parse the query alone, then describe it in its place."""
        plain = query.statement.replace("\\:", "\0").replace(":start_date", self._start_date())
        plain = plain.replace(":customer_id", "$1").replace("\0", ":")
        statements = _driver(connection).extract_statements(plain)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise WarehouseQueryInvalid("The custom query must be one SELECT.")
        volatile = connection.execute(text(VOLATILE), {"names": sorted(query.functions)}).scalar_one_or_none()
        if volatile is not None:
            raise WarehouseQueryInvalid(f"The custom query calls {volatile}, which may do more than read.")
        cursor = _driver(connection).execute(
            f"SELECT * FROM ({plain}) AS customer_features LIMIT 0", [None] if "$1" in plain else []
        )
        columns = tuple(DiscoveredColumn(str(one[0]), type_of(str(one[1]))) for one in cursor.description or ())
        key = next((one.type for one in columns if one.name == KEY_COLUMN), types.Text())
        return Discovery(columns=columns, customer_id_type=key)

    def copy_text(self, statement: Select[Any]) -> Iterator[bytes]:
        """Give the rows as blocks of COPY text, written by DuckDB itself where it can write their types."""
        written = exporting.written_by_duckdb(statement)
        if written is None:
            yield from super().copy_text(statement)
            return
        compiled = written.compile(dialect=self.dialect, compile_kwargs={"render_postcompile": True})
        values = [compiled.params[name] for name in compiled.positiontup or ()]
        connection = self._guard.call(self._connect)
        count = size = 0

        def on_rows(rows: int) -> None:
            nonlocal count
            count += rows
            self._check_rows(count)

        with connection:
            export = exporting.Export(_driver(connection), compiled.string, values, Path(_scratch()))
            with export:
                while block := self._guard.call_once(lambda: self._next(connection, export)):
                    size += len(block)
                    self._check_bytes(size)
                    yield from copying.counted([block], on_rows)

    def _next(self, connection: Connection, export: exporting.Export) -> bytes:
        with self._watched(connection):
            return export.read()

    def close(self) -> None:
        """Close the files."""
        super().close()
        with self._opening:
            if self._root is not None:
                self._root.close()
                self._root = None


class _Scratch:
    folder: "tempfile.TemporaryDirectory[str] | None" = None
    process = 0


def _scratch() -> str:
    """Give the folder of this process for what DuckDB writes; a child process gets its own."""
    if _Scratch.folder is None or _Scratch.process != os.getpid():
        _Scratch.folder = tempfile.TemporaryDirectory(prefix="khaywe-duckdb-")
        _Scratch.process = os.getpid()
    return _Scratch.folder.name


def _driver(connection: Connection) -> duckdb.DuckDBPyConnection:
    raw: Any = connection.connection.driver_connection
    driver: duckdb.DuckDBPyConnection = raw._ConnectionWrapper__c
    return driver
