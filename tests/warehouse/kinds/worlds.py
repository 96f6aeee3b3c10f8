"""Warehouses to try connectors on: each world holds the same people and can be changed behind the connector's back."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import duckdb
import psycopg

from loyalty.warehouse.contracts import Connector, ConnectorOptions, CustomQuery
from loyalty.warehouse.kinds.registry import open_connector
from tests.warehouse.conftest import READER, Addresses
from tests.warehouse.kinds.oracle_driver import Database
from tests.warehouse.kinds.people import COLUMNS, ROWS
from tests.warehouse.kinds.snowflake_server import Account, Server

TIMEOUT_MS = 1_500


@dataclass
class World(ABC):
    """A warehouse of one kind.

    :cvar slow: a query that runs for minutes and yields one row.
    :cvar has_lists: whether a column may hold a list.
    """

    kind: ClassVar[str]
    slow: ClassVar[str] = "SELECT count(*) AS n FROM range(1000000000000) WHERE range % 7 = 9"
    has_lists: ClassVar[bool] = True
    has_nullness: ClassVar[bool] = True
    opened: list[Connector] = field(default_factory=list)

    @abstractmethod
    def address(self) -> str:
        """Where the connector finds it."""

    @abstractmethod
    def run(self, statement: str) -> list[tuple[Any, ...]]:
        """Change the warehouse, or look into it, as its owner."""

    def open(self, queries: Mapping[str, CustomQuery] | None = None, **options: Any) -> Connector:
        """Open a connector; it is closed with the world."""
        options.setdefault("statement_timeout_ms", TIMEOUT_MS)
        connector = open_connector(
            self.kind, ConnectorOptions(address=self.address(), queries=dict(queries or {}), **options)
        )
        self.opened.append(connector)
        return connector

    def close(self) -> None:
        """End it."""
        for connector in self.opened:
            connector.close()


@dataclass
class PostgresqlWorld(World):
    """A database of the test server, with a role that may only read."""

    kind: ClassVar[str] = "postgresql"
    slow: ClassVar[str] = "SELECT count(*) AS n FROM generate_series(1, 1000000000)"
    owner: "psycopg.Connection[tuple[Any, ...]] | None" = None
    addresses: Addresses | None = None

    def address(self) -> str:
        """The reader's."""
        assert self.addresses is not None
        return self.addresses.reader

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        """Run as the owner."""
        assert self.owner is not None
        cursor = self.owner.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []

    def fill(self) -> None:
        """Write the people."""
        assert self.owner is not None
        self.run(
            "CREATE TABLE people (customer_id uuid PRIMARY KEY, revenue numeric(12,2), visits int NOT NULL, "
            "score double precision, city text, is_new boolean NOT NULL, joined_on date, seen_at timestamptz)"
        )
        with self.owner.cursor() as cursor, cursor.copy("COPY people FROM STDIN") as copy:
            for row in ROWS:
                copy.write_row(row)
        self.run(f"GRANT SELECT ON people TO {READER}")


@dataclass
class DuckdbWorld(World):
    """A DuckDB database file."""

    kind: ClassVar[str] = "duckdb"
    folder: Path = Path()

    def address(self) -> str:
        """The file."""
        return str(self.folder / "warehouse.duckdb")

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        """Run while nobody else holds the file."""
        for connector in self.opened:
            connector.close()
        with duckdb.connect(self.address()) as connection:
            found: list[tuple[Any, ...]] = connection.execute(statement).fetchall()
            return found

    def fill(self) -> None:
        """Write the people."""
        fill_duckdb(self.address())


@dataclass
class ParquetWorld(World):
    """A folder of Parquet files; changes are made in a database and written out anew."""

    kind: ClassVar[str] = "duckdb"
    has_nullness: ClassVar[bool] = False
    folder: Path = Path()

    def address(self) -> str:
        """The folder."""
        return str(self.folder / "lake")

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        """Change the database behind the files and write every table out."""
        (self.folder / "lake").mkdir(exist_ok=True)
        with duckdb.connect(str(self.folder / "source.duckdb")) as connection:
            found: list[tuple[Any, ...]] = connection.execute(statement).fetchall()
            names = [row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
            for stale in (self.folder / "lake").glob("*.parquet"):
                stale.unlink()
            for name in names:
                path = str(self.folder / "lake" / f"{name}.parquet").replace("'", "''")
                quoted = name.replace('"', '""')
                connection.execute(f"""COPY (SELECT * FROM "{quoted}") TO '{path}' (FORMAT parquet)""")
            return found

    def fill(self) -> None:
        """Write the people."""
        fill_duckdb(str(self.folder / "source.duckdb"))
        self.run("SELECT 1")


def fill_duckdb(path: str) -> None:
    """Make the table of people in a DuckDB database."""
    Path(path).write_bytes(_filled_duckdb())


@cache
def _filled_duckdb() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "people.duckdb"
        with duckdb.connect(str(path)) as connection:
            connection.execute(
                "CREATE TABLE people (customer_id uuid NOT NULL, revenue decimal(12,2), visits int NOT NULL, "
                "score double, city varchar, is_new boolean NOT NULL, joined_on date, seen_at timestamptz)"
            )
            connection.execute("BEGIN")
            connection.executemany(f"INSERT INTO people VALUES ({', '.join('?' * len(COLUMNS))})", ROWS)
            connection.execute("COMMIT")
        return path.read_bytes()


# What Snowflake's catalogue says, as the connector asks it; names that nobody quoted are upper case there.
SNOWFLAKE_CATALOGUE = """
    CREATE SCHEMA IF NOT EXISTS schema_of_snowflake;
    CREATE OR REPLACE MACRO shown(name) AS if(regexp_full_match(name, '[a-z_0-9]+'), upper(name), name);
    CREATE OR REPLACE VIEW schema_of_snowflake.tables AS
        SELECT shown(table_name) AS table_name, 'BASE TABLE' AS table_type, estimated_size AS row_count,
            'PUBLIC' AS table_schema
        FROM duckdb_tables() WHERE schema_name = 'main';
    CREATE OR REPLACE VIEW schema_of_snowflake.columns AS
        SELECT shown(table_name) AS table_name, 'PUBLIC' AS table_schema, shown(column_name) AS column_name,
            CASE WHEN data_type LIKE 'DECIMAL%' OR data_type LIKE '%INT%' THEN 'NUMBER'
                WHEN data_type = 'DOUBLE' THEN 'FLOAT' WHEN data_type LIKE 'TIMESTAMP W%' THEN 'TIMESTAMP_TZ'
                WHEN data_type IN ('DATE', 'BOOLEAN') THEN data_type ELSE 'TEXT' END AS data_type,
            CASE data_type WHEN 'INTEGER' THEN 10 ELSE numeric_precision END AS numeric_precision, numeric_scale,
            if(is_nullable, 'YES', 'NO') AS is_nullable, comment, column_index AS ordinal_position
        FROM duckdb_columns() WHERE schema_name = 'main';
"""


@dataclass
class SnowflakeWorld(World):
    """An account behind a server that speaks Snowflake's protocol to the real driver."""

    kind: ClassVar[str] = "snowflake"
    folder: Path = Path()
    server: Server | None = None

    def address(self) -> str:
        """The account; the tests lead the driver to the server."""
        return "snowflake://loyalty_reader:secret@account/dwh/public?warehouse=wh&role=reader"

    def path(self) -> str:
        """The database behind the server."""
        return str(self.folder / "snowflake.duckdb")

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        """Run in the database behind the server."""
        with duckdb.connect(self.path()) as connection:
            found: list[tuple[Any, ...]] = connection.execute(statement).fetchall()
            return found

    def fill(self) -> None:
        """Write the people; their ids are texts, since Snowflake has no type for them."""
        fill_duckdb(self.path())
        self.run("ALTER TABLE people ALTER customer_id TYPE varchar")
        self.run(SNOWFLAKE_CATALOGUE)
        self.server = Server(Account(self.path()))

    def close(self) -> None:
        """End the server too."""
        super().close()
        if self.server is not None:
            self.server.close()


# What Oracle's catalogue says, as the connector asks it.
ORACLE_CATALOGUE = """
    CREATE SCHEMA IF NOT EXISTS schema_of_oracle;
    CREATE OR REPLACE MACRO shown(name) AS if(regexp_full_match(name, '[a-z_0-9]+'), upper(name), name);
    CREATE OR REPLACE VIEW schema_of_oracle.all_tables AS
        SELECT shown(table_name) AS table_name, estimated_size AS num_rows, 'DWH' AS owner
        FROM duckdb_tables() WHERE schema_name = 'main';
    CREATE OR REPLACE VIEW schema_of_oracle.all_views AS SELECT '' AS view_name, '' AS owner WHERE false;
    CREATE OR REPLACE VIEW schema_of_oracle.all_tab_columns AS
        SELECT shown(table_name) AS table_name, 'DWH' AS owner, shown(column_name) AS column_name,
            CASE WHEN data_type LIKE 'DECIMAL%' OR data_type LIKE '%INT%' THEN 'NUMBER'
                WHEN data_type = 'DOUBLE' THEN 'BINARY_DOUBLE'
                WHEN data_type LIKE 'TIMESTAMP W%' THEN 'TIMESTAMP(6) WITH TIME ZONE'
                WHEN data_type IN ('DATE', 'BOOLEAN') THEN data_type ELSE 'VARCHAR2' END AS data_type,
            CASE data_type WHEN 'INTEGER' THEN 10 ELSE numeric_precision END AS data_precision,
            numeric_scale AS data_scale, if(is_nullable, 'Y', 'N') AS nullable, column_index AS column_id
        FROM duckdb_columns() WHERE schema_name = 'main';
    CREATE OR REPLACE VIEW schema_of_oracle.all_col_comments AS
        SELECT '' AS owner, '' AS table_name, '' AS column_name, '' AS comments WHERE false;
    CREATE OR REPLACE VIEW schema_of_oracle.product_component_version AS SELECT '23.9.0.25.07' AS version_full;
    CREATE OR REPLACE VIEW schema_of_oracle.session_privs AS SELECT 'CREATE SESSION' AS privilege;
    CREATE OR REPLACE VIEW schema_of_oracle.session_roles AS SELECT 'READER' AS role;
    CREATE OR REPLACE VIEW schema_of_oracle.user_tab_privs AS
        SELECT 'SELECT' AS privilege, 'DWH' AS owner, 'PEOPLE' AS table_name, 'LOYALTY_READER' AS grantee;
    CREATE OR REPLACE VIEW schema_of_oracle.user_tables AS SELECT '' AS table_name WHERE false;
    CREATE OR REPLACE VIEW schema_of_oracle.all_tab_privs AS
        SELECT '' AS table_name, '' AS privilege, '' AS grantee WHERE false;
"""


@dataclass
class OracleWorld(World):
    """A database behind what shows itself as Oracle's driver."""

    kind: ClassVar[str] = "oracle"
    folder: Path = Path()
    database: Database | None = None

    def address(self) -> str:
        """The database; the tests put another ``connect`` into the driver."""
        return "oracle://loyalty_reader:secret@127.0.0.1:1521/?service_name=DWH"

    def path(self) -> str:
        """The database behind the driver."""
        return str(self.folder / "oracle.duckdb")

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        """Run in the database behind the driver."""
        with duckdb.connect(self.path()) as connection:
            found: list[tuple[Any, ...]] = connection.execute(statement).fetchall()
            return found

    def fill(self) -> None:
        """Write the people; an empty text is none there, and ids are texts."""
        fill_duckdb(self.path())
        self.run("ALTER TABLE people ALTER customer_id TYPE varchar")
        self.run("UPDATE people SET city = NULL WHERE city = ''")
        self.run(ORACLE_CATALOGUE)
        self.database = Database(self.path())
