"""Set-based SQL: statements over Django's connection, and SQL files installed by migrations."""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from django.db import DEFAULT_DB_ALIAS, NotSupportedError, connection, connections, migrations

from loyalty.foundation.orm.postgresql.base import DatabaseWrapper

Params = Mapping[str, Any] | Sequence[Any] | None


@dataclass(frozen=True)
class Following:
    """A statement that goes out together with another one, and reads what that gives under the name ``posted``."""

    statement: str
    params: Mapping[str, Any]

    def after(self, statement: str) -> str:
        """Give both as one statement that gives what the first one gives."""
        return f"WITH posted AS MATERIALIZED ({statement}), following AS ({self.statement}) SELECT * FROM posted"


def fetch_all(sql: str, params: Params = None) -> list[dict[str, Any]]:
    """Run one statement and give its rows, each by column name."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def fetch_prepared(sql: str, params: Params = None) -> list[dict[str, Any]]:
    """Run one statement that is parsed and planned once per connection, and give its rows, each by column name.

    For statements of one and the same text that are run for each request. Parameters go to the server with their types,
    so a place whose type PostgreSQL cannot infer needs a cast.
    """
    try:
        return _fetch_prepared(sql, params)
    except NotSupportedError:
        # A migration changed what the statement gives while this connection held its plan. Nothing was run.
        if not _wrapper().forget_prepared():
            raise
    return _fetch_prepared(sql, params)


def _fetch_prepared(sql: str, params: Params) -> list[dict[str, Any]]:
    with _wrapper().prepared_cursor() as cursor:
        cursor.execute(sql, params)
        rows: Any = cursor.fetchall()
        return list(rows)


def _wrapper() -> DatabaseWrapper:
    return cast(DatabaseWrapper, connections[DEFAULT_DB_ALIAS])


def fetch_one(sql: str, params: Params = None) -> dict[str, Any] | None:
    """Run one statement and give its first row, or None."""
    rows = fetch_all(sql, params)
    return rows[0] if rows else None


def execute(sql: str, params: Params = None) -> int:
    """Run one statement and give the number of rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)


def read(app_package: str, name: str) -> str:
    """Give the text of ``sql/<name>.sql`` of a package."""
    package = importlib.import_module(app_package)
    return (Path(str(package.__file__)).parent / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def install(app_package: str, *names: str) -> migrations.RunSQL:
    """Make the migration step that installs SQL files; each file can be run again (CREATE OR REPLACE).

    A file is as the newest migration has it, also for an older one, which may not have all the tables that it names
    yet: so the bodies of its functions are looked at when they are run.
    """
    text = "\n".join(read(app_package, name) for name in names)
    return migrations.RunSQL(f"SET LOCAL check_function_bodies = off;\n{text}", migrations.RunSQL.noop)
