"""Moves how features are collected into the configuration, where it has versions."""

import uuid

from django.db import migrations
from django.db.models.functions import Now

NAMES = ("data_source", "merge_strategy", "cache_seconds", "stale_seconds")
CODE = "feature-store"


def move(apps, schema_editor):
    state = apps.get_model("features", "StoreState").objects.filter(pk=1).first()
    values = {name: getattr(state, name) for name in NAMES} if state is not None else {}
    values = {name: value for name, value in values.items() if value not in ("", None)}
    if not values:
        return
    section = apps.get_model("configuration", "StoredSection")
    section.objects.create(code=CODE, version=1, values=values, changed_at=Now(), changed_by="migration")
    apps.get_model("configuration", "SectionVersion").objects.create(
        code=CODE,
        version=1,
        values=values,
        changes=[{"field": name, "before": None, "after": value, "is_secret": False} for name, value in values.items()],
        changed_at=Now(),
        changed_by="migration",
    )
    apps.get_model("configuration", "Stamp").objects.update_or_create(pk=1, defaults={"mark": uuid.uuid4()})


class Migration(migrations.Migration):
    dependencies = [("features", "0004_row_count"), ("configuration", "0001_sections_versions_secrets")]

    operations = [
        migrations.RunPython(move, migrations.RunPython.noop),
        *(migrations.RemoveField("storestate", name) for name in NAMES),
    ]
