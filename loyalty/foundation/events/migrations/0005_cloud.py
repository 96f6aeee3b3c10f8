"""Facts as CloudEvents, and the state of the event store's model."""

from django.db import migrations, models

import loyalty.foundation.orm.fields
from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0004_log"),
    ]

    operations = [
        migrations.CreateModel(
            name="StoredEvent",
            fields=[
                ("position", models.BigIntegerField(primary_key=True, serialize=False)),
                ("event_id", models.UUIDField()),
                ("type", models.TextField()),
                ("version", models.SmallIntegerField()),
                ("key", models.TextField()),
                ("subject_kind", models.TextField()),
                ("subject_ref", models.TextField()),
                ("occurred_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("correlation_id", models.UUIDField(null=True)),
                ("causation_id", models.UUIDField(null=True)),
                ("data", loyalty.foundation.orm.fields.ExactJSONField()),
            ],
            options={
                "db_table": "events_stored",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="PublishedEvent",
            fields=[
                ("event_id", models.UUIDField(primary_key=True, serialize=False)),
                ("type", models.TextField()),
                ("key", models.TextField()),
                ("subject_kind", models.TextField()),
                ("subject_ref", models.TextField()),
                ("occurred_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("data", loyalty.foundation.orm.fields.ExactJSONField()),
            ],
            options={
                "db_table": "events_store",
                "managed": False,
            },
        ),
        install("loyalty.foundation.events", "cloud", "horizon"),
    ]
