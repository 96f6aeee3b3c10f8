"""What purchases add to a source's values at once: for single customers and, as SQL, for sets."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    DateTime,
    FromClause,
    Numeric,
    Select,
    Text,
    Uuid,
    and_,
    case,
    cast,
    func,
    select,
)
from sqlalchemy import column as sql_column
from sqlalchemy import literal as bound
from sqlalchemy import table as sql_table

from loyalty.features.contracts import BoughtColumns, NullKind
from loyalty.features.policy import Purchases
from loyalty.features.policy.streaming import LAST_PURCHASE, TOTAL_REVENUE, TRANSACTION_COUNT
from loyalty.foundation.orm import sql

PURCHASE = "customer.purchase"
PURCHASES_VIEW = "features_purchases"

SINCE = """
    SELECT asked.customer_id, made.number, made.amount, made.last_at
    FROM {asked} AS asked (customer_id, since)
    CROSS JOIN LATERAL (
        SELECT count(*) AS number, sum(p.amount) AS amount, max(p.occurred_at) AS last_at FROM features_purchases p
        WHERE p.lookup = hashtextextended(asked.customer_id::text || ' customer.purchase', 0)
            AND p.key = asked.customer_id::text AND p.occurred_at > asked.since) made
    WHERE made.number > 0
"""
# One customer is no list of one: of a list the server plans anew each time, which takes longer than the answer.
SINCE_OF_ONE = SINCE.format(asked="(SELECT %s::uuid, %s::timestamptz)")
SINCE_OF_MANY = SINCE.format(asked="unnest(%s::uuid[], %s::timestamptz[])")


def list_purchases_since(asked: Mapping[uuid.UUID, datetime]) -> dict[uuid.UUID, Purchases]:
    """Give what each customer bought after an instant of their own, in one statement, without those who did not."""
    if not asked:
        return {}
    if len(asked) == 1:
        rows = sql.fetch_prepared(SINCE_OF_ONE, next(iter(asked.items())))
    else:
        rows = sql.fetch_all(SINCE_OF_MANY, [list(asked), list(asked.values())])
    return {row["customer_id"]: Purchases(int(row["number"]), row["amount"], row["last_at"]) for row in rows}


_purchases = sql_table(
    PURCHASES_VIEW,
    sql_column("lookup", BigInteger()),
    sql_column("key", Text()),
    sql_column("occurred_at", DateTime(timezone=True)),
    sql_column("amount", Numeric()),
)


def customers_since(oldest: datetime) -> Select[Any]:
    """Select the public ids of customers who bought after an instant."""
    bought = _purchases.alias("bought")
    return select(cast(bought.c.key, Uuid()).label("customer_id")).where(bought.c.occurred_at > oldest).distinct()


def purchases_of(
    rows: FromClause, *, key: ColumnElement[Any], as_of: ColumnElement[Any], oldest: datetime
) -> Select[Any]:
    """Select what each customer of ``rows`` bought after the row's own ``as_of``, without those who did not.

    The columns are ``customer_id``, ``number``, ``amount`` and ``last_at``.

    :param oldest: no row is older, so that earlier purchases are not even looked at.
    """
    name = cast(key, Text())
    return (
        select(
            key.label("customer_id"),
            func.count().label("number"),
            func.sum(_purchases.c.amount).label("amount"),
            func.max(_purchases.c.occurred_at).label("last_at"),
        )
        .select_from(rows)
        .join(
            _purchases,
            and_(
                _purchases.c.lookup == func.hashtextextended(name.concat(bound(f" {PURCHASE}", Text())), 0),
                _purchases.c.key == name,
                _purchases.c.occurred_at > as_of,
                _purchases.c.occurred_at > oldest,
            ),
        )
        .group_by(key)
    )


def overlaid(
    columns: Mapping[str, ColumnElement[Any]],
    null_kinds: Mapping[str, str],
    *,
    bought: BoughtColumns,
    now: datetime,
) -> dict[str, ColumnElement[Any]]:
    """Give the streaming ones of ``columns`` with the purchases since the row was computed in them.

    The expressions say of each row exactly what ``policy.overlay`` says of one customer.
    """
    made: dict[str, ColumnElement[Any]] = {}
    for name, more in ((TRANSACTION_COUNT, bought.number), (TOTAL_REVENUE, bought.amount)):
        if name in columns:
            raw = columns[name]
            base = func.coalesce(raw, bound(0, raw.type)) if null_kinds.get(name) == NullKind.NONE else raw
            made[name] = case((more.is_(None), raw), else_=base + more)
    if LAST_PURCHASE in columns:
        days = _day(bound(now, DateTime(timezone=True))) - _day(bought.last_at)
        made[LAST_PURCHASE] = case(
            (bought.last_at.is_(None), columns[LAST_PURCHASE]), else_=func.greatest(days, bound(0, BigInteger()))
        )
    return made


def _day(instant: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(func.timezone("UTC", instant), Date())
