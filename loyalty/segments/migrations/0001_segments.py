"""Segments, members, snapshots, with the difference function and the contract view."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import loyalty.foundation.kernel.ids
import loyalty.foundation.orm.fields
from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("customers", "0001_customers"),
    ]

    operations = [
        migrations.CreateModel(
            name="Segment",
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
                ("name", models.CharField(max_length=200, unique=True)),
                ("description", models.TextField(blank=True, default="")),
                ("kind", models.CharField(choices=[("dynamic", "Dynamic"), ("static", "Static")], max_length=10)),
                ("rules", loyalty.foundation.orm.fields.ExactJSONField(null=True)),
                ("member_count", models.BigIntegerField(default=0)),
                ("last_calculated_at", models.DateTimeField(null=True)),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="SegmentMember",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "segment_id", "customer_ref", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("customer_ref", models.UUIDField()),
                ("added_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "segment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="members", to="segments.segment"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["customer_ref"], name="segments_member_customer")],
            },
        ),
        migrations.CreateModel(
            name="SegmentSnapshot",
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
                ("taken_at", models.DateTimeField()),
                ("member_count", models.BigIntegerField()),
                ("added_count", models.BigIntegerField()),
                ("removed_count", models.BigIntegerField()),
                ("rules", loyalty.foundation.orm.fields.ExactJSONField(null=True)),
                (
                    "segment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="snapshots", to="segments.segment"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["segment", "-taken_at"], name="segments_snapshot_time")],
            },
        ),
        install("loyalty.segments", "diff", "membership"),
    ]
