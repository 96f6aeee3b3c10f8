"""Outbox, relay cursor and inbox, with the relay function."""

from django.db import migrations, models

import loyalty.foundation.orm.fields
from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="OutboxEntry",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
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
                "db_table": "events_outbox",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="RelayCursor",
            fields=[
                ("name", models.CharField(max_length=50, primary_key=True, serialize=False)),
                ("xid", models.TextField(default="0")),
                ("position", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="InboxEntry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("handler", models.TextField()),
                ("event_id", models.UUIDField()),
                ("type", models.TextField()),
                ("key", models.TextField()),
                (
                    "state",
                    models.CharField(
                        choices=[("PENDING", "Pending"), ("DONE", "Done"), ("DEAD", "Dead")],
                        default="PENDING",
                        max_length=10,
                    ),
                ),
                ("attempts", models.SmallIntegerField(db_default=0, default=0)),
                ("due_at", models.DateTimeField()),
                ("last_error", models.TextField(blank=True, db_default="", default="")),
                ("envelope", loyalty.foundation.orm.fields.ExactJSONField()),
                ("done_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "PENDING")), fields=["due_at", "id"], name="events_inbox_due"
                    ),
                    models.Index(
                        condition=models.Q(("state", "PENDING")),
                        fields=["handler", "key", "id"],
                        name="events_inbox_order",
                    ),
                    models.Index(condition=models.Q(("state", "DEAD")), fields=["id"], name="events_inbox_dead"),
                ],
                "constraints": [models.UniqueConstraint(fields=("handler", "event_id"), name="events_inbox_once")],
            },
        ),
        install("loyalty.foundation.events", "outbox", "relay"),
    ]
