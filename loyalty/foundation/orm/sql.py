"""Set-based SQL: statements over Django's connection, and SQL files installed by migrations."""

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.db import connection, migrations

Params = Mapping[str, Any] | Sequence[Any] | None


def fetch_all(sql: str, params: Params = None) -> list[dict[str, Any]]:
    """Run one statement and give its rows, each by column name."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


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
    """Make the migration step that installs SQL files; each file can be run again (CREATE OR REPLACE)."""
    return migrations.RunSQL("\n".join(read(app_package, name) for name in names), migrations.RunSQL.noop)
