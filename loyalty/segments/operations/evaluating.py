"""Whom rules select: each part of a rule runs where its facts are, and the parts meet as bitmaps."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, LargeBinary, and_, func, literal_column, select
from sqlalchemy import true as always

from loyalty.features import api as features
from loyalty.foundation.orm import sql
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.foundation.rules import api as rules
from loyalty.segments.contracts import Limit
from loyalty.segments.operations.scanning import scan
from loyalty.segments.operations.staging import CANDIDATES, FRESHNESS_COLUMN, stage, stage_candidates
from loyalty.segments.policy import bitmaps
from loyalty.segments.policy.bitmaps import Bytes
from loyalty.segments.policy.planning import Plan, plan_of
from loyalty.segments.queries import world

KEY = world.DIRECTORY.c.customer_id
# Up to here a look along the index for each customer is cheaper than counting everybody's events.
ONE_BY_ONE_MAX = 20_000
Columns = Mapping[str, ColumnElement[Any]]


@dataclass(frozen=True, slots=True)
class Target:
    """A rule to find the customers of; ``key`` names it among others of the same call.

    With ``newer_than`` and ``members`` only customers whose features are newer are asked for, the others stay.
    """

    key: str
    rule: rules.Rule
    limit: Limit | None = None
    newer_than: datetime | None = None
    members: Bytes | None = None


@dataclass(frozen=True, slots=True)
class Selected:
    """Whom a rule selects, how many of them the platform does not know, and how old the warehouse's rows are."""

    bits: Bytes
    unknown_count: int
    as_of: datetime | None
    is_increment: bool = False


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
    asked = [one for one in targets if plans[one.key].reads_warehouse]
    source = features.source() if asked else None
    found: dict[str, Selected] = {}
    streaming: list[uuid.UUID] = []
    if source is not None:
        report("scanning", 0, len(asked))
        found = _scan(asked, plans, source, now=now)
        maybe_fail("segments.scanned")
        reading = [plans[one.key] for one in asked if _reads_streaming(plans[one.key])]
        streaming = streaming_customers(reading[0], source) if reading else []
    if source is not None and streaming:
        found |= _with_purchases({name: plans[name] for name in found}, found, source, streaming, now=now)
    for place, one in enumerate(targets):
        report("narrowing", place, len(targets))
        plan, before = plans[one.key], found.get(one.key, Selected(bitmaps.empty(0), 0, None))
        if plan.rest or not plan.reads_warehouse:
            candidates = before.bits if plan.reads_warehouse else None
            before = replace(before, bits=narrow(plan, candidates, source, streaming, now=now))
        if one.limit is not None:
            before = replace(before, bits=first_of(before.bits, one.limit, source, streaming, now=now))
        found[one.key] = before
    return found


def _scan(
    asked: Sequence[Target], plans: Mapping[str, Plan], source: features.FeatureSource, *, now: datetime
) -> dict[str, Selected]:
    """Ask the warehouse for all rules in one scan; of those for newer rows alone, also whose rows are newer."""
    newer = {one.key: _newer(one, plans[one.key], source) for one in asked}
    predicates: list[ColumnElement[bool]] = []
    for one in asked:
        chosen, is_newer = pushed_predicate(plans[one.key], source, now=now), newer[one.key]
        predicates += [chosen] if is_newer is None else [and_(is_newer, chosen), is_newer]
    scanned = iter(scan(source, predicates))
    found: dict[str, Selected] = {}
    for one in asked:
        first, changed = next(scanned), next(scanned) if newer[one.key] is not None else None
        bits, is_increment = first.bits, False
        if changed is not None and one.members is not None:
            old, matched, looked_at = bitmaps.alike(one.members, first.bits, changed.bits)
            bits, is_increment = (old & ~looked_at) | matched, True
        found[one.key] = Selected(bits, first.unknown_count, source.reference_instant, is_increment)
    return found


def _newer(target: Target, plan: Plan, source: features.FeatureSource) -> ColumnElement[bool] | None:
    """Give the condition of rows that are newer, where that is enough: the warehouse decides all and tells its age."""
    freshness = source.columns.get(FRESHNESS_COLUMN)
    if target.newer_than is None or target.members is None or plan.rest or freshness is None:
        return None
    return freshness > target.newer_than


def _reads_streaming(plan: Plan) -> bool:
    """Tell whether the warehouse's part of a rule reads what purchases change at once."""
    origins = features.field_origins()
    names = {name for part in plan.pushed for name in rules.uses_fields(part)} | plan.staged_fields
    return any(origins[name].is_streaming for name in names if name in origins)


def streaming_customers(plan: Plan, source: features.FeatureSource) -> list[uuid.UUID]:
    """Give the customers of whom the warehouse's values are not all, where the rule reads such values."""
    if not _reads_streaming(plan):
        return []
    return [row["customer_id"] for row in world.fetch_rows(features.streaming_customers(source))]


def pushed_predicate(plan: Plan, source: features.FeatureSource, *, now: datetime) -> ColumnElement[bool]:
    """Give what the warehouse decides of a rule, as one condition over its columns."""
    parts = [
        rules.compile_predicate(part, source.columns, now=now, dialect_name=source.connector.dialect.name)
        for part in plan.pushed
    ]
    return and_(*parts) if parts else always()


def _with_purchases(
    plans: Mapping[str, Plan],
    found: Mapping[str, Selected],
    source: features.FeatureSource,
    streaming: Sequence[uuid.UUID],
    *,
    now: datetime,
) -> dict[str, Selected]:
    """Decide those anew who bought something that the warehouse does not know yet, with it in their values.

    Their rows come along once for all rules that read such values.
    """
    reading = {key: plan for key, plan in plans.items() if _reads_streaming(plan)}
    parts = [part for plan in reading.values() for part in plan.pushed]
    staged = stage(source, {name for part in parts for name in rules.uses_fields(part)})
    staged.copy_keys(streaming)
    columns = staged.columns(now=now)
    origin = world.DIRECTORY.join(staged.relation, staged.relation.c.public_id == world.DIRECTORY.c.public_id)
    ids = sql.fetch_all("SELECT customer_id FROM customers_directory WHERE public_id = ANY(%s::uuid[])", [streaming])
    bought = bitmaps.of_ids(np.array([row["customer_id"] for row in ids], dtype=np.int64))
    decided: dict[str, Selected] = {}
    for key, plan in reading.items():
        conditions = [rules.compile_predicate(part, columns, now=now) for part in plan.pushed]
        anew = _bits(select(_packed(KEY)).select_from(origin).where(and_(always(), *conditions)))
        before, again, asked = bitmaps.alike(found[key].bits, anew, bought)
        decided[key] = replace(found[key], bits=(before & ~asked) | again)
    return decided


def narrow(
    plan: Plan,
    candidates: Bytes | None,
    source: features.FeatureSource | None,
    streaming: Sequence[uuid.UUID],
    *,
    now: datetime,
) -> Bytes:
    """Give who of the candidates (all customers where None) satisfies the rest of a rule, asked here."""
    origin: Any = world.DIRECTORY
    if candidates is not None:
        stage_candidates(bitmaps.ids_of(candidates))
        origin = origin.join(CANDIDATES, CANDIDATES.c.customer_id == KEY)
    names = {name for part in plan.rest for name in rules.uses_fields(part)}
    origin, columns = with_values(origin, names, plan, source, streaming, now=now)
    answers = world.set_answers(is_for_most=candidates is None or bitmaps.count(candidates) > ONE_BY_ONE_MAX)
    conditions = [rules.compile_predicate(part, columns, now=now, context=answers) for part in plan.rest]
    origin = answers.history.joined(origin)
    return _bits(select(_packed(KEY)).select_from(origin).where(and_(always(), *conditions)))


def with_values(
    origin: Any,
    names: set[str],
    plan: Plan,
    source: features.FeatureSource | None,
    streaming: Sequence[uuid.UUID],
    *,
    now: datetime,
) -> tuple[Any, Columns]:
    """Join what a rule reads: the platform's own facts, and values of the warehouse, which come along first."""
    columns: dict[str, ColumnElement[Any]] = {}
    origins = features.field_origins()
    for group in sorted({origins[name].group for name in names if name in origins and origins[name].group}):
        relation = features.platform_relation(group, now=now)
        origin = origin.outerjoin(relation.selectable, relation.key == world.DIRECTORY.c.public_id)
        columns.update(relation.columns)
    if plan.staged_fields:
        source = source or features.source()
        staged = stage(source, plan.staged_fields)
        staged.copy(pushed_predicate(plan, source, now=now))
        if streaming:
            staged.copy_keys(streaming)
        origin = origin.outerjoin(staged.relation, staged.relation.c.public_id == world.DIRECTORY.c.public_id)
        columns.update(staged.columns(now=now))
    return origin, columns


def first_of(
    bits: Bytes,
    limit: Limit,
    source: features.FeatureSource | None,
    streaming: Sequence[uuid.UUID],
    *,
    now: datetime,
) -> Bytes:
    """Give the first so many of a set by a score; who has none comes last, ties go by the public id."""
    score = rules.check(limit.by, world.schema(), "number")
    read = rules.uses_fields(score)
    plan = Plan((), (score,), read & world.warehouse_fields(), reads_warehouse=True)
    stage_candidates(bitmaps.ids_of(bits))
    origin: Any = world.DIRECTORY.join(CANDIDATES, CANDIDATES.c.customer_id == KEY)
    origin, columns = with_values(origin, set(read), plan, source, streaming, now=now)
    answers = world.set_answers(is_for_most=bitmaps.count(bits) > ONE_BY_ONE_MAX)
    value = rules.compile_value(score, columns, now=now, context=answers)
    origin = answers.history.joined(origin)
    order = value.desc().nulls_last() if limit.is_descending else value.asc().nulls_last()
    first = select(KEY).select_from(origin).order_by(order, world.DIRECTORY.c.public_id).limit(limit.count).subquery()
    return _bits(select(_packed(first.c.customer_id)))


def _packed(key: ColumnElement[Any]) -> ColumnElement[Any]:
    """Give all ids of a statement as one value."""
    sent = func.int8send(key, type_=LargeBinary)
    return func.string_agg(sent, literal_column("''::bytea"), type_=LargeBinary)


def _bits(statement: Any) -> Bytes:
    [(ids,)] = world.fetch_binary(statement)
    return bitmaps.of_ids(np.frombuffer(ids or b"", dtype=">i8").astype(np.int64))
