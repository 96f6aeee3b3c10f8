"""Members as bitmaps in chunks instead of rows, snapshots that keep who was in, schedules and event-driven segments."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import loyalty.foundation.orm.fields
from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [
        ("segments", "0001_segments"),
    ]

    operations = [
        migrations.CreateModel(
            name="DirtyCustomer",
            fields=[
                ("customer_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("since", models.DateTimeField()),
                ("occurred_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="KeyPart",
            fields=[
                ("name", models.UUIDField(primary_key=True, serialize=False)),
                ("after_id", models.BigIntegerField()),
                ("until_id", models.BigIntegerField()),
                ("built_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="SegmentChange",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "segment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="segments.segment"
                    ),
                ),
                ("customer_id", models.BigIntegerField()),
                ("is_member", models.BooleanField()),
                ("changed_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="SegmentChunk",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "segment_id", "chunk", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "segment",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="segments.segment",
                    ),
                ),
                ("chunk", models.BigIntegerField()),
                ("bits", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="TouchedCustomer",
            fields=[
                ("customer_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("evaluated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.AddField(
            model_name="segment",
            name="check_state",
            field=models.CharField(
                blank=True,
                choices=[("agrees", "agrees"), ("disagrees", "disagrees")],
                db_default="",
                default="",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="segment",
            name="checked_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="segment",
            name="depends_on",
            field=loyalty.foundation.orm.fields.ExactJSONField(default=list),
        ),
        migrations.AddField(
            model_name="segment",
            name="disagreements",
            field=loyalty.foundation.orm.fields.ExactJSONField(default=list),
        ),
        migrations.AddField(
            model_name="segment",
            name="due_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="segment",
            name="is_event_driven",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="segment",
            name="is_stale",
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddField(
            model_name="segment",
            name="limit",
            field=loyalty.foundation.orm.fields.ExactJSONField(null=True),
        ),
        migrations.AddField(
            model_name="segment",
            name="refreshes_on_features",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="segment",
            name="rules_profile",
            field=models.SmallIntegerField(db_default=1, default=1),
        ),
        migrations.AddField(
            model_name="segment",
            name="schedule",
            field=loyalty.foundation.orm.fields.ExactJSONField(null=True),
        ),
        migrations.AddField(
            model_name="segmentsnapshot",
            name="added",
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name="segmentsnapshot",
            name="cause",
            field=models.CharField(
                choices=[
                    ("recalculation", "recalculation"),
                    ("increment", "increment"),
                    ("upload", "upload"),
                    ("members", "members"),
                    ("day", "day"),
                ],
                db_default="recalculation",
                default="recalculation",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="segmentsnapshot",
            name="members",
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name="segmentsnapshot",
            name="removed",
            field=models.BinaryField(null=True),
        ),
        migrations.AddIndex(
            model_name="segment",
            index=models.Index(condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="segments_due"),
        ),
        migrations.AddIndex(
            model_name="touchedcustomer",
            index=models.Index(fields=["evaluated_at"], name="segments_touched_time"),
        ),
        install("loyalty.segments", "storage", "carry_over"),
        migrations.DeleteModel(
            name="SegmentMember",
        ),
    ]
