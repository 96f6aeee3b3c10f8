"""The field catalogue follows the warehouse's columns; people's words in it stay."""

from datetime import datetime

from django.db import transaction
from django.db.models.functions import Now

from loyalty.features.contracts import DataSource, FieldView
from loyalty.features.errors import FieldNotFound
from loyalty.features.kinds import dwh
from loyalty.features.models import CatalogueField
from loyalty.features.operations import caching
from loyalty.features.policy import XIVA_FIELDS, describe
from loyalty.features.queries import fields_present, view_of
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.foundation.orm.api import bump_version
from loyalty.foundation.rules.contracts import Field, FieldType, Schema
from loyalty.warehouse import api as warehouse

Shape = dict[str, tuple[str, bool, str]]

# Only one process at a time brings the catalogue up to date; the number is this lock's name and means nothing else.
CATALOGUE_LOCK = 7_318_004_221
EDITABLE = ("label", "unit", "category", "description")


def schema() -> Schema:
    """Give the fields that rules may read: those that the warehouse holds for every customer."""
    sync_when_changed()
    return Schema(
        fields=tuple(
            Field(
                name=one.name,
                type=FieldType(one.type),
                label=one.label,
                is_nullable=one.is_nullable,
                category=one.category,
                unit=one.unit,
            )
            for one in fields_present().filter(data_source=DataSource.DWH)
        )
    )


def list_fields() -> list[FieldView]:
    """List the fields of the catalogue that their source still has, by name."""
    sync_when_changed()
    return [view_of(one) for one in fields_present()]


def sync_when_changed() -> bool:
    """Take the warehouse's columns in when they differ from the catalogue; tell whether they did.

    A warehouse that does not answer leaves the catalogue as it is.
    """
    try:
        wanted, comments = _shape_of_sources()
    except warehouse.WarehouseUnavailable:
        return False
    held = {one.name: (one.type, one.is_nullable, one.data_source) for one in fields_present()}
    if held == wanted:
        return False
    _write(wanted, comments)
    refresh()
    return True


def sync_catalogue() -> int:
    """Take the warehouse's columns and freshness in now; give how many fields there are.

    :raises WarehouseUnavailable: the warehouse does not answer; the catalogue stays.
    """
    warehouse.connector().forget_tables()
    _write(*_shape_of_sources())
    refresh()
    return fields_present().count()


def refresh() -> datetime | None:
    """Write down how fresh the warehouse is; younger rows make the cache forget. Give the freshness.

    :raises WarehouseUnavailable: the warehouse does not answer.
    """
    freshness = dwh.find_freshness()
    stale = fields_present().filter(data_source=DataSource.DWH).exclude(freshness=freshness)
    if stale.update(freshness=freshness):
        caching.forget_all()
    return freshness


def _shape_of_sources() -> tuple[Shape, dict[str, str]]:
    """Give each field's type, nullness and source, and the warehouse's own words for it."""
    description = warehouse.connector().describe_table(warehouse.features_table_name())
    wanted: Shape = {name: (kind, True, str(DataSource.XIVA)) for name, kind in XIVA_FIELDS.items()}
    comments: dict[str, str] = {}
    for column in description.columns:
        if column.name != warehouse.KEY_COLUMN and column.type is not None:
            wanted[column.name] = (str(column.type), column.is_nullable, str(DataSource.DWH))
            comments[column.name] = column.comment
    return wanted, comments


@transaction.atomic
def _write(wanted: Shape, comments: dict[str, str]) -> None:
    """Bring the rows in line; words of rows that exist are left alone."""
    sql.fetch_one("SELECT pg_advisory_xact_lock(%s)", [CATALOGUE_LOCK])
    held = {one.name: one for one in CatalogueField.objects.all()}
    CatalogueField.objects.exclude(name__in=wanted).update(is_available=False)
    fresh, changed = [], []
    for name, (kind, is_nullable, data_source) in wanted.items():
        known = held.get(name)
        if known is None:
            words = describe(name)
            fresh.append(
                CatalogueField(
                    name=name,
                    type=kind,
                    is_nullable=is_nullable,
                    data_source=data_source,
                    label=words.label[:100],
                    unit=words.unit,
                    category=words.category,
                    description=(comments.get(name) or words.text)[:500],
                )
            )
        elif (known.type, known.is_nullable, known.data_source, known.is_available) != (
            kind,
            is_nullable,
            data_source,
            True,
        ):
            known.type, known.is_nullable, known.data_source = kind, is_nullable, data_source
            known.is_available = True
            changed.append(known)
    CatalogueField.objects.bulk_create(fresh)
    CatalogueField.objects.bulk_update(changed, ["type", "is_nullable", "data_source", "is_available"])


@transaction.atomic
def describe_field(*, name: str, words: dict[str, str], actor: Actor, now: datetime) -> FieldView:
    """Change the words for a field: label, unit, category, description.

    :raises FieldNotFound: there is none of that name.
    """
    one = CatalogueField.objects.select_for_update().filter(name=name, is_available=True).first()
    if one is None:
        raise FieldNotFound(f"There is no field {name[:63]!r}.")
    before = {key: getattr(one, key) for key in EDITABLE}
    after = {**before, **{key: value for key, value in words.items() if key in EDITABLE}}
    if after != before:
        CatalogueField.objects.filter(pk=one.pk).update(**after, updated_at=Now())
        bump_version(one)
        audit.record(
            actor=actor,
            act="features.change",
            subject_kind="field",
            subject_ref=str(one.public_id),
            at=now,
            before=before,
            after=after,
        )
    one.refresh_from_db()
    return view_of(one)
