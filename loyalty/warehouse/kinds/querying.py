"""A custom query as a relation: typed binds, discovered columns, and what it is good for."""

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    TextualSelect,
    any_,
    bindparam,
    column,
    literal,
    select,
    text,
    types,
    union_all,
)

from loyalty.warehouse.contracts import CustomQuery

# Other colons of the statement are escaped, so this finds the parameter and nothing inside a text.
_START_DATE = re.compile(r"(?<!\\):start_date\b")


@dataclass(frozen=True, slots=True)
class DiscoveredColumn:
    """A column that a query gives."""

    name: str
    type: types.TypeEngine[Any]


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a warehouse says of a query: its columns, and the type in which it wants ``:customer_id``."""

    columns: tuple[DiscoveredColumn, ...]
    customer_id_type: types.TypeEngine[Any]


@dataclass(frozen=True, slots=True)
class Discovered:
    """A discovery, and whether the query gives all customers when ``:customer_id`` is NULL."""

    discovery: Discovery
    serves_sets: bool


def relation_of(
    name: str,
    query: CustomQuery,
    discovery: Discovery,
    *,
    start_date: str,
    customer_ids: Sequence[object] = (None,),
) -> FromClause:
    """Give the query as a relation, once for each customer id; None stands for all customers.

    :param start_date: the SQL that ``:start_date`` stands for, written by the connector.
    """
    statement = _START_DATE.sub(lambda _: start_date, query.statement)
    parts = [
        _bound(statement, query, discovery, customer_id).subquery(
            name if len(customer_ids) == 1 else f"{name}_{number}"
        )
        for number, customer_id in enumerate(customer_ids)
    ]
    return parts[0] if len(parts) == 1 else union_all(*(select(part) for part in parts)).subquery(name)


def _bound(statement: str, query: CustomQuery, discovery: Discovery, customer_id: object) -> TextualSelect:
    """Give the query with the customer's id bound; it is never written into the text."""
    clause = text(statement)
    if "customer_id" in query.parameters:
        key_type = discovery.customer_id_type
        value = None if customer_id is None else key_values(key_type, [customer_id])[0]
        clause = clause.bindparams(bindparam("customer_id", value, type_=key_type, unique=True))
    return clause.columns(*(column(one.name, one.type) for one in discovery.columns))


def key_values(key_type: types.TypeEngine[Any], customer_ids: Sequence[object]) -> list[object]:
    """Give customers' ids in the form in which a warehouse keeps them: as ids, as texts or as 16 bytes."""
    if isinstance(key_type, types.Uuid):
        return list(customer_ids)
    if isinstance(key_type, types.LargeBinary):
        return [uuid.UUID(str(one)).bytes for one in customer_ids]
    return [str(one) for one in customer_ids]


def is_among(key: ColumnElement[Any], customer_ids: Sequence[object], *, dialect_name: str) -> ColumnElement[bool]:
    """Give the condition that a row is of one of these customers.

    PostgreSQL gets them as one array: thousands of single values cost the driver more than the answer.
    """
    values = key_values(key.type, customer_ids)
    if dialect_name == "postgresql":
        return key == any_(literal(values, ARRAY(key.type)))
    return key.in_(values)
