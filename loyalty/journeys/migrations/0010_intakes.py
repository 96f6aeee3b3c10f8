"""Intakes: people led in at once by somebody, a list of them or a segment."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Now

import loyalty.foundation.kernel.ids
import loyalty.foundation.orm.fields
from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("journeys", "0009_returning"), ("customers", "0012_successors"), ("segments", "0008_stretches")]

    operations = [
        migrations.CreateModel(
            name="Intake",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "public_id",
                    models.UUIDField(default=loyalty.foundation.kernel.ids.new_public_id, editable=False, unique=True),
                ),
                ("created_at", models.DateTimeField(db_default=Now(), editable=False)),
                ("updated_at", models.DateTimeField(db_default=Now(), editable=False)),
                ("version", models.PositiveIntegerField(db_default=1, default=1)),
                ("key", models.CharField(max_length=200)),
                ("request_hash", models.BinaryField(max_length=32)),
                ("segment_ref", models.UUIDField(null=True)),
                ("context", loyalty.foundation.orm.fields.ExactJSONField(default=dict)),
                ("is_dry_run", models.BooleanField(default=False)),
                ("named", models.BigIntegerField(default=0)),
                ("total", models.BigIntegerField(default=0)),
                ("seen", models.BigIntegerField(default=0)),
                ("counts", loyalty.foundation.orm.fields.ExactJSONField(default=dict)),
                ("is_complete", models.BooleanField(default=False)),
                (
                    "journey",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="intakes", to="journeys.journey"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="IntakePart",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "customers",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), null=True, size=None
                    ),
                ),
                ("after_id", models.BigIntegerField(null=True)),
                ("until_id", models.BigIntegerField(null=True)),
                (
                    "intake",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="parts", to="journeys.intake"
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            "intake",
            models.UniqueConstraint(
                fields=["journey", "key"], condition=models.Q(is_dry_run=False), name="journeys_intake_once"
            ),
        ),
        install("loyalty.journeys", "entering", "outcomes"),
    ]
