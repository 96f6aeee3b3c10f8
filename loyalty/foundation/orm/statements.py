"""SQLAlchemy Core statements over Django's connection, in its transaction, beside the ORM."""

from collections.abc import Mapping
from typing import Any

from django.db import connection
from sqlalchemy import Executable
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

Row = tuple[Any, ...]

_DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]


def compiled(statement: Executable) -> tuple[str, dict[str, Any]]:
    """Give a statement as text for a psycopg cursor, with its bind values; lists of ``IN`` are spelled out."""
    ready = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})  # type: ignore[attr-defined]
    processors: Mapping[str, Any] = ready._bind_processors
    values = {
        name: processors[name](value) if name in processors else value
        for name, value in ready.construct_params().items()
    }
    return str(ready), values


def fetch_all(statement: Executable) -> list[Row]:
    """Run a statement and give its rows as the driver reads them."""
    return fetch_rows(*compiled(statement))


def fetch_rows(text: str, values: Mapping[str, Any]) -> list[Row]:
    """Run a statement that was compiled or written already, and give its rows."""
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        return [tuple(row) for row in cursor.fetchall()]


def execute(statement: Executable) -> int:
    """Run a statement and give the number of rows it touched."""
    text, values = compiled(statement)
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        return int(cursor.rowcount)
