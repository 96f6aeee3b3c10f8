"""What counts for tiers beside the balance, where members stand, what tiers granted; and the functions over them."""

import django.contrib.postgres.functions
from django.db import migrations, models

from loyalty.foundation.orm.sql import install

FILL = "UPDATE tiers_tierchange SET effective_at = recorded_at"


class Migration(migrations.Migration):
    dependencies = [("tiers", "0001_tiers"), ("ledger", "0002_functions"), ("programs", "0004_membership")]

    operations = [
        migrations.RenameField("tierchange", "changed_at", "recorded_at"),
        migrations.AddField("tierchange", "effective_at", models.DateTimeField(null=True)),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField("tierchange", "effective_at", models.DateTimeField()),
        migrations.AddField("tierchange", "superseded_at", models.DateTimeField(null=True)),
        migrations.CreateModel(
            name="CountedTransaction",
            fields=[
                ("transaction_public_id", models.UUIDField(primary_key=True, serialize=False)),
                ("account_public_id", models.UUIDField()),
                ("business_date", models.DateField()),
            ],
            options={
                "db_table": "tiers_counted",
            },
        ),
        migrations.CreateModel(
            name="QualifyingDay",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "account_public_id",
                        "business_date",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("account_public_id", models.UUIDField()),
                ("business_date", models.DateField()),
                ("program_public_id", models.UUIDField()),
                ("points", models.BigIntegerField(db_default=0, default=0)),
                ("points_status", models.BigIntegerField(db_default=0, default=0)),
                ("spend", models.DecimalField(db_default=0, decimal_places=4, default=0, max_digits=20)),
                ("purchases", models.IntegerField(db_default=0, default=0)),
            ],
            options={
                "db_table": "tiers_qualifying_day",
            },
        ),
        migrations.CreateModel(
            name="SettledDay",
            fields=[
                ("program_public_id", models.UUIDField(primary_key=True, serialize=False)),
                ("settled_on", models.DateField()),
                ("terms_hash", models.CharField(db_default="", default="", max_length=64)),
            ],
            options={
                "db_table": "tiers_settled_day",
            },
        ),
        migrations.AlterField(
            model_name="tierchange",
            name="reason",
            field=models.CharField(
                choices=[
                    ("earned", "earned"),
                    ("tiers_changed", "tiers_changed"),
                    ("by_hand", "by_hand"),
                    ("qualified", "qualified"),
                    ("not_kept", "not_kept"),
                    ("manual_ended", "manual_ended"),
                    ("recalculated", "recalculated"),
                    ("late_purchase", "late_purchase"),
                ],
                max_length=20,
            ),
        ),
        migrations.CreateModel(
            name="BenefitGrant",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("public_id", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), unique=True)),
                ("account_public_id", models.UUIDField()),
                ("customer_public_id", models.UUIDField()),
                ("program_public_id", models.UUIDField()),
                ("tier_code", models.CharField(max_length=50)),
                ("benefit_code", models.CharField(max_length=50)),
                ("kind", models.CharField(max_length=10)),
                ("points_amount", models.BigIntegerField(db_default=0, default=0)),
                ("period_start", models.DateField()),
                (
                    "state",
                    models.CharField(
                        choices=[("PENDING", "PENDING"), ("GRANTED", "GRANTED"), ("WITHDRAWN", "WITHDRAWN")],
                        max_length=10,
                    ),
                ),
                ("granted_at", models.DateTimeField()),
                ("withdrawn_at", models.DateTimeField(null=True)),
                ("due_at", models.DateTimeField()),
                ("refusal_code", models.CharField(blank=True, db_default="", default="", max_length=100)),
                ("transaction_public_id", models.UUIDField(null=True)),
            ],
            options={
                "db_table": "tiers_benefit_grant",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "PENDING")), fields=["due_at"], name="tiers_benefit_grant_due"
                    ),
                    models.Index(fields=["program_public_id"], name="tiers_benefit_grant_program"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("account_public_id", "tier_code", "benefit_code", "period_start"),
                        name="tiers_benefit_grant_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MemberState",
            fields=[
                ("account_public_id", models.UUIDField(primary_key=True, serialize=False)),
                ("program_public_id", models.UUIDField()),
                ("track_tier_id", models.BigIntegerField(null=True)),
                ("effective_tier_id", models.BigIntegerField(null=True)),
                ("kept_until", models.DateField(null=True)),
                ("warned_until", models.DateField(null=True)),
                ("look_on", models.DateField(null=True)),
                (
                    "manual_mode",
                    models.CharField(
                        choices=[("floor", "floor"), ("pin", "pin"), ("one_off", "one_off")], max_length=10, null=True
                    ),
                ),
                ("manual_tier_id", models.BigIntegerField(null=True)),
                ("manual_until", models.DateTimeField(null=True)),
                ("manual_reason", models.TextField(blank=True, db_default="", default="")),
                ("is_manual_below", models.BooleanField(db_default=False, default=False)),
            ],
            options={
                "db_table": "tiers_member_state",
                "indexes": [
                    models.Index(
                        condition=models.Q(("look_on__isnull", False)),
                        fields=["program_public_id", "look_on"],
                        name="tiers_member_state_due",
                    ),
                    models.Index(
                        condition=models.Q(("manual_until__isnull", False)),
                        fields=["program_public_id", "manual_until"],
                        name="tiers_member_state_manual",
                    ),
                ],
            },
        ),
        install("loyalty.tiers", "types", "calendar", "counting", "standing", "settling"),
    ]
