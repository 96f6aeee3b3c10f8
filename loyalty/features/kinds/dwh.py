"""Features from the warehouse."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import FromClause, func, select

from loyalty.warehouse import api as warehouse

FRESHNESS_COLUMN = "updated_at"


def features_table() -> FromClause:
    """Give the table, view or custom query with one row per customer.

    :raises WarehouseUnavailable: the warehouse does not answer, or has no such table.
    """
    name = warehouse.features_table_name()
    table = warehouse.connector().table(name)
    if warehouse.KEY_COLUMN not in table.c:
        raise warehouse.WarehouseColumnMissing(f"{name} has no column {warehouse.KEY_COLUMN}.")
    return table


def ask(wanted: Sequence[uuid.UUID], fields: Iterable[str], degraded: set[str]) -> dict[uuid.UUID, Mapping[str, Any]]:
    """Give what the warehouse knows, in one statement; add to ``degraded`` when it cannot be asked."""
    try:
        table = features_table()
        chosen = [table.c[name] for name in fields if name in table.c]
        statement = select(table.c[warehouse.KEY_COLUMN], *chosen).where(table.c[warehouse.KEY_COLUMN].in_(wanted))
        rows = warehouse.connector().fetch_all(statement, limit=2 * len(wanted))
    except warehouse.WarehouseUnavailable as refusal:
        degraded.add(refusal.code)
        return {}
    # SQLAlchemy's names are a kind of str that JSON writers do not take for one.
    names = [str(column.name) for column in chosen]
    return {uuid.UUID(str(row[0])): dict(zip(names, row[1:], strict=True)) for row in rows}


def find_freshness() -> datetime | None:
    """Find when the warehouse last computed a row, or None when it does not say.

    :raises WarehouseUnavailable: the warehouse does not answer.
    """
    table = features_table()
    if FRESHNESS_COLUMN not in table.c:
        return None
    rows = warehouse.connector().fetch_all(select(func.max(table.c[FRESHNESS_COLUMN])))
    newest = rows[0][0]
    if not isinstance(newest, datetime):
        return None
    return newest if newest.tzinfo is not None else newest.replace(tzinfo=UTC)
