"""Reads an Oracle warehouse with the thin driver: read-only transactions, a time limit for every call."""

import queue
import threading
from collections.abc import Sequence
from typing import Any

import oracledb
from sqlalchemy import Column as TableColumn
from sqlalchemy import Connection, MetaData, Table, create_engine, event, select, text, types
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError, NoSuchTableError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from loyalty.warehouse.contracts import ConnectorOptions, CustomQuery, Rights, TableSummary
from loyalty.warehouse.kinds import base
from loyalty.warehouse.kinds.addresses import place_of, read_url
from loyalty.warehouse.kinds.guard import Fault
from loyalty.warehouse.kinds.leaving import addresses_of
from loyalty.warehouse.kinds.oracle import rights
from loyalty.warehouse.kinds.oracle.types import type_of
from loyalty.warehouse.kinds.querying import DiscoveredColumn, Discovery, relation_of

PORT = 1521
PARAMETERS = ("service_name", "ssl_server_dn_match")
# Rows that the driver asks for at a time.
ARRAY_SIZE = 1_000
DOWN = frozenset(
    {28, 1012, 1033, 1034, 1089, 1090, 3113, 3114, 3135, 12153, 12170, 12505, 12514, 12516, 12520, 12528, 12537, 12541}
)
FAULTS = {
    904: Fault.COLUMN_MISSING,
    932: Fault.TYPE_CHANGED,
    1722: Fault.TYPE_CHANGED,
    1031: Fault.DENIED,
    1456: Fault.DENIED,
    1013: Fault.SLOW,
}
# The driver's own numbers: a call took longer than its limit.
CALL_TIMEOUTS = ("DPY-4024", "DPI-1067")
TABLES = """
    SELECT name, kind, row_count FROM (
        SELECT table_name AS name, 'table' AS kind, num_rows AS row_count FROM all_tables
        WHERE owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')
        UNION ALL SELECT view_name, 'view', NULL FROM all_views WHERE owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')
    ) ORDER BY name FETCH FIRST :limit ROWS ONLY
"""
COLUMNS = """
    SELECT c.column_name, c.data_type, c.data_precision, c.data_scale, c.nullable, m.comments
    FROM all_tab_columns c LEFT JOIN all_col_comments m
        ON m.owner = c.owner AND m.table_name = c.table_name AND m.column_name = c.column_name
    WHERE c.owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') AND c.table_name = :name ORDER BY c.column_id
"""


class OracleConnector(base.SqlConnector):
    """The connector; one per address and process."""

    kind = "oracle"

    def __init__(self, options: ConnectorOptions, **others: Any) -> None:
        url = read_url(
            options.address,
            setting="DWH_ORACLE_URL",
            schemes=("oracle", "oracle+oracledb"),
            parameters=PARAMETERS,
        )
        self._url = url.set(drivername="oracle+oracledb")
        self._place = place_of(url, PORT)
        super().__init__(options, **others)

    @property
    def place(self) -> str:
        """Host, port and service."""
        service = self._url.query.get("service_name", "")
        return f"{self._place}/{service}" if service else self._place

    def _make_engine(self) -> Engine:
        engine = create_engine(
            self._url,
            pool_size=base.POOL_SIZE,
            max_overflow=base.POOL_OVERFLOW,
            pool_timeout=base.POOL_WAIT_SECONDS,
            pool_recycle=base.POOL_RECYCLE_SECONDS,
            pool_pre_ping=True,
            arraysize=ARRAY_SIZE,
            creator=self._connected_in_time,
        )
        event.listen(engine, "connect", self._begin_session)
        return engine

    def _connected_in_time(self) -> Any:
        """Connect, or give up: the driver's own limit ends with the TCP connection, and a listener may say nothing.

        :raises WarehouseAddressRefused: calls may not go there.
        :raises TimeoutError: nobody answered; the thread that waits ends with the server's side of the connection.
        """
        # The driver speaks TCP without TLS here, so nothing needs the name of the host.
        pinned = self._url.set(host=addresses_of(self._url.host, self._url.port or PORT)[0])
        args, options = self._engine.dialect.create_connect_args(pinned)
        limits = {"tcp_connect_timeout": float(base.CONNECT_SECONDS), "program": "khaywe-warehouse"}
        answers: queue.SimpleQueue[Any] = queue.SimpleQueue()

        def connect() -> None:
            try:
                answers.put(oracledb.connect(*args, **{**options, **limits}))
            except Exception as fault:
                answers.put(fault)

        threading.Thread(target=connect, daemon=True).start()
        try:
            answer = answers.get(timeout=2 * base.CONNECT_SECONDS)
        except queue.Empty:
            raise TimeoutError("the listener took the call and said nothing") from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _begin_session(self, dbapi_connection: Any, _record: Any) -> None:
        """Give every call of the session its limit, and instants in UTC."""
        dbapi_connection.call_timeout = self.options.statement_timeout_ms
        cursor = dbapi_connection.cursor()
        try:
            cursor.execute("ALTER SESSION SET TIME_ZONE = '+00:00'")
        finally:
            cursor.close()

    def _prepare(self, connection: Connection, *, is_streaming: bool) -> None:
        # The first statement of the transaction; the pool ends each transaction when the connection comes back.
        connection.execute(text("SET TRANSACTION READ ONLY"))

    def _fault_of(self, fault: Exception) -> Fault:
        if isinstance(fault, PoolTimeout | TimeoutError):
            return Fault.DOWN
        origin = fault.orig if isinstance(fault, DBAPIError) else fault
        if not isinstance(origin, oracledb.Error):
            return Fault.OTHER
        told: Any = origin.args[0] if origin.args else None
        code, full = int(getattr(told, "code", 0) or 0), str(getattr(told, "full_code", "") or "")
        if full in CALL_TIMEOUTS:
            return Fault.SLOW
        if code in DOWN or full.startswith(("DPY-6", "DPY-4011", "DPY-1001")):
            return Fault.DOWN
        return FAULTS.get(code, Fault.OTHER)

    def _cancel(self, connection: Connection) -> None:
        raw: Any = connection.connection.driver_connection
        raw.cancel()

    def _rights(self, connection: Connection) -> Rights:
        return rights.read(connection)

    def _list_tables(self, connection: Connection) -> Sequence[TableSummary]:
        rows = connection.execute(text(TABLES), {"limit": base.TABLES_SHOWN + 1})
        return [TableSummary(self._ours(row[0]), str(row[1]), None if row[2] is None else int(row[2])) for row in rows]

    def _reflect(self, connection: Connection, name: str) -> Table:
        rows = connection.execute(text(COLUMNS), {"name": self._theirs(name)}).all()
        if not rows:
            raise NoSuchTableError(name)
        typed = [(self._ours(row[0]), type_of(str(row[1]), row[2], row[3]), row[4] != "N", row[5]) for row in rows]
        columns = [TableColumn(one, native, nullable=nullable, comment=said) for one, native, nullable, said in typed]
        return Table(name, MetaData(), *columns)

    def _ours(self, name: object) -> str:
        """Write a name of the catalogue as SQLAlchemy does: what is upper case there is lower case here."""
        dialect: Any = self.dialect
        return str(dialect.normalize_name(str(name)))

    def _theirs(self, name: str) -> str:
        dialect: Any = self.dialect
        return str(dialect.denormalize_name(name))

    def _start_date(self) -> str:
        # A day of Oracle has hours.
        return f"(TRUNC(CURRENT_DATE) - {self.options.query_days})"

    def _discover(self, connection: Connection, query: CustomQuery) -> Discovery:
        """Let Oracle describe the query in its place; the protocol takes one statement at a time."""
        unknown = Discovery((DiscoveredColumn("x", types.NullType()),), types.String())
        inner = relation_of("customer_features", query, unknown, start_date=self._start_date())
        result = connection.execute(select(text("*")).select_from(inner).where(text("1 = 0")))
        described: Any = getattr(result.cursor, "description", ())
        columns = tuple(
            DiscoveredColumn(self._ours(one[0]), type_of(str(one[1].name), one[4], one[5])) for one in described
        )
        return Discovery(columns=columns, customer_id_type=types.String())
