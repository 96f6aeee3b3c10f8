"""Writes of features: the catalogue follows the warehouse, and people describe its fields."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from sqlalchemy import func, select

from loyalty.features.errors import FieldUnknown
from loyalty.features.models import CatalogueField
from loyalty.features.policy import describe
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm.api import bump_version
from loyalty.foundation.rules.contracts import FieldType
from loyalty.warehouse import api as warehouse

# Two processes that find the catalogue empty at once must not both fill it.
SYNC_LOCK = 7_301_001
FRESHNESS_COLUMN = "updated_at"
# Not facts about the customer, but about the row.
ROW_COLUMNS = {warehouse.KEY_COLUMN, FRESHNESS_COLUMN}
# A binary fraction has no exact decimal value; rules read it as the decimal that the database writes.
BINARY_FRACTIONS = ("double precision", "real", "float")


def type_of(column: warehouse.Column) -> FieldType | None:
    """Give the type that rules know for a column, or None when they cannot read it."""
    if column.type is None and column.native_type.startswith(BINARY_FRACTIONS):
        return FieldType.DECIMAL
    if column.type is None and column.native_type.startswith("timestamp"):
        return FieldType.DATETIME
    return column.type


@transaction.atomic
def sync_catalogue() -> int:
    """Bring the catalogue to the columns of the warehouse; give how many fields are available.

    What people wrote stays. A column that went away makes its field unavailable, so rules that name it are refused.

    :raises WarehouseUnavailable: the warehouse does not answer; the catalogue stays.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SYNC_LOCK])
    connector = warehouse.connector()
    name = str(settings.DWH_CUSTOMER_FEATURES_TABLE)
    columns = [c for c in connector.describe_table(name).columns if c.name not in ROW_COLUMNS and type_of(c)]
    fresh = _freshness(connector, name)
    known = {field.name: field for field in CatalogueField.objects.all()}
    rows = []
    for column in columns:
        default = describe(column.name)
        kept = known.get(column.name)
        rows.append(
            CatalogueField(
                name=column.name,
                type=str(type_of(column)),
                is_nullable=column.is_nullable,
                data_source="dwh",
                label=kept.label if kept else default.label,
                unit=kept.unit if kept else default.unit,
                category=kept.category if kept else default.category,
                description=kept.description if kept else column.comment[:500] or default.text,
                is_available=True,
                freshness=fresh,
            )
        )
    CatalogueField.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["type", "is_nullable", "data_source", "is_available", "freshness"],
    )
    CatalogueField.objects.exclude(name__in=[column.name for column in columns]).update(is_available=False)
    return len(rows)


def _freshness(connector: warehouse.Connector, name: str) -> datetime | None:
    table = connector.table(name)
    if FRESHNESS_COLUMN not in table.c:
        return None
    newest = connector.fetch_all(select(func.max(table.c[FRESHNESS_COLUMN])))[0][0]
    return newest if isinstance(newest, datetime) and newest.tzinfo is not None else None


@transaction.atomic
def describe_field(*, name: str, changes: Mapping[str, Any], actor: Actor, now: datetime) -> None:
    """Change what people read of a field.

    :raises FieldUnknown: the catalogue has no such field.
    """
    field = CatalogueField.objects.select_for_update().filter(name=name).first()
    if field is None:
        raise FieldUnknown()
    before = {part: getattr(field, part) for part in changes}
    for part, value in changes.items():
        setattr(field, part, value)
    field.save(update_fields=[*changes])
    bump_version(field)
    audit.record(
        actor=actor, act="features.change", subject_kind="field", subject_ref=name, at=now,
        before=before, after=dict(changes),
    )  # fmt: skip
