"""Runs."""

import django.db.models.functions.datetime
from django.db import migrations, models

import loyalty.foundation.kernel.ids
import loyalty.foundation.orm.fields


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Run",
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
                ("kind", models.CharField(max_length=100)),
                ("subject_kind", models.CharField(max_length=50)),
                ("subject_ref", models.CharField(max_length=100)),
                ("params", loyalty.foundation.orm.fields.ExactJSONField(default=dict)),
                ("actor", loyalty.foundation.orm.fields.ExactJSONField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("PENDING", "Pending"),
                            ("RUNNING", "Running"),
                            ("SUCCEEDED", "Succeeded"),
                            ("FAILED", "Failed"),
                            ("CANCELLED", "Cancelled"),
                        ],
                        default="PENDING",
                        max_length=10,
                    ),
                ),
                ("phase", models.CharField(blank=True, default="", max_length=100)),
                ("done", models.BigIntegerField(default=0)),
                ("total", models.BigIntegerField(default=0)),
                ("attempts", models.SmallIntegerField(default=0)),
                ("result", loyalty.foundation.orm.fields.ExactJSONField(null=True)),
                ("error", loyalty.foundation.orm.fields.ExactJSONField(null=True)),
                ("is_cancel_requested", models.BooleanField(default=False)),
                ("lease_until", models.DateTimeField(null=True)),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("status__in", ["PENDING", "RUNNING"])), fields=["id"], name="work_run_open"
                    ),
                    models.Index(fields=["subject_kind", "subject_ref", "-id"], name="work_run_subject"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status__in", ["PENDING", "RUNNING"])),
                        fields=("kind", "subject_kind", "subject_ref"),
                        name="work_run_one_active",
                    )
                ],
            },
        ),
    ]
