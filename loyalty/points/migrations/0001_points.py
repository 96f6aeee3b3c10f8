"""Purchases that earned nothing, and the view of accounts."""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("customers", "0001_customers"),
        ("ledger", "0002_functions"),
        ("programs", "0004_membership"),
    ]

    operations = [
        migrations.CreateModel(
            name="AccountRow",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("public_id", models.UUIDField()),
                ("kind", models.TextField()),
                ("wallet", models.TextField()),
                ("customer_public_id", models.UUIDField()),
                ("customer_ref", models.TextField()),
                ("program_public_id", models.UUIDField()),
                ("program_code", models.TextField()),
                ("program_name", models.TextField()),
                ("tier_code", models.TextField(null=True)),
                ("tier_name", models.TextField(null=True)),
                ("points_posted", models.BigIntegerField()),
                ("points_held", models.BigIntegerField()),
                ("points_available", models.BigIntegerField()),
                ("points_pending", models.BigIntegerField()),
                ("points_debt", models.BigIntegerField()),
                ("lifetime_points_earned", models.BigIntegerField()),
                ("lifetime_points_redeemed", models.BigIntegerField()),
                ("status", models.TextField()),
                ("merged_into", models.UUIDField(null=True)),
                ("enrolled_at", models.DateTimeField()),
            ],
            options={
                "db_table": "points_accounts",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="NothingEarned",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("idempotency_scope", models.CharField(max_length=50)),
                ("idempotency_key", models.CharField(max_length=300)),
                ("request_hash", models.BinaryField()),
                ("account_public_id", models.UUIDField()),
                ("customer_public_id", models.UUIDField()),
                ("program_public_id", models.UUIDField()),
                ("reason", models.CharField(max_length=100)),
                ("answer", models.TextField()),
                ("occurred_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "points_nothing_earned",
                "indexes": [models.Index(fields=["account_public_id", "-id"], name="points_nothing_earned_account")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("idempotency_scope", "idempotency_key"), name="points_nothing_earned_once"
                    )
                ],
            },
        ),
    ]
