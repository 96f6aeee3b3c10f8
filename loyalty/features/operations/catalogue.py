"""The field catalogue follows its sources: warehouse, BSS and platform; people's words in it stay."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models.functions import Now
from sqlalchemy import FromClause

from loyalty.features import registry
from loyalty.features.contracts import FieldView, NullKind, Origin
from loyalty.features.errors import FieldChangeRefused, FieldNotFound
from loyalty.features.kinds import attributes, dwh, platform
from loyalty.features.models import CatalogueField
from loyalty.features.operations import caching
from loyalty.features.operations.freshness import refresh
from loyalty.features.operations.store import is_of_xiva
from loyalty.features.policy import XIVA_FIELDS, Description, describe
from loyalty.features.policy.labels import field_in
from loyalty.features.queries import fields_present, view_of
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.foundation.orm.api import bump_version
from loyalty.foundation.rules.contracts import Field, FieldType, Schema
from loyalty.warehouse import api as warehouse

# Only one process at a time brings the catalogue up to date; the number is this lock's name and means nothing else.
CATALOGUE_LOCK = 7_318_004_221
EDITABLE = ("label", "unit", "category", "description", "null_kind", "null_meaning", "precedence")
CATEGORY_OF_PLATFORM = "Loyalty"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a source says of a field."""

    type: str
    is_nullable: bool
    data_source: str
    group: str = ""


class _Kept:
    """The schema as it was last made, with the version of the store and the warehouse's table that it was made of."""

    made: tuple[str, FromClause, Schema] | None = None


def schema() -> Schema:
    """Give the fields that rules may read: those that the warehouse and the platform know of every customer.

    Every single decision asks for it, so it is kept until the catalogue changes or the table is described anew.
    """
    kept, version, table = _Kept.made, caching.find_version(), _find_table()
    if kept is not None and version and kept[0] == version and kept[1] is table:
        return kept[2]
    sync_when_changed()
    version, table = caching.find_version(), _find_table()
    made = _schema()
    _Kept.made = (version, table, made) if table is not None else None
    return made


def _find_table() -> FromClause | None:
    try:
        return dwh.features_table()
    except warehouse.WarehouseUnavailable:
        return None


def _schema() -> Schema:
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
            for one in fields_present().exclude(data_source=Origin.XIVA)
        )
    )


def list_fields(language: str = "en") -> list[FieldView]:
    """List the fields of the catalogue that their source still has, with shipped words in a language, by name."""
    sync_when_changed()
    words = registry.words_in(language)
    return [field_in(view_of(one), words) for one in fields_present()]


def sync_when_changed() -> bool:
    """Take in what the sources say of their fields when it differs from the catalogue; tell whether it did.

    A warehouse that does not answer leaves its fields as they are.
    """
    wanted, words, is_whole = _shape_of_sources()
    held = {
        one.name: Shape(one.type, one.is_nullable, one.data_source, one.group)
        for one in fields_present()
        if is_whole or one.data_source != Origin.DWH
    }
    if not is_whole:
        # A field that the BSS tells too stands under the warehouse's name while that one is away.
        of_dwh = set(fields_present().filter(data_source=Origin.DWH).values_list("name", flat=True))
        wanted = {name: shape for name, shape in wanted.items() if name not in of_dwh}
    if held == wanted:
        return False
    _write(wanted, words, is_whole=is_whole)
    if is_whole:
        refresh()
    return True


def sync_catalogue() -> int:
    """Take the warehouse's columns and freshness in now; give how many fields there are.

    :raises WarehouseUnavailable: the warehouse does not answer; the catalogue stays.
    """
    warehouse.connector().forget_tables()
    warehouse.connector().describe_table(warehouse.features_table_name())
    sync_when_changed()
    refresh()
    return fields_present().count()


def list_shadowed() -> list[str]:
    """List the warehouse's columns that are not in the catalogue because a platform fact has their name.

    :raises WarehouseUnavailable: the warehouse does not answer.
    """
    description = warehouse.connector().describe_table(warehouse.features_table_name())
    offered = platform.fields_offered()
    return sorted(column.name for column in description.columns if column.name in offered)


def _shape_of_sources() -> tuple[dict[str, Shape], dict[str, Description], bool]:
    """Give each field's shape, words for those that nobody described yet, and whether the warehouse could be asked."""
    registry.refresh_provided()
    wanted = {name: Shape(kind, True, str(Origin.XIVA)) for name, kind in XIVA_FIELDS.items()}
    words: dict[str, Description] = {}
    try:
        description = warehouse.connector().describe_table(warehouse.features_table_name())
    except warehouse.WarehouseUnavailable:
        columns: tuple[warehouse.Column, ...] = ()
        is_whole = False
    else:
        columns, is_whole = description.columns, True
    for column in columns:
        if column.name != warehouse.KEY_COLUMN and column.type is not None:
            wanted[column.name] = Shape(str(column.type), column.is_nullable, str(Origin.DWH))
            words[column.name] = describe(column.name, column.comment)
    for name, (one, origin) in platform.fields_offered().items():
        # The platform's word on its own books goes before a copy of it in the warehouse.
        wanted[name] = Shape(str(one.type), one.absent is None, str(Origin.PLATFORM), origin.group)
        words[name] = Description(
            label=one.label,
            category=one.category or CATEGORY_OF_PLATFORM,
            unit=one.unit,
            text=one.description,
            null_meaning=one.null_meaning,
            null_kind=one.null_kind,
        )
    return wanted, words, is_whole


@transaction.atomic
def _write(wanted: Mapping[str, Shape], words: Mapping[str, Description], *, is_whole: bool) -> None:
    """Bring the rows in line; words of rows that exist are left alone."""
    sql.fetch_one("SELECT pg_advisory_xact_lock(%s)", [CATALOGUE_LOCK])
    held = {one.name: one for one in CatalogueField.objects.all()}
    gone = CatalogueField.objects.exclude(name__in=list(wanted))
    (gone if is_whole else gone.exclude(data_source=Origin.DWH)).update(is_available=False)
    fresh, changed = [], []
    for name, shape in wanted.items():
        known = held.get(name)
        if known is None:
            fresh.append(_new_field(name, shape, words.get(name) or describe(name)))
        elif not known.is_available or shape != Shape(known.type, known.is_nullable, known.data_source, known.group):
            known.type, known.is_nullable, known.is_available = shape.type, shape.is_nullable, True
            known.data_source, known.group = shape.data_source, shape.group
            if not _has_two_sources(known):
                known.precedence = ""
            changed.append(known)
    CatalogueField.objects.bulk_create(fresh)
    CatalogueField.objects.bulk_update(
        changed, ["type", "is_nullable", "data_source", "group", "is_available", "precedence"]
    )
    caching.renew_version()


def _new_field(name: str, shape: Shape, words: Description) -> CatalogueField:
    return CatalogueField(
        name=name,
        type=shape.type,
        is_nullable=shape.is_nullable,
        data_source=shape.data_source,
        group=shape.group,
        label=words.label[:100],
        unit=words.unit[:30],
        category=words.category[:50],
        description=words.text[:500],
        null_kind=words.null_kind,
        null_meaning=words.null_meaning[:300],
    )


def _has_two_sources(one: CatalogueField) -> bool:
    return one.data_source == Origin.DWH and is_of_xiva(one.name)


@transaction.atomic
def follow_attributes(*, now: datetime) -> None:
    """Take in that attributes of customers were defined or changed; their own words are those of the catalogue."""
    sync_when_changed()
    offered = {one.name: one for one, origin in platform.fields_offered().values() if origin.group == attributes.GROUP}
    for row in fields_present().filter(group=attributes.GROUP, name__in=list(offered)):
        told = offered[row.name]
        if (row.label, row.description) != (told.label, told.description):
            CatalogueField.objects.filter(pk=row.pk).update(label=told.label, description=told.description)
            bump_version(row)
    caching.renew_version()


@transaction.atomic
def describe_field(*, name: str, words: Mapping[str, str], actor: Actor, now: datetime) -> FieldView:
    """Change what people say of a field: its words, what no value means, and which source goes first for it.

    :param words: any of ``EDITABLE``.
    :raises FieldNotFound: there is none of that name.
    :raises FieldChangeRefused: a precedence of a field that only one source has, or an unknown null kind.
    """
    one = CatalogueField.objects.select_for_update().filter(name=name, is_available=True).first()
    if one is None:
        raise FieldNotFound(f"There is no field {name[:63]!r}.")
    before = {key: getattr(one, key) for key in EDITABLE}
    after = {**before, **{key: value for key, value in words.items() if key in EDITABLE}}
    if after["precedence"] not in ("", Origin.DWH, Origin.XIVA) or after["null_kind"] not in list(NullKind):
        raise FieldChangeRefused("A precedence is dwh or xiva, a null kind unknown, none or not_applicable.")
    if after["precedence"] and not _has_two_sources(one):
        raise FieldChangeRefused(f"Only one source has the field {name[:63]!r}, so none can go before another.")
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
        caching.renew_version()
    one.refresh_from_db()
    return view_of(one)
