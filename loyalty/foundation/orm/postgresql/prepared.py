"""Statements that are parsed and planned once per connection and then only bound and run.

psycopg's own cursor can do that too, but builds its whole machinery of adaptation anew for each run, which costs a
request more than PostgreSQL does. Here what adapts a statement's values and rows is kept with the prepared statement.
"""

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import errors, generators
from psycopg.adapt import AdaptersMap, Buffer, PyFormat, Transformer
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from psycopg.types.datetime import TimestamptzLoader

Params = Mapping[str, Any] | Sequence[Any] | None
Types = tuple[int, ...]

# Statements of one text are prepared once for each combination of types that their values have.
STATEMENTS_MAX = 200

# Of the years that Python knows.
_YEAR_DIGITS = 4
_PLACE = re.compile(r"%(?:\((\w+)\)s|(s)|(%))")


class PreparedCursor:
    """A cursor as Django wraps it, for statements of one text that are run often; gives rows by column name."""

    def __init__(self, store: "PreparedStatements") -> None:
        self._store = store
        self._rows: list[dict[str, Any]] = []
        self.query = b""
        # Where Django's log of statements looks for what was run: at a psycopg cursor's own ``_query.query``.
        self._query: PreparedCursor | None = self

    def execute(self, text: str, params: Params = None) -> None:
        """Run a statement.

        :raises psycopg.Error: the server refuses it, or is gone.
        """
        self.query = text.encode()
        self._rows = self._store.fetch(text, params)

    def fetchall(self) -> list[dict[str, Any]]:
        """Give the rows."""
        return self._rows

    def close(self) -> None:
        """Forget the rows."""
        self._rows = []
        # Else a cursor would hold itself until the collector comes by.
        self._query = None


class PreparedStatements:
    """What is prepared on one connection."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self._statements: OrderedDict[str, _Statement] = OrderedDict()
        self._number = 0

    def fetch(self, text: str, params: Params) -> list[dict[str, Any]]:
        """Run a statement and give its rows, each by column name.

        :raises psycopg.Error: the server refuses it, or is gone.
        """
        self._begin()
        statement = self._statements.get(text)
        if statement is None:
            statement = self._statements[text] = _Statement(text, params, self.connection)
        self._statements.move_to_end(text)
        values, formats, types = statement.bind(params)
        prepared = statement.prepared.get(types)
        if prepared is None:
            prepared = self._prepare(statement, types)
        pgconn = self.connection.pgconn
        pgconn.send_query_prepared(prepared.name, values, formats)
        return statement.rows_of(self._answer(), prepared)

    def _begin(self) -> None:
        """Open the transaction that psycopg opens with the first statement where the connection does not commit."""
        connection = self.connection
        if connection.autocommit or connection.pgconn.transaction_status != TransactionStatus.IDLE:
            return
        if (connection.isolation_level, connection.read_only, connection.deferrable) == (None, None, None):
            connection.pgconn.send_query(b"BEGIN")
            self._answer()
        else:
            # Only psycopg knows the words for these; its empty statement opens the transaction as they say.
            connection.execute("")

    def _prepare(self, statement: "_Statement", types: Types) -> "_Prepared":
        self._make_room(statement)
        self._number += 1
        name = b"khaywe_%d" % self._number
        self.connection.pgconn.send_prepare(name, statement.query, types)
        self._answer()
        prepared = statement.prepared[types] = _Prepared(name)
        return prepared

    def _make_room(self, keep: "_Statement") -> None:
        """Drop the statements that were run longest ago when there are too many."""
        while sum(len(one.prepared) for one in self._statements.values()) >= STATEMENTS_MAX:
            text, oldest = next(iter(self._statements.items()))
            for prepared in oldest.prepared.values():
                self.connection.pgconn.send_query(b"DEALLOCATE " + prepared.name)
                self._answer()
            oldest.prepared.clear()
            if oldest is keep:
                return
            del self._statements[text]

    def _answer(self) -> PGresult:
        """Wait for the answer, as psycopg does, so that an interrupt cancels the statement."""
        result: PGresult
        (*_, result) = self.connection.wait(generators.execute(self.connection.pgconn))
        if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
            return result
        raise errors.error_from_result(result, encoding=self.connection.info.encoding)


class _InstantLoader(TimestamptzLoader):
    """Reads instants as the session writes them, in UTC; an earn has ten of them, and a pattern takes long."""

    def load(self, data: Buffer) -> datetime:
        """Read one; what is written otherwise (another zone, beyond the years of Python) is psycopg's to read."""
        text = bytes(data)
        if text.endswith(b"+00") and text[_YEAR_DIGITS : _YEAR_DIGITS + 1] == b"-":
            return datetime.fromisoformat(text.decode("ascii"))
        return super().load(data)


class _Reading:
    """What adapts on a connection, with the reading of instants exchanged."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self.adapters = AdaptersMap(connection.adapters)
        self.adapters.register_loader("timestamptz", _InstantLoader)


class _Prepared:
    """A statement prepared for values of certain types: its name, and the names of its columns once it was run."""

    __slots__ = ("columns", "name")

    def __init__(self, name: bytes) -> None:
        self.name = name
        self.columns: list[str] | None = None


class _Statement:
    """A text with what adapts its values and rows."""

    __slots__ = ("_formats", "_order", "_transformer", "prepared", "query")

    def __init__(self, text: str, params: Params, connection: psycopg.Connection[Any]) -> None:
        self.query, self._order = (text.encode(), ()) if params is None else converted(text)
        self._formats = [PyFormat.AUTO] * len(self._order)
        self._transformer = Transformer(_Reading(connection))
        self.prepared: dict[Types, _Prepared] = {}

    def bind(self, params: Params) -> tuple[Sequence[Any] | None, Any, Types]:
        """Give the values as the server takes them, their formats and their types.

        :raises psycopg.ProgrammingError: there are not as many values as places, or one is not given.
        """
        if isinstance(params, Mapping):
            missing = [name for name in self._order if name not in params]
            if missing:
                raise psycopg.ProgrammingError(f"query parameter missing: {', '.join(map(str, missing))}")
            given: Sequence[Any] = [params[name] for name in self._order]  # type: ignore[index]
        else:
            given = params or ()
        if len(given) != len(self._order):
            raise psycopg.ProgrammingError(f"{len(self._order)} values are asked for, {len(given)} given")
        values = self._transformer.dump_sequence(given, self._formats)
        return values, self._transformer.formats, tuple(self._transformer.types or ())

    def rows_of(self, result: PGresult, prepared: _Prepared) -> list[dict[str, Any]]:
        """Give the rows of an answer; none of a statement that gives none."""
        if result.status != ExecStatus.TUPLES_OK:
            return []
        if prepared.columns is None:
            prepared.columns = list(_columns_of(result))
        columns = prepared.columns
        self._transformer.set_pgresult(result)
        try:
            rows: list[dict[str, Any]] = self._transformer.load_rows(
                0, result.ntuples, lambda values: dict(zip(columns, values, strict=True))
            )
        finally:
            # An answer may be large, and the statement is kept.
            self._transformer.set_pgresult(None)
        return rows


def _columns_of(result: PGresult) -> Iterator[str]:
    for number in range(result.nfields):
        name = result.fname(number)
        yield name.decode() if name else ""


@lru_cache(maxsize=1_000)
def converted(text: str) -> tuple[bytes, tuple[int | str, ...]]:
    """Give a statement with ``$1`` for ``%s`` or ``%(name)s``, and for each place the name or number of its value."""
    order: list[int | str] = []

    def place(found: re.Match[str]) -> str:
        name, _, is_sign = found.groups()
        if is_sign:
            return "%"
        if name is None:
            order.append(len(order))
        elif name not in order:
            order.append(name)
        return f"${order.index(name) + 1 if name is not None else len(order)}"

    return _PLACE.sub(place, text).encode(), tuple(order)
