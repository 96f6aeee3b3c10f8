"""Reads of features: the catalogue as it stands, and the set-based source."""

from datetime import UTC, datetime

from django.db.models import QuerySet

from loyalty.features.contracts import FeatureSource, FieldView
from loyalty.features.kinds import dwh
from loyalty.features.models import CatalogueField
from loyalty.foundation.rules.contracts import FieldType
from loyalty.warehouse import api as warehouse

# A table without updated_at tells nothing of its age.
UNKNOWN_AGE = datetime(2000, 1, 1, tzinfo=UTC)


def fields_present() -> QuerySet[CatalogueField]:
    """Give the fields that their source still has, by name."""
    return CatalogueField.objects.filter(is_available=True).order_by("category", "label", "name")


def view_of(one: CatalogueField) -> FieldView:
    """Give a field as other domains see it."""
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
    )


def source() -> FeatureSource:
    """Give the features table for work in sets.

    :raises WarehouseUnavailable: the warehouse does not answer, or has no such table.
    """
    table = dwh.features_table()
    newest = CatalogueField.objects.filter(freshness__isnull=False).order_by("-freshness").first()
    return FeatureSource(
        table=table,
        key=table.c[warehouse.KEY_COLUMN],
        columns={str(column.name): column for column in table.columns},
        connector=warehouse.connector(),
        reference_instant=newest.freshness if newest is not None and newest.freshness else UNKNOWN_AGE,
    )
