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
    Numeric,
    Select,
    Text,
    Uuid,
    case,
    cast,
    func,
    select,
)
from sqlalchemy import column as sql_column
from sqlalchemy import literal as bound
from sqlalchemy import table as sql_table

from loyalty.features.contracts import NullKind
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


def overlaid(
    columns: Mapping[str, ColumnElement[Any]],
    null_kinds: Mapping[str, str],
    *,
    key: ColumnElement[Any],
    as_of: ColumnElement[Any],
    now: datetime,
) -> dict[str, ColumnElement[Any]]:
    """Give the streaming ones of ``columns`` with the purchases since the row's own ``as_of`` in them.

    The expressions say of each row exactly what ``policy.overlay`` says of one customer.
    """
    totals = {TRANSACTION_COUNT: func.count(), TOTAL_REVENUE: func.sum(_purchases.c.amount)}
    made: dict[str, ColumnElement[Any]] = {}
    for name, total in totals.items():
        if name in columns:
            raw = columns[name]
            base = func.coalesce(raw, bound(0, raw.type)) if null_kinds.get(name) == NullKind.NONE else raw
            more = _since(func.nullif(total, 0) if name == TRANSACTION_COUNT else total, key, as_of)
            made[name] = case((more.is_(None), raw), else_=base + more)
    if LAST_PURCHASE in columns:
        last_at = _since(func.max(_purchases.c.occurred_at), key, as_of)
        days = _day(bound(now, DateTime(timezone=True))) - _day(last_at)
        made[LAST_PURCHASE] = case(
            (last_at.is_(None), columns[LAST_PURCHASE]), else_=func.greatest(days, bound(0, BigInteger()))
        )
    return made


def _day(instant: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(func.timezone("UTC", instant), Date())


def _since(total: ColumnElement[Any], key: ColumnElement[Any], as_of: ColumnElement[Any]) -> ColumnElement[Any]:
    """A total over the customer's purchases after the row's instant; NULL where there are none."""
    name = cast(key, Text())
    return (
        select(total)
        .select_from(_purchases)
        .where(
            _purchases.c.lookup == func.hashtextextended(name.concat(bound(f" {PURCHASE}", Text())), 0),
            _purchases.c.key == name,
            _purchases.c.occurred_at > as_of,
        )
        .scalar_subquery()
    )
