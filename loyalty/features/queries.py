"""Reads of features: the catalogue and the policy as they stand, and the set-based sources."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet
from sqlalchemy import ColumnElement, FromClause, Select, func, select

from loyalty.customers import api as customers
from loyalty.features.contracts import (
    BoughtColumns,
    DataSource,
    FeatureSource,
    FieldView,
    MergeStrategy,
    Origin,
    PlatformRelation,
    SourceHealth,
    StorePolicy,
)
from loyalty.features.kinds import dwh, platform, streaming
from loyalty.features.models import CatalogueField, StoreState
from loyalty.features.policy import STREAMING
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.rules.contracts import FieldType
from loyalty.warehouse import api as warehouse

# What a text column holds is told from so many of its rows: enough to know every value that matters, and no scan of
# ten million rows while somebody writes a rule.
VALUES_SAMPLE_ROWS = 100_000
VALUES_MAX = 50
# A table without updated_at tells nothing of its age.
UNKNOWN_AGE = datetime(2000, 1, 1, tzinfo=UTC)


def fields_present() -> QuerySet[CatalogueField]:
    """Give the fields that their source still has, by name."""
    return CatalogueField.objects.filter(is_available=True).order_by("category", "label", "name")


def view_of(one: CatalogueField) -> FieldView:
    """Give a field as other domains see it."""
    is_dwh = one.data_source == Origin.DWH
    return FieldView(
        id=one.public_id,
        name=one.name,
        type=FieldType(one.type),
        label=one.label,
        unit=one.unit,
        category=one.category,
        description=one.description,
        data_source=one.data_source,
        is_nullable=one.is_nullable,
        freshness=one.freshness,
        null_kind=one.null_kind,
        null_meaning=one.null_meaning,
        precedence=one.precedence,
        group=one.group,
        is_live=one.data_source == Origin.PLATFORM,
        # Without a reference instant nobody could say which purchases are in the warehouse's value already.
        is_streaming=one.name in STREAMING and is_dwh and one.freshness is not None,
    )


def state() -> StoreState:
    """Give the store's one row, or what it would be before anything was written."""
    return StoreState.objects.filter(pk=1).first() or StoreState(version=0)


def get_policy() -> StorePolicy:
    """Give how features are collected: as the section ``feature-store`` of the configuration says."""
    section = configuration.read("feature-store")
    return StorePolicy(
        data_source=DataSource(section["data_source"]),
        merge_strategy=MergeStrategy(section["merge_strategy"]),
        cache_seconds=section["cache_seconds"],
        stale_seconds=section["stale_seconds"],
        version=section.version,
        updated_at=section.changed_at,
    )


def source() -> FeatureSource:
    """Give the features table for work in sets.

    :raises WarehouseUnavailable: the warehouse does not answer, or has no such table.
    """
    table = dwh.features_table()
    held = state()
    return FeatureSource(
        table=table,
        key=table.c[warehouse.KEY_COLUMN],
        columns={str(column.name): column for column in table.columns},
        connector=warehouse.connector(),
        reference_instant=held.reference_instant or UNKNOWN_AGE,
        oldest_instant=held.oldest_instant,
        row_count=held.row_count,
    )


def list_values(name: str, *, search: str = "") -> list[tuple[str, int]]:
    """List what a text column of the warehouse holds, with the number of rows in a sample, the most frequent first.

    At most ``VALUES_MAX`` values from ``VALUES_SAMPLE_ROWS`` rows; a field that is no text column has none.

    :param search: only values with this in them, without regard to case.
    :raises WarehouseUnavailable: the warehouse does not answer.
    """
    if not fields_present().filter(name=name, type=FieldType.TEXT.value, data_source=Origin.DWH.value).exists():
        return []
    asked = source()
    column = asked.columns[name]
    rows = select(column.label("value")).select_from(asked.table).where(column.is_not(None))
    if search:
        rows = rows.where(column.icontains(search, autoescape=True))
    sample = rows.limit(VALUES_SAMPLE_ROWS).subquery()
    counted = (
        select(sample.c.value, func.count().label("rows"))
        .group_by(sample.c.value)
        .order_by(func.count().desc(), sample.c.value)
        .limit(VALUES_MAX)
    )
    return [(str(row[0]), int(row[1])) for row in asked.connector.fetch_all(counted, limit=VALUES_MAX)]


def find_row_count() -> int | None:
    """Find how many rows the warehouse had when it was last seen to have younger ones; None when nobody knows."""
    return state().row_count


def platform_relation(group: str, *, now: datetime) -> PlatformRelation:
    """Give a group of platform facts for work in sets, as it is at ``now``.

    :raises PlatformFactsUnknown: there is no such group.
    """
    return platform.relation_of(group, now=now)


def platform_relation_beside(group: str, *, key: ColumnElement[Any], now: datetime) -> PlatformRelation:
    """Give a group of platform facts as one look for each row of a set, for LEFT JOIN LATERAL … ON true.

    :param key: the public id of the customer in the row at hand.
    :raises PlatformFactsUnknown: there is no such group.
    """
    return platform.relation_beside(group, key=key, now=now)


def streaming_customers(of: FeatureSource) -> Select[Any]:
    """Select, in the platform's database, the customers of whom the warehouse's streaming values are not all.

    A superset: of each, ``streaming_purchases`` counts what is newer than the row's own instant. Without a reference
    instant it selects nobody.
    """
    return streaming.customers_since(of.oldest_instant or datetime.max.replace(tzinfo=UTC))


def streaming_purchases(
    of: FeatureSource, rows: FromClause, *, key: ColumnElement[Any], as_of: ColumnElement[Any]
) -> Select[Any]:
    """Select, in the platform's database, what customers bought that the warehouse's rows do not tell of yet.

    :param rows: a relation of the platform's database with rows of the warehouse, ``as_of`` being their ``updated_at``;
        of a row where that is NULL nothing is selected.
    """
    oldest = of.oldest_instant or datetime.max.replace(tzinfo=UTC)
    return streaming.purchases_of(rows, key=key, as_of=as_of, oldest=oldest)


def streaming_columns(
    columns: Mapping[str, ColumnElement[Any]], *, bought: BoughtColumns, now: datetime
) -> dict[str, ColumnElement[Any]]:
    """Give those of ``columns`` that purchases change at once, with what ``streaming_purchases`` found in them."""
    null_kinds = dict(fields_present().filter(name__in=STREAMING).values_list("name", "null_kind"))
    return streaming.overlaid(columns, null_kinds, bought=bought, now=now)


def list_health(*, now: datetime) -> list[SourceHealth]:
    """Tell how each source stands, by what is known without calling it: its breaker, and the age of what it told."""
    return [_health_of_dwh(now), _health_of_xiva(), SourceHealth(str(Origin.PLATFORM), "up", age_seconds=0)]


def _health_of_dwh(now: datetime) -> SourceHealth:
    at = state().reference_instant
    age = max(0, int((now - at).total_seconds())) if at is not None else None
    try:
        breaker = warehouse.connector().breaker_state
    except warehouse.WarehouseUnavailable as refusal:
        return SourceHealth(str(Origin.DWH), "not_configured", "", at, age, refusal.code, refusal.detail)
    return SourceHealth(str(Origin.DWH), _state_of(breaker), breaker, at, age, *_words_of(breaker))


def _health_of_xiva() -> SourceHealth:
    breaker = customers.find_bss_breaker_state()
    if not breaker:
        return SourceHealth(str(Origin.XIVA), "not_configured")
    return SourceHealth(str(Origin.XIVA), _state_of(breaker), breaker, None, None, *_words_of(breaker))


def _state_of(breaker: str) -> str:
    return {"closed": "up", "half-open": "degraded"}.get(breaker, "down")


def _words_of(breaker: str) -> tuple[str, str]:
    if breaker == "closed":
        return "", ""
    return "features.source_silent", "It failed repeatedly and is left alone for a moment."
