"""Programs, versions, tiers, members, and what other domains may join."""

import django.db.models.constraints
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
            name="EarnCapRow",
            fields=[
                ("public_id", models.UUIDField(primary_key=True, serialize=False)),
                ("program_version", models.IntegerField()),
                ("code", models.TextField()),
                ("period", models.CharField(max_length=15)),
                ("scope", models.TextField()),
                ("measure", models.TextField()),
                ("limit", models.DecimalField(decimal_places=6, max_digits=26)),
                ("points_max", models.BigIntegerField(null=True)),
                ("rule_code", models.TextField()),
                ("partner_ref", models.TextField()),
                ("tier_codes", loyalty.foundation.orm.fields.ExactJSONField()),
                ("on_reach", models.TextField()),
            ],
            options={
                "db_table": "programs_earn_caps",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="ExpiryRuleRow",
            fields=[
                ("public_id", models.UUIDField(primary_key=True, serialize=False)),
                ("program_version", models.IntegerField()),
                ("kind", models.TextField()),
                ("expiry_days", models.IntegerField(null=True)),
                ("details", loyalty.foundation.orm.fields.ExactJSONField()),
            ],
            options={
                "db_table": "programs_expiry_rules",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="RuleRow",
            fields=[
                ("public_id", models.UUIDField(primary_key=True, serialize=False)),
                ("program_version", models.IntegerField()),
                ("kind", models.CharField(max_length=10)),
                ("code", models.TextField()),
                ("name", models.TextField()),
                ("rule", loyalty.foundation.orm.fields.ExactJSONField()),
                ("details", loyalty.foundation.orm.fields.ExactJSONField()),
            ],
            options={
                "db_table": "programs_rules",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Program",
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
                ("code", models.CharField(max_length=50, unique=True)),
                ("name", models.CharField(max_length=200)),
                ("description", models.TextField(blank=True, default="")),
                (
                    "status",
                    models.CharField(
                        choices=[("DRAFT", "DRAFT"), ("ACTIVE", "ACTIVE"), ("INACTIVE", "INACTIVE")],
                        default="DRAFT",
                        max_length=10,
                    ),
                ),
                ("start_date", models.DateField(null=True)),
                ("end_date", models.DateField(null=True)),
                ("currency", models.CharField(max_length=3)),
                ("timezone", models.CharField(max_length=64)),
                (
                    "enrollment",
                    models.CharField(
                        choices=[("automatic", "automatic"), ("explicit", "explicit")],
                        default="automatic",
                        max_length=10,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("end_date__isnull", True),
                            ("start_date__isnull", True),
                            ("end_date__gte", models.F("start_date")),
                            _connector="OR",
                        ),
                        name="programs_program_dates_in_order",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["DRAFT", "ACTIVE", "INACTIVE"])),
                        name="programs_program_status_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Tier",
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
                ("code", models.CharField(max_length=50)),
                ("name", models.CharField(max_length=100)),
                ("min_points", models.BigIntegerField()),
                ("multiplier", models.DecimalField(decimal_places=4, max_digits=8)),
                ("benefits", loyalty.foundation.orm.fields.ExactJSONField(default=list)),
                ("priority", models.IntegerField(default=0)),
                ("color", models.CharField(blank=True, default="", max_length=30)),
                ("retired_ref", models.BigIntegerField(db_default=0, default=0)),
                (
                    "program",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tiers", to="programs.program"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Membership",
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
                ("customer_public_id", models.UUIDField()),
                ("account_id", models.BigIntegerField(unique=True)),
                ("account_public_id", models.UUIDField(unique=True)),
                ("is_tier_by_hand", models.BooleanField(db_default=False, default=False)),
                ("tier_since_at", models.DateTimeField(null=True)),
                ("enrolled_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="customers.customer"
                    ),
                ),
                (
                    "program",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="memberships", to="programs.program"
                    ),
                ),
                (
                    "tier",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="memberships",
                        to="programs.tier",
                    ),
                ),
            ],
            options={
                "db_table": "programs_membership_row",
            },
        ),
        migrations.CreateModel(
            name="ProgramVersion",
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
                ("number", models.PositiveIntegerField()),
                ("starts_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(null=True)),
                ("earn_rule", loyalty.foundation.orm.fields.ExactJSONField(null=True)),
                ("burn_rule", loyalty.foundation.orm.fields.ExactJSONField(null=True)),
                ("earn_cap_daily", models.BigIntegerField(null=True)),
                ("expiry_days", models.PositiveIntegerField(null=True)),
                ("tiers", loyalty.foundation.orm.fields.ExactJSONField(default=list)),
                (
                    "program",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="versions", to="programs.program"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("program", "number"), name="programs_version_number"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("earn_cap_daily__isnull", True), ("earn_cap_daily__gt", 0), _connector="OR"
                        ),
                        name="programs_version_cap_positive",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("expiry_days__isnull", True), ("expiry_days__gt", 0), _connector="OR"),
                        name="programs_version_expiry_positive",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="tier",
            constraint=models.UniqueConstraint(
                deferrable=django.db.models.constraints.Deferrable["DEFERRED"],
                fields=("program", "code", "retired_ref"),
                name="programs_tier_code",
            ),
        ),
        migrations.AddConstraint(
            model_name="tier",
            constraint=models.UniqueConstraint(
                deferrable=django.db.models.constraints.Deferrable["DEFERRED"],
                fields=("program", "min_points", "retired_ref"),
                name="programs_tier_min_points",
            ),
        ),
        migrations.AddConstraint(
            model_name="tier",
            constraint=models.CheckConstraint(
                condition=models.Q(("min_points__gte", 0)), name="programs_tier_min_points_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="tier",
            constraint=models.CheckConstraint(
                condition=models.Q(("multiplier__gt", 0)), name="programs_tier_multiplier_positive"
            ),
        ),
        migrations.AddIndex(
            model_name="membership",
            index=models.Index(fields=["customer_public_id"], name="programs_membership_customer"),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(fields=("program", "customer"), name="programs_membership_once"),
        ),
        install("loyalty.programs", "frozen_versions"),
    ]
