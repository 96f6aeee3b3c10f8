"""Reads a Snowflake warehouse: one role, no secondary roles, one statement at a time with a limit of its own."""

import math
from collections.abc import Sequence
from typing import Any

from snowflake.connector import errors
from sqlalchemy import Column as TableColumn
from sqlalchemy import Connection, MetaData, Table, bindparam, create_engine, event, literal, select, text, types
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError, NoSuchTableError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from loyalty.warehouse.contracts import ConnectorOptions, CustomQuery, Rights, TableSummary
from loyalty.warehouse.kinds import base
from loyalty.warehouse.kinds.addresses import place_of, read_url
from loyalty.warehouse.kinds.guard import Fault
from loyalty.warehouse.kinds.leaving import addresses_of
from loyalty.warehouse.kinds.querying import DiscoveredColumn, Discovery, relation_of
from loyalty.warehouse.kinds.snowflake import rights
from loyalty.warehouse.kinds.snowflake.types import NUMBERED, type_of

PORT = 443
PARAMETERS = ("warehouse", "role", "account")
# What is added to every connection; tests lead it to a server of their own.
CONNECT_ARGS: dict[str, Any] = {"login_timeout": 20, "request_timeout": 30}
CANCELED, TIMED_OUT = 604, 630
FAULTS = {
    904: Fault.COLUMN_MISSING,
    2043: Fault.OTHER,
    3001: Fault.DENIED,
    3540: Fault.DENIED,
    1007: Fault.TYPE_CHANGED,
    100038: Fault.TYPE_CHANGED,
    CANCELED: Fault.SLOW,
    TIMED_OUT: Fault.SLOW,
}
TABLES = """
    SELECT table_name, lower(table_type), row_count FROM information_schema.tables
    WHERE table_schema = CURRENT_SCHEMA() ORDER BY table_name LIMIT :limit
"""
COLUMNS = """
    SELECT column_name, data_type, numeric_precision, numeric_scale, is_nullable, comment
    FROM information_schema.columns
    WHERE table_schema = CURRENT_SCHEMA() AND table_name = :name ORDER BY ordinal_position
"""


class SnowflakeConnector(base.SqlConnector):
    """The connector; one per account and process."""

    kind = "snowflake"

    def __init__(self, options: ConnectorOptions, **others: Any) -> None:
        self._url = read_url(
            options.address, setting="DWH_SNOWFLAKE_URL", schemes=("snowflake",), parameters=PARAMETERS
        )
        super().__init__(options, **others)

    @property
    def place(self) -> str:
        """Account, database and schema."""
        return place_of(self._url)

    def _make_engine(self) -> Engine:
        engine = create_engine(
            self._url,
            pool_size=base.POOL_SIZE,
            max_overflow=base.POOL_OVERFLOW,
            pool_timeout=base.POOL_WAIT_SECONDS,
            pool_recycle=base.POOL_RECYCLE_SECONDS,
            connect_args={
                **CONNECT_ARGS,
                "session_parameters": {
                    "STATEMENT_TIMEOUT_IN_SECONDS": math.ceil(self.options.statement_timeout_ms / 1000),
                    "MULTI_STATEMENT_COUNT": 1,
                    "TIMEZONE": "UTC",
                    "QUERY_TAG": "khaywe-warehouse",
                    "CLIENT_TELEMETRY_ENABLED": False,
                },
            },
        )
        event.listen(engine, "do_connect", _check)
        event.listen(engine, "connect", _without_secondary_roles)
        return engine

    def _grace_s(self) -> float:
        # Its own limit counts whole seconds.
        return base.WATCHDOG_GRACE_SECONDS + 1.0

    def _fault_of(self, fault: Exception) -> Fault:
        if isinstance(fault, PoolTimeout):
            return Fault.DOWN
        origin = fault.orig if isinstance(fault, DBAPIError) else fault
        if not isinstance(origin, errors.Error):
            return Fault.OTHER
        known = FAULTS.get(abs(int(origin.errno or 0)))
        if known is not None:
            return known
        return Fault.OTHER if isinstance(origin, errors.ProgrammingError) else Fault.DOWN

    def _cancel(self, connection: Connection) -> None:
        raw: Any = connection.connection.driver_connection
        raw.cursor().execute(f"SELECT SYSTEM$CANCEL_ALL_QUERIES({int(raw.session_id)})")

    def _rights(self, connection: Connection) -> Rights:
        return rights.read(connection)

    def _list_tables(self, connection: Connection) -> Sequence[TableSummary]:
        rows = connection.execute(text(TABLES), {"limit": base.TABLES_SHOWN + 1})
        return [TableSummary(self._ours(row[0]), str(row[1]).replace("base ", ""), row[2]) for row in rows]

    def _reflect(self, connection: Connection, name: str) -> Table:
        rows = connection.execute(text(COLUMNS), {"name": self._theirs(name)}).all()
        if not rows:
            raise NoSuchTableError(name)
        columns = [
            TableColumn(
                self._ours(row[0]), type_of(str(row[1]), row[2], row[3]), nullable=row[4] == "YES", comment=row[5]
            )
            for row in rows
        ]
        return Table(name, MetaData(), *columns)

    def _ours(self, name: object) -> str:
        """Write a name of the catalogue as SQLAlchemy does: what is upper case there is lower case here."""
        dialect: Any = self.dialect
        return str(dialect.normalize_name(str(name)))

    def _theirs(self, name: str) -> str:
        dialect: Any = self.dialect
        return str(dialect.denormalize_name(name))

    def _discover(self, connection: Connection, query: CustomQuery) -> Discovery:
        """Let Snowflake describe the query in its place; it takes one statement at a time."""
        unknown = Discovery((DiscoveredColumn("x", types.NullType()),), types.Text())
        inner = relation_of("customer_features", query, unknown, start_date=self._start_date())
        statement = select(text("*")).select_from(inner).where(literal(1, literal_execute=True) == bindparam("none", 0))
        result = connection.execute(statement)
        described: Any = getattr(result.cursor, "description", ())
        columns = tuple(
            DiscoveredColumn(self._ours(one[0]), type_of(NUMBERED[int(one[1])], one[4], one[5])) for one in described
        )
        return Discovery(columns=columns, customer_id_type=types.Text())


def _check(_dialect: Any, _record: Any, _arguments: Any, options: dict[str, Any]) -> None:
    """Check where the driver goes; it looks the name up by itself, and its certificate says that it is Snowflake."""
    host = options.get("host") or f"{options.get('account', '')}.snowflakecomputing.com"
    addresses_of(str(host), int(options.get("port") or PORT))


def _without_secondary_roles(dbapi_connection: Any, _record: Any) -> None:
    """Leave the session with the rights of its one role."""
    cursor = dbapi_connection.cursor()
    try:
        cursor.execute("USE SECONDARY ROLES NONE")
    finally:
        cursor.close()
