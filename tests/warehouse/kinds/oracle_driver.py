"""Oracle's driver as its DB-API shows itself, answered from a DuckDB database.

It stands where ``oracledb.connect`` stands and keeps to what the driver gives: its type objects, its errors with their
numbers, its limit for a call. Nothing goes over a wire here; what the real driver makes of a listener is tried apart.
"""

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
import oracledb

_CONTEXT = {"CURRENT_SCHEMA": "DWH", "SESSION_USER": "LOYALTY_READER", "ISDBA": "FALSE"}
_SYS_CONTEXT = re.compile(r"SYS_CONTEXT\(\s*'USERENV',\s*'(\w+)'\s*\)", re.IGNORECASE)
_WRITES = re.compile(r"\s*(insert|update|delete|drop|create|alter|merge|truncate|grant)\b", re.IGNORECASE)
_TYPES: dict[str, tuple[Any, int | None, int | None]] = {
    "VARCHAR": (oracledb.DB_TYPE_VARCHAR, None, None),
    "BOOLEAN": (oracledb.DB_TYPE_BOOLEAN, None, None),
    "DOUBLE": (oracledb.DB_TYPE_BINARY_DOUBLE, None, None),
    "DATE": (oracledb.DB_TYPE_DATE, None, None),
    "TIMESTAMP WITH TIME ZONE": (oracledb.DB_TYPE_TIMESTAMP_TZ, 0, 6),
    "INTEGER": (oracledb.DB_TYPE_NUMBER, 10, 0),
    "BIGINT": (oracledb.DB_TYPE_NUMBER, 18, 0),
    "HUGEINT": (oracledb.DB_TYPE_NUMBER, 38, 0),
}


@dataclass(frozen=True, slots=True)
class Told:
    """What an error of the driver carries."""

    code: int
    full_code: str
    message: str

    def __str__(self) -> str:
        return f"{self.full_code}: {self.message}"


def _error(code: int, message: str, full_code: str = "") -> oracledb.DatabaseError:
    return oracledb.DatabaseError(Told(code, full_code or f"ORA-{code:05d}", message))


@dataclass
class Database:
    """What lies behind the driver, and what it was asked."""

    path: str
    is_down: bool = False
    statements: list[str] = field(default_factory=list)

    def connect(self, *_: Any, **options: Any) -> "StandInConnection":
        """Stand for ``oracledb.connect``."""
        if self.is_down:
            raise oracledb.OperationalError(Told(12541, "ORA-12541", "Cannot connect. No listener."))
        return StandInConnection(self)


@dataclass(frozen=True, slots=True)
class Variable:
    """How a column is fetched."""

    kind: Any
    outconverter: Callable[[Any], Any] | None

    def fetched(self, value: Any) -> Any:
        """Give a value as it comes out: converted from its text, or as a number of its kind."""
        if self.kind is oracledb.STRING:
            return str(value) if self.outconverter is None else self.outconverter(str(value))
        plain = float(value) if self.kind is oracledb.NATIVE_FLOAT else value
        return plain if self.outconverter is None else self.outconverter(plain)


class StandInConnection:
    """A connection as the driver gives one."""

    thin = True
    version = "23.9.0.25.7"
    max_identifier_length = 128
    outputtypehandler: Any = None
    autocommit = False
    call_timeout = 0

    def __init__(self, database: Database) -> None:
        self.database = database
        self.running: duckdb.DuckDBPyConnection | None = None

    def cursor(self, *_: Any, **__: Any) -> "StandInCursor":
        """Give a cursor."""
        return StandInCursor(self)

    def cancel(self) -> None:
        """End what runs."""
        if self.running is not None:
            self.running.interrupt()

    def ping(self) -> None:
        """Answer."""

    commit = rollback = close = ping


class StandInCursor:
    """A cursor as the driver gives one."""

    arraysize = 100
    prefetchrows = 2
    rowcount = -1
    outputtypehandler: Any = None

    def __init__(self, connection: StandInConnection) -> None:
        self.connection = connection
        self.description: list[tuple[Any, ...]] | None = None
        self._rows: list[tuple[Any, ...]] = []

    def setinputsizes(self, *_: Any, **__: Any) -> None:
        """Take the types of the values, which they show themselves."""

    def var(self, kind: Any, *_: Any, outconverter: Callable[[Any], Any] | None = None, **__: Any) -> "Variable":
        """Give what tells how a column is to be fetched."""
        return Variable(kind, outconverter)

    def close(self) -> None:
        """End it."""

    def __enter__(self) -> "StandInCursor":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def execute(self, statement: str, parameters: Mapping[str, Any] | None = None) -> "StandInCursor":
        """Run one statement."""
        database = self.connection.database
        database.statements.append(statement)
        self.description, self._rows = None, []
        if database.is_down:
            raise oracledb.OperationalError(Told(3113, "ORA-03113", "end-of-file on communication channel"))
        if statement.startswith(("SET TRANSACTION READ ONLY", "ALTER SESSION")):
            return self
        if _WRITES.match(statement):
            raise _error(1456, "may not perform insert, delete or update operation inside a READ ONLY transaction")
        named = {name: re.sub(r"\W", "_", name) for name in parameters or {}}
        for name in [one for one in named if one.startswith('"')]:
            statement = statement.replace(f":{name}", f":{named[name]}")
        translated = to_duckdb(statement)
        values = {named[one]: value for one, value in (parameters or {}).items() if f"${named[one]}" in translated}
        with duckdb.connect(database.path, read_only=True) as connection:
            limit = threading.Timer(self.connection.call_timeout / 1000, connection.interrupt)
            limit.start()
            self.connection.running = connection
            try:
                # Oracle's protocol takes one statement at a time, and its files are not DuckDB's.
                connection.execute("SET enable_external_access = false")
                if len(connection.extract_statements(translated)) != 1:
                    raise _error(3405, "end of query reached")
                found = connection.execute(translated, values)
                self.description = [_described(str(one[0]), str(one[1])) for one in found.description or []]
                self._rows = self._converted(found.fetchall())
            except duckdb.InterruptException as fault:
                raise _error(0, "call timeout exceeded", "DPY-4024") from fault
            except duckdb.BinderException as fault:
                raise _error(904, f"invalid identifier: {fault}") from fault
            except duckdb.CatalogException as fault:
                raise _error(942, "table or view does not exist") from fault
            except duckdb.Error as fault:
                raise _error(900, f"invalid SQL statement: {fault}") from fault
            finally:
                limit.cancel()
                self.connection.running = None
        return self

    def _converted(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Fetch each column as the handler wants it, as the driver does: as a text, and then converted."""
        handler = self.outputtypehandler or self.connection.outputtypehandler
        wanted: list[Variable | None] = [
            None if handler is None else handler(self, *_asked(one)) for one in self.description or ()
        ]
        if not any(wanted):
            return rows
        return [
            tuple(
                value if value is None or variable is None else variable.fetched(value)
                for value, variable in zip(row, wanted, strict=True)
            )
            for row in rows
        ]

    def fetchmany(self, size: int | None = None) -> Sequence[tuple[Any, ...]]:
        """Give the next rows."""
        count = size or self.arraysize
        taken, self._rows = self._rows[:count], self._rows[count:]
        return taken

    def fetchone(self) -> tuple[Any, ...] | None:
        """Give the next row."""
        taken = self.fetchmany(1)
        return taken[0] if taken else None

    def fetchall(self) -> Sequence[tuple[Any, ...]]:
        """Give the other rows."""
        return self.fetchmany(len(self._rows))


def _asked(column: tuple[Any, ...]) -> tuple[Any, ...]:
    """Give what the driver asks a handler about a column: name, type, size, precision, scale."""
    return column[0], column[1], 0, column[4] or 0, -127 if column[5] is None else column[5]


def _described(name: str, native: str) -> tuple[Any, ...]:
    shown = name.upper() if re.fullmatch(r"[a-z_0-9]+", name) else name
    kind = _TYPES.get(native, _TYPES["VARCHAR"])
    if match := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", native):
        kind = (oracledb.DB_TYPE_NUMBER, int(match[1]), int(match[2]))
    return shown, kind[0], None, None, kind[1], kind[2], True


def to_duckdb(statement: str) -> str:
    """Write a statement as DuckDB does: its binds, and the few words that only Oracle has."""
    statement = _SYS_CONTEXT.sub(lambda one: f"'{_CONTEXT[one[1].upper()]}'", statement)
    parts = re.split(r"('(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")", statement)
    return "".join(part if part[:1] in ("'", '"') else _translated(part) for part in parts)


def _translated(part: str) -> str:
    part = re.sub(r"(?<![:\w]):(\w+)", r"$\1", part)
    part = re.sub(r"FETCH FIRST (\S+) ROWS ONLY", r"LIMIT \1", part)
    part = part.replace("TRUNC(CURRENT_DATE)", "CURRENT_DATE").replace("/*+ FIRST_ROWS */", "")
    part = re.sub(r"\bFROM DUAL\b", "", part, flags=re.IGNORECASE)
    return re.sub(
        r"\b(FROM|JOIN) (all_\w+|user_\w+|session_\w+|product_component_version)", r"\1 schema_of_oracle.\2", part
    )
