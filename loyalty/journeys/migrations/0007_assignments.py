"""Arms of experiments are drawn once for a customer and kept."""

import django.db.models.deletion
from django.db import migrations, models

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("journeys", "0006_fact_ids")]

    operations = [
        migrations.CreateModel(
            name="Experiment",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=150, unique=True)),
                ("begun_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Assignment",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "experiment_id", "customer_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("customer_id", models.BigIntegerField()),
                ("arm", models.CharField(max_length=64)),
                ("is_holdout", models.BooleanField(db_default=False, default=False)),
                ("is_mixed", models.BooleanField(db_default=False, default=False)),
                ("assigned_at", models.DateTimeField()),
                (
                    "experiment",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assignments",
                        to="journeys.experiment",
                    ),
                ),
            ],
            options={"indexes": [models.Index(fields=["customer_id"], name="journeys_assignment_customer")]},
        ),
        install("loyalty.journeys", "assigning"),
    ]
