"""A condition asked of many at once: one statement over their rows gives who answers yes, no, and not known.

SQL's own three values are Kleene's logic, so that ``and``, ``or`` and ``!`` stand as they are; a leaf is NULL where a
fact that it needs is missing. What the platform keeps is read where it lies: its own facts, segments, events, buckets,
what was brought along. What a warehouse or the BSS knows is fetched once for a batch, as for one customer, so that
cache and precedence count alike, and comes along as rows.
"""

import math
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import DataError, transaction
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    FromClause,
    String,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    column,
    false,
    func,
    not_,
    null,
    or_,
    select,
    table,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from loyalty.features import api as features
from loyalty.foundation.kernel.exact_json import dumps_exact
from loyalty.foundation.orm import sql, statements
from loyalty.foundation.rules import api as rules
from loyalty.foundation.rules.contracts import FieldType
from loyalty.journeys.operations.reading import Sql, Test, read
from loyalty.journeys.policy.conditions import CONTEXT_PREFIX, EVENT_PREFIX, Condition, Part

EXECUTION = table("journeys_execution", column("id", Uuid), column("customer_id", BigInteger))
DIRECTORY = table("customers_directory", column("customer_id", BigInteger), column("public_id", Uuid))
CONTEXT = table("journeys_context", column("execution_id", Uuid), column("data", JSONB))
SEGMENTS = table("segments_directory", column("segment_id", BigInteger), column("public_id", Uuid))
CUSTOMERS_OF = """
    SELECT DISTINCT d.public_id FROM journeys_execution x JOIN customers_directory d ON d.customer_id = x.customer_id
    WHERE x.id = ANY (%s::uuid[])
"""
# Features of the sources are fetched for so many at once; what is all in the database is asked of more.
FETCHED_MAX, ASKED_MAX = features.CUSTOMERS_MAX, 10_000
GONE, DOUBTFUL = "gone", "doubtful"
ANSWERS: Mapping[str, bool | None] = {"yes": True, "no": False, "unknown": None}
# What a value of each type is in Python; another one is in doubt and goes to the interpreter.
KINDS: Mapping[FieldType, type | tuple[type, ...]] = {
    FieldType.INTEGER: int,
    FieldType.DECIMAL: (int, Decimal, float),
    FieldType.TEXT: str,
    FieldType.BOOLEAN: bool,
    FieldType.DATE: date,
    FieldType.DATETIME: datetime,
    FieldType.TEXT_LIST: (list, tuple),
    FieldType.NUMBER_LIST: (list, tuple),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """A condition as SQL: the statement, and the fields of the sources that are fetched for it."""

    text: str
    values: Mapping[str, Any]
    fetched: tuple[rules.Field, ...]

    @property
    def limit(self) -> int:
        """Of how many it is asked in one statement."""
        return FETCHED_MAX if self.fetched else ASKED_MAX


@dataclass(frozen=True, slots=True)
class Found:
    """Whom a statement answered for; ``doubtful`` are to be asked alone, ``gone`` are nobody's customers any more."""

    answers: Mapping[bool | None, list[uuid.UUID]]
    doubtful: list[uuid.UUID]
    gone: list[uuid.UUID]


class Answers(features.SetHistory):
    """Answers for the customer in the row at hand (``rules.SetContext``)."""

    def customer_key(self) -> ColumnElement[str]:
        """The public id as text."""
        return cast(self.key, String)

    def is_member(self, segment_id: str) -> ColumnElement[bool]:
        """Whether the customer is in the segment: a look at one bit."""
        named = SEGMENTS.alias()
        inside = func.segments_contains(named.c.segment_id, DIRECTORY.c.customer_id, type_=Boolean())
        found = select(named.c.segment_id).where(named.c.public_id == uuid.UUID(segment_id), inside)
        return found.correlate_except(named).exists()


def plan_of(condition: Condition, *, now: datetime) -> Plan | None:
    """Give a condition as SQL; None where a part of it has no exact form there."""
    try:
        return _planned(condition, now)
    except (rules.RuleNotCompilable, LookupError, ValueError):
        return None


def ask(plan: Plan, ids: Sequence[uuid.UUID], *, now: datetime) -> Found:
    """Ask a condition of up to ``plan.limit`` people; all are doubtful where the database cannot hold a value."""
    values = {**plan.values, "ids": list(ids)}
    if plan.fetched:
        customers = [row["public_id"] for row in sql.fetch_all(CUSTOMERS_OF, [list(ids)])]
        values["told"] = dumps_exact(_told(plan, customers, now)).decode()
    try:
        with transaction.atomic():
            rows = statements.fetch_rows(plan.text, values)
    except DataError:
        return Found(dict.fromkeys(ANSWERS.values(), []), list(ids), [])
    found: dict[str, list[uuid.UUID]] = {str(verdict): list(some) for verdict, some in rows}
    return Found(
        {answer: found.get(name, []) for name, answer in ANSWERS.items()}, found.get(DOUBTFUL, []), found.get(GONE, [])
    )


def _told(plan: Plan, customers: Sequence[uuid.UUID], now: datetime) -> list[dict[str, Any]]:
    """Fetch what the sources know of customers, as rows."""
    names = frozenset(one.name for one in plan.fetched)
    told = features.list_feature_sets(customers, now=now, fields=names)
    rows: list[dict[str, Any]] = []
    for customer, known in told.items():
        row: dict[str, Any] = {"customer_id": customer, "is_odd": False}
        for place, one in enumerate(plan.fetched):
            value = known.values.get(one.name)
            if _fits(value, one.type):
                row[f"field_{place}"] = value
            else:
                row["is_odd"] = True
        rows.append(row)
    return rows


def _fits(value: Any, kind: FieldType) -> bool:
    if value is None:
        return True
    if isinstance(value, bool) != (kind is FieldType.BOOLEAN) or not isinstance(value, KINDS[kind]):
        return False
    if kind is FieldType.DATE and isinstance(value, datetime):
        return False
    return not isinstance(value, float) or math.isfinite(value)


def _planned(condition: Condition, now: datetime) -> Plan:
    fields = {one.name: one for part in _leaves(condition.root) for one in _fields_of(part)}
    brought = {name for name in fields if name.startswith((EVENT_PREFIX, CONTEXT_PREFIX))}
    origins = features.field_origins()
    groups = sorted({origins[name].group for name in fields if name not in brought} - {""})
    fetched = tuple(one for name, one in sorted(fields.items()) if name not in brought and not origins[name].group)
    columns: dict[str, Sql] = {}
    doubts: list[Test] = []
    for name in sorted(brought):
        told = read(CONTEXT.c.data, name, fields[name].type)
        columns[name] = told.value
        doubts.append(told.is_doubtful)
    origin = _people()
    for group in groups:
        relation = features.platform_relation_beside(group, key=DIRECTORY.c.public_id, now=now)
        origin = origin.outerjoin(relation.selectable, true())
        columns |= relation.columns
    if fetched:
        rows = _rows(fetched)
        origin = origin.outerjoin(rows, rows.c.customer_id == DIRECTORY.c.public_id)
        columns |= {one.name: rows.c[f"field_{place}"] for place, one in enumerate(fetched)}
        doubts.append(func.coalesce(rows.c.is_odd, true(), type_=Boolean()))
    answer = _answer(condition.root, columns, now, Answers(DIRECTORY.c.public_id))
    verdict = case(
        (DIRECTORY.c.customer_id.is_(null()), GONE),
        (func.coalesce(or_(false(), *doubts), false(), type_=Boolean()), DOUBTFUL),
        else_=case({True: "yes", False: "no"}, value=answer, else_="unknown"),
    )
    asked = select(EXECUTION.c.id, verdict.label("verdict")).select_from(origin).subquery("asked")
    grouped = select(asked.c.verdict, func.array_agg(asked.c.id)).group_by(asked.c.verdict)
    text, values = statements.compiled(grouped)
    return Plan(text, values, fetched)


def _people() -> FromClause:
    """The rows of those who are asked, with their customers and contexts."""
    asked = func.unnest(bindparam("ids", None, ARRAY(Uuid()))).table_valued(Column("id", Uuid()), name="u")
    ids = asked.render_derived()
    return (
        ids.join(EXECUTION, EXECUTION.c.id == ids.c.id)
        .outerjoin(DIRECTORY, DIRECTORY.c.customer_id == EXECUTION.c.customer_id)
        .outerjoin(CONTEXT, CONTEXT.c.execution_id == EXECUTION.c.id)
    )


def _rows(fetched: Sequence[rules.Field]) -> FromClause:
    """What was fetched, one row for each customer."""
    columns: list[Column[Any]] = [Column("customer_id", Uuid()), Column("is_odd", Boolean())]
    columns += [Column(f"field_{place}", rules.SQL_TYPES[one.type]) for place, one in enumerate(fetched)]
    told = func.jsonb_to_recordset(cast(bindparam("told", None, Text()), JSONB()))
    return told.table_valued(*columns, name="told").render_derived(with_types=True)


def _leaves(part: Part) -> Iterator[Part]:
    if part.operator == "leaf":
        yield part
    for one in part.parts:
        yield from _leaves(one)


def _fields_of(leaf: Part) -> Iterator[rules.Field]:
    if leaf.rule is None or leaf.rule.schema is None:
        raise LookupError("a leaf without a rule")
    for name in rules.uses_fields(leaf.rule):
        yield leaf.rule.schema.by_name[name]


def _answer(part: Part, columns: Mapping[str, Sql], now: datetime, context: Answers) -> Test:
    """Give a part as true, false, or NULL where it is not known."""
    if part.operator != "leaf":
        inner = [_answer(one, columns, now, context) for one in part.parts]
        return not_(inner[0]) if part.operator == "not" else (and_ if part.operator == "and" else or_)(*inner)
    assert part.rule is not None  # or it would have had no fields
    truth = func.coalesce(
        rules.compile_predicate(part.rule, columns, now=now, context=context), false(), type_=Boolean()
    )
    missing = [columns[name].is_(null()) for name in sorted(part.needs)]
    return case((or_(*missing), cast(null(), Boolean())), else_=truth) if missing else truth
