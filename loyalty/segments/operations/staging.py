"""Values of the warehouse that come along into the platform's database, in temporary tables of one connection."""

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection
from sqlalchemy import BigInteger, ColumnElement, DateTime, Numeric, Uuid, column, null, select, table
from sqlalchemy.types import TypeEngine

from loyalty.features import api as features
from loyalty.foundation.orm import sql, statements
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.foundation.rules import api as rules
from loyalty.segments.policy.bitmaps import Ids
from loyalty.warehouse import api as warehouse

CANDIDATES = table("segments_candidates", column("customer_id", BigInteger))
FRESHNESS_COLUMN = "updated_at"
# Customers asked for by name in one statement of the warehouse.
KEYS_MAX = 5_000
# The header and the end of PostgreSQL's binary COPY, and a row of one bigint.
COPY_HEAD, COPY_TAIL = b"PGCOPY\n\xff\r\n\0" + b"\0" * 8, b"\xff\xff"
COPY_ROW = np.dtype([("fields", ">i2"), ("length", ">i4"), ("id", ">i8")])
# What the customer of a staged row bought since it was computed: written once beside the row, because a rule may read
# each of them several times.
BOUGHT_COLUMNS: Mapping[str, TypeEngine[Any]] = {
    "bought_number": BigInteger(),
    "bought_amount": Numeric(),
    "bought_last_at": DateTime(timezone=True),
}
BOUGHT_DECLARED = "bought_number bigint, bought_amount numeric, bought_last_at timestamptz"
COPY_IN = "COPY segments_staged (public_id, as_of{fields}) FROM STDIN"
BOUGHT = """
    UPDATE segments_staged s
    SET bought_number = b.number, bought_amount = b.amount, bought_last_at = b.last_at
    FROM ({found}) b WHERE b.customer_id = s.public_id
"""
# What a staged value of the warehouse becomes here.
STAGED_TYPES: Mapping[rules.FieldType, str] = {
    rules.FieldType.INTEGER: "bigint",
    rules.FieldType.DECIMAL: "numeric",
    rules.FieldType.TEXT: "text",
    rules.FieldType.BOOLEAN: "boolean",
    rules.FieldType.DATE: "date",
    rules.FieldType.DATETIME: "timestamptz",
    rules.FieldType.TEXT_LIST: "text[]",
    rules.FieldType.NUMBER_LIST: "numeric[]",
}


def stage_candidates(ids: Ids) -> None:
    """Put customers into the table ``segments_candidates``."""
    sql.execute("CREATE TEMP TABLE IF NOT EXISTS segments_candidates (customer_id bigint)")
    sql.execute("TRUNCATE segments_candidates")
    rows = np.empty(ids.size, dtype=COPY_ROW)
    rows["fields"], rows["length"], rows["id"] = 1, 8, ids
    with connection.cursor() as cursor, cursor.copy("COPY segments_candidates FROM STDIN (FORMAT BINARY)") as target:
        target.write(COPY_HEAD + rows.tobytes() + COPY_TAIL)
    sql.execute("ANALYZE segments_candidates")
    maybe_fail("segments.staged")


@dataclass(frozen=True, slots=True)
class Stage:
    """The table ``segments_staged``: the customer's public id, how old the row is, and one column for each field."""

    source: features.FeatureSource
    names: tuple[str, ...]
    relation: Any

    def copy(self, condition: ColumnElement[bool]) -> None:
        """Take the rows along that satisfy a condition."""
        as_of = self.source.columns.get(FRESHNESS_COLUMN, null())
        values = [self.source.columns[name] for name in self.names]
        key = warehouse.as_uuid(self.source.key, dialect_name=self.source.connector.dialect.name)
        chosen = select(key, as_of, *values).select_from(self.source.table).where(condition)
        with connection.cursor() as cursor, cursor.copy(COPY_IN.format(fields=_listed(len(self.names)))) as target:
            for part in self.source.connector.copy_text(chosen):
                target.write(part)

    def copy_keys(self, keys: Sequence[uuid.UUID]) -> None:
        """Take the rows of these customers along, in place of what is there of them."""
        sql.execute("DELETE FROM segments_staged WHERE public_id = ANY(%s::uuid[])", [list(keys)])
        for some in _parts(keys):
            self.copy(warehouse.is_among(self.source.key, some, dialect_name=self.source.connector.dialect.name))

    def columns(self, *, now: datetime) -> dict[str, ColumnElement[Any]]:
        """Give the columns by field name; purchases that the warehouse does not know yet are in them."""
        sql.execute("ANALYZE segments_staged")
        own = {name: self.relation.c[f"field_{place}"] for place, name in enumerate(self.names)}
        origins = features.field_origins()
        if not any(origins[name].is_streaming for name in self.names if name in origins):
            return own
        key, as_of = self.relation.c.public_id, self.relation.c.as_of
        found = features.streaming_purchases(self.source, self.relation, key=key, as_of=as_of)
        text, values = statements.compiled(found)
        sql.execute(BOUGHT.format(found=text), values)
        bought = features.BoughtColumns(*(self.relation.c[name] for name in BOUGHT_COLUMNS))
        return {**own, **features.streaming_columns(own, bought=bought, now=now)}


def _listed(count: int, kinds: Sequence[str] = ()) -> str:
    """Give the names of so many fields, each after a comma, with their types where those are given."""
    names = [f"field_{place}" for place in range(count)]
    return "".join(f", {name} {kind}" for name, kind in zip(names, kinds or [""] * count, strict=True))


def _parts(keys: Sequence[uuid.UUID]) -> Iterator[Sequence[uuid.UUID]]:
    for start in range(0, len(keys), KEYS_MAX):
        yield keys[start : start + KEYS_MAX]


def stage(source: features.FeatureSource, names: Collection[str]) -> Stage:
    """Make the table for these fields of the warehouse, empty."""
    ordered = tuple(sorted(names))
    types = {one.name: STAGED_TYPES[one.type] for one in features.list_fields()}
    declared = _listed(len(ordered), [types[name] for name in ordered])
    sql.execute("DROP TABLE IF EXISTS segments_staged")
    sql.execute(f"CREATE TEMP TABLE segments_staged (public_id uuid, as_of timestamptz{declared}, {BOUGHT_DECLARED})")
    fields = (column(f"field_{place}", source.columns[name].type) for place, name in enumerate(ordered))
    bought = (column(name, kind) for name, kind in BOUGHT_COLUMNS.items())
    own = (column("public_id", Uuid), column("as_of", DateTime(timezone=True)))
    relation = table("segments_staged", *own, *fields, *bought)
    return Stage(source, ordered, relation)
