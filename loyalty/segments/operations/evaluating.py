"""Whom rules select: each part of a rule runs where its facts are, and the parts meet as bitmaps."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    LargeBinary,
    Uuid,
    and_,
    cast,
    column,
    func,
    literal_column,
    select,
    table,
)
from sqlalchemy import true as always

from loyalty.features import api as features
from loyalty.foundation.orm import sql
from loyalty.foundation.rules import api as rules
from loyalty.segments.contracts import Limit
from loyalty.segments.operations.scanning import scan
from loyalty.segments.policy import bitmaps
from loyalty.segments.policy.bitmaps import Bytes, Ids
from loyalty.segments.policy.planning import Plan, plan_of
from loyalty.segments.queries import world

CANDIDATES = table("segments_candidates", column("customer_id", BigInteger))
# The header and the end of PostgreSQL's binary COPY, and a row of one bigint.
COPY_HEAD, COPY_TAIL = b"PGCOPY\n\xff\r\n\0" + b"\0" * 8, b"\xff\xff"
COPY_ROW = np.dtype([("fields", ">i2"), ("length", ">i4"), ("id", ">i8")])
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


@dataclass(frozen=True, slots=True)
class Target:
    """A rule to find the customers of; ``key`` names it among others of the same call."""

    key: str
    rule: rules.Rule
    limit: Limit | None = None


@dataclass(frozen=True, slots=True)
class Selected:
    """Whom a rule selects, how many of them the platform does not know, and how old the warehouse's rows are."""

    bits: Bytes
    unknown_count: int
    as_of: datetime | None


def evaluate(
    targets: Sequence[Target], *, now: datetime, report: Callable[[str, int, int], None] = lambda *_: None
) -> dict[str, Selected]:
    """Give whom each rule selects.

    All that the warehouse can answer alone is asked in one scan for all rules; what is left of a rule is asked here, of
    those whom its other part left over.

    :raises WarehouseUnavailable: the warehouse does not answer, or answers something else than the catalogue says.
    :raises RuleNotCompilable: a rule has something that no set can answer.
    """
    here = world.warehouse_fields()
    plans = {one.key: plan_of(one.rule, here) for one in targets}
    source = features.source() if any(plan.reads_warehouse for plan in plans.values()) else None
    asked = [one for one in targets if plans[one.key].reads_warehouse]
    found: dict[str, Selected] = {}
    if source is not None:
        report("scanning", 0, len(asked))
        predicates = [pushed_predicate(plans[one.key], source, now=now) for one in asked]
        for one, scanned in zip(asked, scan(source, predicates), strict=True):
            found[one.key] = Selected(scanned.bits, scanned.unknown_count, source.reference_instant)
    for place, one in enumerate(targets):
        plan = plans[one.key]
        if plan.rest:
            report("narrowing", place, len(targets))
            before = found.get(one.key)
            bits = narrow(plan, before.bits if before else None, source, now=now)
            found[one.key] = Selected(bits, before.unknown_count if before else 0, before.as_of if before else None)
    for one in targets:
        if one.limit is not None:
            before = found[one.key]
            bits = first_of(before.bits, one.limit, source, now=now)
            found[one.key] = Selected(bits, before.unknown_count, before.as_of)
    return found


def first_of(bits: Bytes, limit: Limit, source: features.FeatureSource | None, *, now: datetime) -> Bytes:
    """Give the first so many of a set by a score; who has none comes last, ties go by the public id.

    The score's warehouse values come along for the set alone, and the order is made in the platform's database.
    """
    score = rules.check(limit.by, world.schema(), "number")
    plan = Plan((), (score,), rules.uses_fields(score) & world.warehouse_fields(), reads_warehouse=True)
    _stage(bitmaps.ids_of(bits))
    key = world.DIRECTORY.c.customer_id
    origin: Any = world.DIRECTORY.join(CANDIDATES, CANDIDATES.c.customer_id == key)
    columns: dict[str, ColumnElement[Any]] = {}
    if plan.staged_fields:
        staged = stage_fields(plan, source or features.source(), now=now)
        origin = origin.outerjoin(staged.source, staged.source.c.public_id == world.DIRECTORY.c.public_id)
        columns.update(staged.columns)
    value = rules.compile_value(score, columns, now=now, context=world.set_answers(now))
    order = value.desc().nulls_last() if limit.is_descending else value.asc().nulls_last()
    first = select(key).select_from(origin).order_by(order, world.DIRECTORY.c.public_id).limit(limit.count).subquery()
    return _bits(select(_packed(first.c.customer_id)))


def _packed(key: ColumnElement[Any]) -> ColumnElement[Any]:
    """Give all ids of a statement as one value."""
    sent = func.int8send(key, type_=LargeBinary)
    return func.string_agg(sent, literal_column("''::bytea"), type_=LargeBinary)


def _bits(statement: Any) -> Bytes:
    [(ids,)] = world.fetch_binary(statement)
    return bitmaps.of_ids(np.frombuffer(ids or b"", dtype=">i8").astype(np.int64))


def pushed_predicate(plan: Plan, source: features.FeatureSource, *, now: datetime) -> ColumnElement[bool]:
    """Give what the warehouse decides of a rule, as one condition over its columns."""
    parts = [
        rules.compile_predicate(part, source.columns, now=now, dialect_name=source.connector.dialect.name)
        for part in plan.pushed
    ]
    return and_(*parts) if parts else always()


def narrow(plan: Plan, candidates: Bytes | None, source: features.FeatureSource | None, *, now: datetime) -> Bytes:
    """Give who of the candidates (all customers where None) satisfies the rest of a rule, asked here."""
    answers = world.set_answers(now)
    columns: dict[str, ColumnElement[Any]] = {}
    origin: Any = world.DIRECTORY
    if candidates is not None:
        _stage(bitmaps.ids_of(candidates))
        origin = origin.join(CANDIDATES, CANDIDATES.c.customer_id == world.DIRECTORY.c.customer_id)
    if plan.staged_fields and source is not None:
        staged = stage_fields(plan, source, now=now)
        origin = origin.join(staged.source, staged.source.c.public_id == world.DIRECTORY.c.public_id)
        columns.update(staged.columns)
    conditions = [rules.compile_predicate(part, columns, now=now, context=answers) for part in plan.rest]
    return _bits(select(_packed(world.DIRECTORY.c.customer_id)).select_from(origin).where(and_(*conditions)))


def _stage(ids: Ids) -> None:
    """Put candidates into a temporary table of this connection."""
    sql.execute("CREATE TEMP TABLE IF NOT EXISTS segments_candidates (customer_id bigint)")
    sql.execute("TRUNCATE segments_candidates")
    rows = np.empty(ids.size, dtype=COPY_ROW)
    rows["fields"], rows["length"], rows["id"] = 1, 8, ids
    with connection.cursor() as cursor, cursor.copy("COPY segments_candidates FROM STDIN (FORMAT BINARY)") as target:
        target.write(COPY_HEAD + rows.tobytes() + COPY_TAIL)
    sql.execute("ANALYZE segments_candidates")


@dataclass(frozen=True, slots=True)
class Staged:
    """The warehouse's values that came along, as a temporary table and its columns by field name."""

    source: Any
    columns: Mapping[str, ColumnElement[Any]]


def stage_fields(plan: Plan, source: features.FeatureSource, *, now: datetime) -> Staged:
    """Copy the warehouse's values that the rest of a rule reads, of those whom its other part left over."""
    names = sorted(plan.staged_fields)
    types = {one.name: STAGED_TYPES[one.type] for one in features.list_fields()}
    own = [f"field_{place}" for place in range(len(names))]
    sql.execute("DROP TABLE IF EXISTS segments_staged")
    declared = ", ".join(f"{mine} {types[name]}" for mine, name in zip(own, names, strict=True))
    sql.execute(f"CREATE TEMP TABLE segments_staged (public_id uuid, {declared})")
    chosen = select(cast(source.key, Uuid), *(source.columns[name] for name in names)).select_from(source.table)
    with connection.cursor() as cursor, cursor.copy("COPY segments_staged FROM STDIN") as target:
        for part in source.connector.copy_text(chosen.where(pushed_predicate(plan, source, now=now))):
            target.write(part)
    sql.execute("ANALYZE segments_staged")
    kinds = {name: source.columns[name].type for name in names}
    staged = table(
        "segments_staged", column("public_id", Uuid), *(column(m, kinds[n]) for m, n in zip(own, names, strict=True))
    )
    return Staged(staged, {name: staged.c[mine] for mine, name in zip(own, names, strict=True)})
