"""Features from the warehouse: any number of customers in one statement."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import FromClause, func, select

from loyalty.features.kinds.replies import Reply, misfits, silence
from loyalty.features.policy import Answer, Trouble, fitted
from loyalty.foundation.kernel.errors import Refusal
from loyalty.warehouse import api as warehouse

NAME = "The warehouse"
FRESHNESS_COLUMN = "updated_at"
AMBIGUOUS = Trouble(warehouse.WarehouseKeyDuplicate.code, "The warehouse has more than one row for the customer.")


@dataclass(frozen=True, slots=True)
class Reference:
    """When the warehouse computed its newest row and its oldest; None when it does not say."""

    newest: datetime | None
    oldest: datetime | None


def features_table(customer_ids: Sequence[uuid.UUID] = ()) -> FromClause:
    """Give the table, view or custom query with one row per customer.

    :param customer_ids: whose rows must be in it; none means everybody's.
    :raises WarehouseUnavailable: the warehouse does not answer, or has no such table.
    """
    name = warehouse.features_table_name()
    table = warehouse.connector().table_for(name, customer_ids)
    if warehouse.KEY_COLUMN not in table.c:
        raise warehouse.WarehouseColumnMissing(f"{name} has no column {warehouse.KEY_COLUMN}.")
    return table


def ask(wanted: Sequence[uuid.UUID], fields: Mapping[str, str], *, now: datetime) -> Reply:
    """Give what the warehouse knows, in one statement.

    A column that went since the table was described is looked for once more, in the table as it is now.

    :param fields: the type of each field of the catalogue that is the warehouse's.
    """
    try:
        try:
            return _ask(wanted, fields, now)
        except warehouse.WarehouseMismatch:
            warehouse.connector().forget_tables()
            return _ask(wanted, fields, now)
    except Refusal as refusal:  # it does not answer, or has more rows than there are customers by far
        return silence(wanted, refusal)


def _ask(wanted: Sequence[uuid.UUID], fields: Mapping[str, str], now: datetime) -> Reply:
    table = features_table(wanted)
    key = table.c[warehouse.KEY_COLUMN]
    chosen = [table.c[name] for name in fields if name in table.c]
    # A warehouse may keep the ids as texts or as bytes.
    statement = select(key, *chosen).where(key.in_(warehouse.key_values(key.type, wanted)))
    rows = warehouse.connector().fetch_all(statement, limit=10 * len(wanted) + 100)
    # SQLAlchemy's names are a kind of str that JSON writers do not take for one.
    names = [str(column.name) for column in chosen]
    found: dict[uuid.UUID, Answer] = {}
    reply = Reply()
    for row in rows:
        customer_id = warehouse.customer_id_of(row[0])
        if customer_id in found:
            reply.troubles[customer_id] = AMBIGUOUS
        found[customer_id] = _answer(dict(zip(names, row[1:], strict=True)), fields, now)
    for one in wanted:
        if one not in reply.troubles:
            reply.answers[one] = found.get(one) or Answer(values=None, fetched_at=now)
    return reply


def _answer(raw: Mapping[str, Any], fields: Mapping[str, str], now: datetime) -> Answer:
    values: dict[str, Any] = {}
    odd: list[str] = []
    for name, value in raw.items():
        values[name], fits = fitted(value, fields[name])
        if not fits:
            odd.append(name)
    as_of = values.get(FRESHNESS_COLUMN)
    return Answer(
        values=values,
        fetched_at=now,
        as_of=as_of if isinstance(as_of, datetime) else None,
        troubles=misfits(NAME, odd),
    )


def find_reference() -> Reference:
    """Find when the warehouse last computed its rows.

    :raises WarehouseUnavailable: the warehouse does not answer.
    """
    table = features_table()
    if FRESHNESS_COLUMN not in table.c:
        return Reference(None, None)
    column = table.c[FRESHNESS_COLUMN]
    rows = warehouse.connector().fetch_all(select(func.max(column), func.min(column)))
    return Reference(_instant(rows[0][0]), _instant(rows[0][1]))


def count_rows() -> int:
    """Count the rows of the features table.

    :raises WarehouseUnavailable: the warehouse does not answer.
    """
    rows = warehouse.connector().fetch_all(select(func.count()).select_from(features_table()))
    return int(rows[0][0])


def _instant(value: object) -> datetime | None:
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
