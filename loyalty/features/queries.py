"""Reads of features: the catalogue, one customer's features, and the source for whole sets."""

import logging
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.cache import cache
from sqlalchemy import ColumnElement, Numeric, Table, Uuid, cast, select

from loyalty.customers import api as customers
from loyalty.features.contracts import FeatureSource, FieldView
from loyalty.features.errors import TooManyCustomers
from loyalty.features.models import CatalogueField
from loyalty.features.operations import BINARY_FRACTIONS, sync_catalogue
from loyalty.features.policy import merge
from loyalty.foundation.rules.contracts import Field, FieldType, Schema
from loyalty.warehouse import api as warehouse

log = logging.getLogger("loyalty.features")

CUSTOMERS_MAX = 1000
# Any fixed instant will do where only the form of a rule is checked.
REFERENCE = datetime(2026, 1, 1, tzinfo=UTC)


def _fields() -> list[CatalogueField]:
    """Give the available fields; an empty catalogue is filled first."""
    fields = list(CatalogueField.objects.filter(is_available=True).order_by("category", "label"))
    if not fields:
        sync_catalogue()
        fields = list(CatalogueField.objects.filter(is_available=True).order_by("category", "label"))
    return fields


def list_fields() -> list[FieldView]:
    """List the fields of the catalogue.

    :raises WarehouseUnavailable: the catalogue was never filled and the warehouse does not answer.
    """
    return [
        FieldView(
            name=field.name,
            type=FieldType(field.type),
            label=field.label,
            unit=field.unit,
            category=field.category,
            description=field.description,
            data_source=field.data_source,
            is_nullable=field.is_nullable,
            freshness=field.freshness,
        )
        for field in _fields()
    ]


def schema() -> Schema:
    """Give the catalogue as the schema that rules are checked against."""
    return Schema(
        tuple(
            Field(
                name=field.name,
                type=field.type,
                label=field.label,
                is_nullable=field.is_nullable,
                category=field.category,
                unit=field.unit,
            )
            for field in list_fields()
        )
    )


def _exact(column: ColumnElement[Any], table: Table) -> ColumnElement[Any]:
    native = column.type.compile(dialect=warehouse.connector().dialect).lower()
    return cast(column, Numeric) if native.startswith(BINARY_FRACTIONS) else column


def source() -> FeatureSource:
    """Give the place where whole sets are evaluated.

    :raises WarehouseUnavailable: the warehouse does not answer.
    """
    connector = warehouse.connector()
    table = connector.table(str(settings.DWH_CUSTOMER_FEATURES_TABLE))
    names = [field.name for field in _fields() if field.name in table.c]
    key = table.c[warehouse.KEY_COLUMN]
    return FeatureSource(
        connector=connector,
        table=table,
        key=key if isinstance(key.type, Uuid) else cast(key, Uuid),
        columns={name: _exact(table.c[name], table) for name in names},
        reference_instant=REFERENCE,
    )


def _from_warehouse(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[str, Any]]:
    here = source()
    names = sorted(here.columns)
    rows = here.connector.fetch_all(
        select(here.key, *(here.columns[name] for name in names)).select_from(here.table).where(here.key.in_(ids))
    )
    return {uuid.UUID(str(row[0])): dict(zip(names, row[1:], strict=True)) for row in rows}


def _from_bss(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[str, Any]]:
    known = {field.name for field in _fields()}
    answers = customers.read_bss_features(ids)
    return {one: {name: value for name, value in facts.items() if name in known} for one, facts in answers.items()}


def _read(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[str, Any]]:
    """Ask the sources that the settings name, and merge what they say."""
    wanted = str(settings.FEATURE_STORE_DATA_SOURCE)
    strategy = str(settings.FEATURE_STORE_MERGE_STRATEGY)
    if wanted == "dwh":
        return _from_warehouse(ids)
    if wanted == "xiva":
        return _from_bss(ids)
    first = _from_bss(ids) if strategy == "xiva_first" else _from_warehouse(ids)
    missing = list(ids) if strategy == "merge" else [one for one in ids if one not in first]
    second: dict[uuid.UUID, dict[str, Any]] = {}
    if missing and (strategy == "xiva_first" or settings.XIVA_API_BASE_URL):
        second = _from_warehouse(missing) if strategy == "xiva_first" else _from_bss(missing)
    by_warehouse, by_bss = (second, first) if strategy == "xiva_first" else (first, second)
    found = {one for one in ids if one in by_warehouse or one in by_bss}
    return {one: merge(by_warehouse.get(one), by_bss.get(one), strategy) for one in found}


def _cached(keys: Mapping[uuid.UUID, str]) -> dict[uuid.UUID, dict[str, Any]]:
    try:
        hits = cache.get_many(keys.values())
    except Exception as fault:  # a cache may fail in any way; without it reads are slower and the same
        log.warning("cache not read: %s", fault)
        return {}
    return {one: hits[key] for one, key in keys.items() if key in hits}


def _remember(keys: Mapping[uuid.UUID, str], found: Mapping[uuid.UUID, dict[str, Any]]) -> None:
    seconds = int(settings.FEATURE_STORE_CACHE_SECONDS)
    if not seconds or not found:
        return
    try:
        cache.set_many({keys[one]: facts for one, facts in found.items()}, timeout=seconds)
    except Exception as fault:  # as above
        log.warning("cache not written: %s", fault)


def get_batch(ids: Sequence[uuid.UUID], *, is_fresh: bool = False) -> dict[uuid.UUID, dict[str, Any]]:
    """Give the features of many customers; one whom no source knows is left out.

    :param is_fresh: do not read the cache.
    :raises TooManyCustomers: more than 1,000.
    :raises WarehouseUnavailable: the warehouse does not answer and the cache does not have them all.
    """
    if len(ids) > CUSTOMERS_MAX:
        raise TooManyCustomers(f"At most {CUSTOMERS_MAX} at once.")
    mark = schema().fingerprint[:16]
    keys = {one: f"features:{mark}:{one}" for one in ids}
    found = {} if is_fresh else _cached(keys)
    missing = [one for one in ids if one not in found]
    if missing:
        read = _read(missing)
        _remember(keys, read)
        found.update(read)
    return {one: found[one] for one in ids if one in found}


def get_features(customer_id: uuid.UUID, *, is_fresh: bool = False) -> dict[str, Any]:
    """Give one customer's features; empty when no source knows the customer.

    :raises WarehouseUnavailable: the warehouse does not answer.
    """
    return get_batch([customer_id], is_fresh=is_fresh).get(customer_id, {})


def overview_part(customer_id: uuid.UUID, *, now: datetime) -> dict[str, Any]:
    """Give the features for the whole view of a customer; a warehouse that is away is said, not hidden."""
    try:
        facts = get_features(customer_id)
    except warehouse.WarehouseUnavailable as refusal:
        return {"features": [], "features_problem": refusal.detail}
    rows = [
        {
            "name": field.name,
            "label": field.label,
            "value": facts.get(field.name),
            "unit": field.unit,
            "category": field.category,
            "type": field.type.value,
            "freshness": field.freshness,
        }
        for field in list_fields()
    ]
    return {"features": rows}
