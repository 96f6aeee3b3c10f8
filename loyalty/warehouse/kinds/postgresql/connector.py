"""Reads a PostgreSQL warehouse: pooled, read-only transactions, statement timeout, COPY for bulk."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg
from psycopg.pq import ExecStatus
from sqlalchemy import Connection, Select, create_engine, event, text, types
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from loyalty.warehouse.contracts import ConnectorOptions, CustomQuery, Rights, TableSummary
from loyalty.warehouse.errors import WarehouseQueryInvalid
from loyalty.warehouse.kinds import base
from loyalty.warehouse.kinds.addresses import place_of, read_url
from loyalty.warehouse.kinds.guard import Fault
from loyalty.warehouse.kinds.leaving import addresses_of
from loyalty.warehouse.kinds.postgresql import rights
from loyalty.warehouse.kinds.querying import DiscoveredColumn, Discovery

# Rows of a COPY that are handed on together: some tens of kilobytes.
COPY_ROWS = 2_000
PORT = 5432
PARAMETERS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout", "application_name", "channel_binding")
QUERY_CANCELED = "57014"
# SQLSTATE classes that say "the server or the way to it is broken", not "your statement is wrong".
DOWN_CLASSES = ("08", "53", "57", "58")
FAULTS = {
    "42501": Fault.DENIED,
    "25006": Fault.DENIED,
    "42703": Fault.COLUMN_MISSING,
    "42804": Fault.TYPE_CHANGED,
    "42883": Fault.TYPE_CHANGED,
    "42846": Fault.TYPE_CHANGED,
    "22P02": Fault.TYPE_CHANGED,
}
# The types that a key may have, by number: uuid, text, bigint.
KEY_TYPES = (2950, 25, 20)
TABLES = """
    SELECT c.relname,
        CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
            ELSE 'table' END,
        CASE WHEN c.relkind = 'v' THEN NULL ELSE nullif(c.reltuples, -1)::bigint END
    FROM pg_class c
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_table_is_visible(c.oid)
        AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
        AND NOT c.relispartition AND has_table_privilege(c.oid, 'SELECT')
    ORDER BY 1 LIMIT :limit
"""
# The names of types, as the dialect knows them, by the numbers that a described statement gives.
TYPE_NAMES = "SELECT oid, format_type(oid, NULL) FROM unnest(CAST(:oids AS oid[])) AS oid"
VOLATILE = """
    SELECT proname FROM pg_proc WHERE lower(proname) = ANY(:names) AND provolatile = 'v'
        AND proname NOT IN (SELECT proname FROM pg_proc WHERE lower(proname) = ANY(:names) AND provolatile <> 'v')
    ORDER BY 1 LIMIT 1
"""


class PostgresqlConnector(base.SqlConnector):
    """The connector; one per address and process."""

    kind = "postgresql"
    has_copy_binary = True

    def __init__(self, options: ConnectorOptions, **others: Any) -> None:
        url = read_url(
            options.address.replace("postgres://", "postgresql://", 1),
            setting="DWH_POSTGRESQL_URL",
            schemes=("postgresql", "postgresql+psycopg"),
            parameters=PARAMETERS,
        )
        self._url = url.set(drivername="postgresql+psycopg")
        self._place = place_of(url, PORT)
        super().__init__(options, **others)

    @property
    def place(self) -> str:
        """Host, port and database."""
        return self._place

    def _make_engine(self) -> Engine:
        engine = create_engine(
            self._url,
            pool_size=base.POOL_SIZE,
            max_overflow=base.POOL_OVERFLOW,
            pool_timeout=base.POOL_WAIT_SECONDS,
            pool_recycle=base.POOL_RECYCLE_SECONDS,
            pool_pre_ping=True,
            isolation_level="READ COMMITTED",
            connect_args={
                "connect_timeout": base.CONNECT_SECONDS,
                "application_name": "khaywe-warehouse",
                # The role is the cage (it may only SELECT); these hold even for a role that may more.
                "options": (
                    "-c default_transaction_read_only=on -c timezone=UTC -c standard_conforming_strings=on "
                    f"-c statement_timeout={self.options.statement_timeout_ms}"
                ),
            },
        )
        event.listen(engine, "do_connect", _pin)
        if self.options.queries:
            # The other statements are our own and change nothing in the session.
            event.listen(engine, "reset", _forget_session)
        return engine

    def _fault_of(self, fault: Exception) -> Fault:
        if isinstance(fault, PoolTimeout | InterfaceError):
            return Fault.DOWN
        origin = fault.orig if isinstance(fault, DBAPIError) else fault
        if not isinstance(origin, psycopg.Error):
            return Fault.OTHER
        state = origin.sqlstate
        if state == QUERY_CANCELED:
            return Fault.SLOW
        if state is None:
            # A statement that the driver itself refuses never reached the server.
            is_ours = isinstance(origin, psycopg.ProgrammingError | psycopg.DataError | psycopg.NotSupportedError)
            return Fault.OTHER if is_ours else Fault.DOWN
        return Fault.DOWN if state[:2] in DOWN_CLASSES else FAULTS.get(state, Fault.OTHER)

    def _cancel(self, connection: Connection) -> None:
        _driver(connection).cancel_safe(timeout=2.0)

    def _prepare(self, connection: Connection, *, is_streaming: bool) -> None:
        connection.execution_options(postgresql_readonly=True)

    def _rights(self, connection: Connection) -> Rights:
        return rights.read(connection)

    def _list_tables(self, connection: Connection) -> Sequence[TableSummary]:
        rows = connection.execute(text(TABLES), {"limit": base.TABLES_SHOWN + 1})
        return [TableSummary(*row) for row in rows]

    def _discover(self, connection: Connection, query: CustomQuery) -> Discovery:
        """Let the server parse the query: alone, so that it is one statement, and in its place, as it will be read."""
        names = sorted(query.functions)
        volatile = connection.execute(text(VOLATILE), {"names": names}).scalar_one_or_none()
        if volatile is not None:
            raise WarehouseQueryInvalid(f"The custom query calls {volatile}, which may do more than read.")
        numbered = query.statement.replace("\\:", "\0").replace(":start_date", self._start_date())
        statement = numbered.replace(":customer_id", "$1").replace("\0", ":")
        customer_id = self._type_of_parameter(connection, statement) if "$1" in statement else 0
        self._parse(connection, statement, customer_id)
        columns = self._parse(connection, f"SELECT * FROM ({statement}) AS customer_features", customer_id)
        oids = [*(number for _, number in columns), *([customer_id] if customer_id else [])]
        found = connection.execute(text(TYPE_NAMES), {"oids": oids}).all()
        natives = {int(row[0]): _type_of(str(row[1])) for row in found}
        return Discovery(
            columns=tuple(DiscoveredColumn(name, natives[number]) for name, number in columns),
            customer_id_type=natives[customer_id] if customer_id else types.Uuid(),
        )

    def _type_of_parameter(self, connection: Connection, statement: str) -> int:
        """Give the first type in which the server understands ``:customer_id``; it does not always find it itself."""
        refusal: WarehouseQueryInvalid | None = None
        for candidate in KEY_TYPES:
            savepoint = connection.begin_nested()
            try:
                self._parse(connection, statement, candidate)
            except WarehouseQueryInvalid as fault:
                savepoint.rollback()
                refusal = refusal or fault
            else:
                return candidate
        assert refusal is not None
        raise refusal

    @staticmethod
    def _parse(connection: Connection, statement: str, customer_id: int) -> list[tuple[str, int]]:
        """Give the columns of a statement, with their types' numbers; the protocol takes one statement only.

        :param customer_id: the number of the parameter's type; 0 where there is none.
        :raises WarehouseQueryInvalid: the server cannot read it, or it gives no rows.
        """
        server = _driver(connection).pgconn
        result = server.prepare(b"", statement.encode(), [customer_id] if customer_id else None)
        if result.status == ExecStatus.COMMAND_OK:
            result = server.describe_prepared(b"")
        if result.status != ExecStatus.COMMAND_OK:
            raise WarehouseQueryInvalid(f"The warehouse cannot read the custom query: {_message(result)}.")
        columns = [((result.fname(at) or b"").decode(), result.ftype(at)) for at in range(result.nfields)]
        if not columns:
            raise WarehouseQueryInvalid("The custom query gives no rows.")
        return columns

    def copy_text(self, statement: Select[Any]) -> Iterator[bytes]:
        """Give the rows as blocks of COPY text."""
        return self._copy(statement, "text")

    def copy_binary(self, statement: Select[Any]) -> Iterator[bytes]:
        """Give the rows as blocks of COPY binary."""
        return self._copy(statement, "binary")

    def _copy(self, statement: Select[Any], form: str) -> Iterator[bytes]:
        compiled = statement.compile(dialect=self.dialect, compile_kwargs={"render_postcompile": True})
        params = compiled.construct_params(escape_names=False)
        # Without values the driver sends the text as it is, and SQLAlchemy has doubled its per cent signs.
        body = compiled.string if params else compiled.string.replace("%%", "%")
        connection = self._guard.call(self._connect)
        with connection:
            self._prepare(connection, is_streaming=True)
            with _driver(connection).cursor() as cursor:
                copying_out = cursor.copy(f"COPY ({body}) TO STDOUT (FORMAT {form})".encode(), params)
                copy = self._guard.call_once(copying_out.__enter__)
                count = size = 0

                def read_many() -> list[bytes]:
                    # The server sends a block per row; going through the breaker for each would cost more than the row.
                    with self._watched(connection):
                        return [bytes(one) for one in itertools.islice(iter(copy.read, b""), COPY_ROWS)]

                try:
                    while parts := self._guard.call_once(read_many):
                        count += len(parts)
                        self._check_rows(count)
                        block = b"".join(parts)
                        size += len(block)
                        self._check_bytes(size)
                        yield block
                finally:
                    copying_out.__exit__(None, None, None)


def _pin(_dialect: Any, _record: Any, _arguments: Any, options: dict[str, Any]) -> None:
    """Let the driver connect to the addresses that were checked; the name stays for the certificate."""
    host, port = options.get("host"), int(options.get("port") or PORT)
    addresses = addresses_of(host, port)
    options.update(
        host=",".join([str(host)] * len(addresses)),
        hostaddr=",".join(addresses),
        port=",".join([str(port)] * len(addresses)),
    )


def _driver(connection: Connection) -> "psycopg.Connection[Any]":
    raw: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    return raw


def _message(result: Any) -> str:
    lines: list[str] = result.error_message.decode(errors="replace").strip().splitlines()
    return lines[0] if lines else "no reason given"


def _type_of(name: str) -> types.TypeEngine[Any]:
    """Give the dialect's type of a name such as ``character varying`` or ``text[]``."""
    if name.endswith("[]"):
        return ARRAY(_type_of(name[:-2]))
    known: Callable[..., types.TypeEngine[Any]] | None = ischema_names.get(name)
    if known is None:
        return types.NullType()
    return known(timezone=True) if name.endswith("with time zone") else known()


def _forget_session(dbapi_connection: Any, _record: Any, state: Any) -> None:
    """Undo what a statement may have done to its session: settings, advisory locks, cursors."""
    dbapi_connection.rollback()
    if state.terminate_only or dbapi_connection.closed:
        return
    before = dbapi_connection.autocommit
    dbapi_connection.autocommit = True
    try:
        dbapi_connection.execute("DISCARD ALL")
    finally:
        dbapi_connection.autocommit = before
