"""Events of other systems in, and how far Kafka was written and read."""

import django.db.models.functions.datetime
from django.db import migrations, models

import loyalty.foundation.kernel.ids
import loyalty.foundation.orm.fields
from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [
        ("exchange", "0001_webhooks"),
    ]

    operations = [
        migrations.CreateModel(
            name="TransportCursor",
            fields=[
                ("name", models.CharField(max_length=50, primary_key=True, serialize=False)),
                ("position", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="DeadMessage",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("public_id", models.UUIDField(default=loyalty.foundation.kernel.ids.new_public_id, unique=True)),
                ("topic", models.CharField(max_length=249)),
                ("partition", models.IntegerField()),
                ("offset", models.BigIntegerField()),
                ("headers", loyalty.foundation.orm.fields.ExactJSONField(default=dict)),
                ("body", models.TextField()),
                ("code", models.CharField(max_length=60)),
                ("message", models.TextField()),
                ("died_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("topic", "partition", "offset"), name="exchange_dead_message_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="EventMapping",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "public_id",
                    models.UUIDField(default=loyalty.foundation.kernel.ids.new_public_id, editable=False, unique=True),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "updated_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("version", models.PositiveIntegerField(db_default=1, default=1)),
                ("source", models.CharField(max_length=50)),
                ("name", models.CharField(max_length=100)),
                ("rank", models.SmallIntegerField(default=0)),
                ("matches", loyalty.foundation.orm.fields.ExactJSONField(default=dict)),
                ("type", models.CharField(max_length=80)),
                ("id_path", models.CharField(max_length=200)),
                ("subject_path", models.CharField(max_length=200)),
                ("time_path", models.CharField(blank=True, default="", max_length=200)),
                ("data_paths", loyalty.foundation.orm.fields.ExactJSONField(default=dict)),
                ("is_active", models.BooleanField(default=True)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("source", "name"), name="exchange_mapping_once")],
            },
        ),
        migrations.CreateModel(
            name="ReceivedEvent",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("source", models.CharField(max_length=200)),
                ("event_id", models.CharField(max_length=200)),
                ("received_at", models.DateTimeField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("source", "event_id"), name="exchange_received_once")],
            },
        ),
        migrations.CreateModel(
            name="TopicOffset",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("topic", models.CharField(max_length=249)),
                ("partition", models.IntegerField()),
                ("next_offset", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("topic", "partition"), name="exchange_topic_offset_once")
                ],
            },
        ),
        install("loyalty.foundation.exchange", "intake"),
    ]
