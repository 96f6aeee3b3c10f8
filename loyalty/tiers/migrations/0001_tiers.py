"""The history of tiers."""

import django.contrib.postgres.functions
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [("ledger", "0002_functions"), ("programs", "0004_membership"), ("events", "0001_outbox")]

    operations = [
        migrations.CreateModel(
            name="TierChange",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("public_id", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), unique=True)),
                ("customer_public_id", models.UUIDField()),
                ("account_public_id", models.UUIDField()),
                ("program_public_id", models.UUIDField()),
                ("from_code", models.CharField(max_length=50, null=True)),
                ("to_code", models.CharField(max_length=50, null=True)),
                (
                    "direction",
                    models.CharField(choices=[("UP", "UP"), ("DOWN", "DOWN"), ("LEVEL", "LEVEL")], max_length=5),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[("earned", "earned"), ("tiers_changed", "tiers_changed"), ("by_hand", "by_hand")],
                        max_length=20,
                    ),
                ),
                ("note", models.TextField(blank=True, db_default="", default="")),
                ("points_lifetime", models.BigIntegerField()),
                ("actor_ref", models.CharField(max_length=100)),
                ("causation_id", models.UUIDField(null=True)),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["account_public_id", "-id"], name="tiers_tierchange_account")],
            },
        ),
    ]
