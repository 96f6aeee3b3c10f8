"""Features from the platform's own books, through the contract views of the domains that keep them."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    FromClause,
    Numeric,
    Text,
    Uuid,
    bindparam,
    cast,
    func,
    select,
)
from sqlalchemy import column as sql_column
from sqlalchemy import literal as bound
from sqlalchemy import table as sql_table
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import TypeEngine

from loyalty.features.contracts import FieldOrigin, Origin, PlatformFacts, PlatformField, PlatformRelation
from loyalty.features.errors import PlatformFactsUnknown
from loyalty.features.registry import find_platform_facts, list_platform_facts
from loyalty.foundation.orm import sql
from loyalty.foundation.rules.contracts import FieldType

KEY = "customer_id"
TYPES: Mapping[FieldType, TypeEngine[Any]] = {
    FieldType.INTEGER: BigInteger(),
    FieldType.DECIMAL: Numeric(),
    FieldType.TEXT: Text(),
    FieldType.BOOLEAN: Boolean(),
    FieldType.DATE: Date(),
    FieldType.DATETIME: DateTime(timezone=True),
    FieldType.TEXT_LIST: ARRAY(Text()),
    FieldType.NUMBER_LIST: ARRAY(Numeric()),
}

# How PostgreSQL calls those that a document may hold.
TYPE_NAMES: Mapping[FieldType, str] = {
    FieldType.INTEGER: "bigint",
    FieldType.DECIMAL: "numeric",
    FieldType.TEXT: "text",
    FieldType.BOOLEAN: "boolean",
    FieldType.DATE: "date",
    FieldType.DATETIME: "timestamptz",
}


def fields_offered() -> dict[str, tuple[PlatformField, FieldOrigin]]:
    """Give every platform fact by its name, with the group that it belongs to."""
    return {
        one.name: (one, FieldOrigin(Origin.PLATFORM, group.group))
        for group in list_platform_facts()
        for one in group.fields
    }


def relation_of(group: str, *, now: datetime) -> PlatformRelation:
    """Give a group's relation for work in sets, as it is at ``now``.

    :raises PlatformFactsUnknown: there is no such group.
    """
    facts = _found(group)
    selectable = _selectable(facts, now)
    return _relation(facts, selectable)


def relation_beside(group: str, *, key: ColumnElement[Any], now: datetime) -> PlatformRelation:
    """Give a group's relation as one look for each row of a set, by the row's ``key``, for sets of a few thousand.

    Join it with LEFT JOIN LATERAL … ON true. What a view counts is then counted for these customers only.

    :raises PlatformFactsUnknown: there is no such group.
    """
    facts = _found(group)
    rows = _selectable(facts, now)
    return _relation(facts, select(rows).where(rows.c[KEY] == key).limit(1).lateral(f"of_{group}"))


def _found(group: str) -> PlatformFacts:
    facts = find_platform_facts(group)
    if facts is None:
        raise PlatformFactsUnknown(f"There are no platform facts called {group[:63]!r}.")
    return facts


def _relation(facts: PlatformFacts, selectable: FromClause) -> PlatformRelation:
    return PlatformRelation(
        group=facts.group,
        selectable=selectable,
        key=selectable.c[KEY],
        columns={one.name: _value(selectable.c[one.name], one) for one in facts.fields},
    )


def _selectable(facts: PlatformFacts, now: datetime) -> FromClause:
    if facts.document:
        whole = sql_table(facts.relation, sql_column(KEY, Uuid()), sql_column(facts.document, JSONB()))
        told = whole.c[facts.document]
        read = [cast(told[one.place].astext, TYPES[one.type]).label(one.name) for one in facts.fields]
        return select(whole.c[KEY], *read).subquery(f"{facts.group}_facts")
    columns = [sql_column(KEY, Uuid()), *(sql_column(one.name, TYPES[one.type]) for one in facts.fields)]
    if not facts.takes_now:
        return sql_table(facts.relation, *columns)
    at = bindparam(None, now, DateTime(timezone=True), unique=True)
    rows: FromClause = getattr(func, facts.relation)(at).table_valued(*columns, name=f"{facts.group}_facts")
    return rows


def _value(raw: ColumnElement[Any], one: PlatformField) -> ColumnElement[Any]:
    """The value, with what stands for a customer without a row."""
    return raw if one.absent is None else func.coalesce(raw, bound(one.absent, TYPES[one.type]))


@dataclass(frozen=True, slots=True)
class Facts:
    """What the books say of one customer; ``has_row`` is False when no domain holds anything of it."""

    values: Mapping[str, Any]
    has_row: bool


def ask(wanted: Sequence[uuid.UUID], fields: Collection[str], *, now: datetime) -> dict[uuid.UUID, Facts]:
    """Give the platform facts named, for every customer asked, in one statement.

    A customer of whom no domain holds anything has the values of ``absent``.
    """
    groups = tuple(group for group in list_platform_facts() if any(one.name in fields for one in group.fields))
    if not groups or not wanted:
        return {one: Facts({}, has_row=False) for one in wanted}
    text, names, absent = _statement(groups, frozenset(fields), is_single=len(wanted) == 1)
    found: dict[uuid.UUID, Facts] = {}
    parameters = {"asked": wanted[0] if len(wanted) == 1 else list(wanted), "at": now}
    for row in sql.fetch_prepared(text, {name: parameters[name] for name in parameters if f"%({name})s" in text}):
        values = {name: absent.get(name) if row[name] is None else row[name] for name in names}
        found[row["asked_id"]] = Facts(values, has_row=bool(row["has_row"]))
    return found


@lru_cache(maxsize=256)
def _statement(
    groups: tuple[PlatformFacts, ...], fields: frozenset[str], *, is_single: bool
) -> tuple[str, tuple[str, ...], Mapping[str, object]]:
    """Every customer asked, with each group beside it; LATERAL, so that a view is opened for these customers only.

    Written as text and kept, because every single decision goes through it; the registry takes plain names only. One
    customer is no list of one: of a list the server plans anew each time, which takes longer than the answer.
    """
    columns: dict[str, str] = {}
    absent: dict[str, object] = {}
    joins: list[str] = []
    for facts in groups:
        chosen = [one for one in facts.fields if one.name in fields]
        relation = f"{facts.relation}(%(at)s::timestamptz)" if facts.takes_now else facts.relation
        told = ", ".join((f"f.{KEY}", *(_read(facts, one) for one in chosen)))
        of_one = f"SELECT {told} FROM {relation} f WHERE f.{KEY} = asked.{KEY} LIMIT 1"  # noqa: S608 - plain names
        joins.append(f"LEFT JOIN LATERAL ({of_one}) of_{facts.group} ON true")
        columns.update({one.name: f"of_{facts.group}.{one.name}" for one in chosen})
        absent.update({one.name: one.absent for one in chosen if one.absent is not None})
    has_row = " OR ".join(f"of_{facts.group}.{KEY} IS NOT NULL" for facts in groups)
    text = (
        f"SELECT asked.{KEY} AS asked_id, {has_row} AS has_row, {', '.join(columns.values())} "  # noqa: S608 - plain names
        f"FROM {'(SELECT %(asked)s::uuid)' if is_single else 'unnest(%(asked)s::uuid[])'} AS asked ({KEY}) "
        f"{' '.join(joins)}"
    )
    return text, tuple(columns), absent


def _read(facts: PlatformFacts, one: PlatformField) -> str:
    """How a field is read of a row of its group."""
    if not facts.document:
        return f"f.{one.name}"
    return f"(f.{facts.document} ->> '{one.place}')::{TYPE_NAMES[one.type]} AS {one.name}"
