"""Households, imports, warnings, reconciliations; and the view of accounts by wallet."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import loyalty.foundation.kernel.ids
import loyalty.foundation.orm.fields
from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [
        ("points", "0001_points"),
    ]

    operations = [
        migrations.CreateModel(
            name="DailyWork",
            fields=[
                ("program_public_id", models.UUIDField(primary_key=True, serialize=False)),
                ("business_date", models.DateField()),
            ],
            options={
                "db_table": "points_daily_work",
            },
        ),
        migrations.CreateModel(
            name="ImportResult",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "import_id", "row", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("import_id", models.BigIntegerField()),
                ("row", models.IntegerField()),
                ("code", models.TextField()),
                ("account_public_id", models.UUIDField(null=True)),
                ("transaction_public_id", models.UUIDField(null=True)),
            ],
            options={
                "db_table": "points_import_result",
            },
        ),
        migrations.CreateModel(
            name="ImportRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "import_id", "row", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("import_id", models.BigIntegerField()),
                ("row", models.IntegerField()),
                ("customer_ref", models.TextField()),
                ("first_name", models.TextField()),
                ("last_name", models.TextField()),
                ("email", models.TextField()),
                ("phone", models.TextField()),
                ("enrolled_on", models.DateField(null=True)),
                ("tier_code", models.TextField()),
                ("wallet", models.TextField()),
                ("points_balance", models.BigIntegerField()),
                ("expires_on", models.DateField(null=True)),
                ("code", models.TextField()),
            ],
            options={
                "db_table": "points_import_row",
            },
        ),
        migrations.CreateModel(
            name="MemberImport",
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
                ("program_public_id", models.UUIDField()),
                ("file_name", models.CharField(blank=True, default="", max_length=200)),
                ("rows_total", models.IntegerField()),
                ("rows_done", models.IntegerField(default=0)),
                ("rows_imported", models.IntegerField(default=0)),
                ("rows_refused", models.IntegerField(default=0)),
                ("customers_created", models.IntegerField(default=0)),
                ("members_enrolled", models.IntegerField(default=0)),
                ("points_imported", models.BigIntegerField(default=0)),
                ("run_public_id", models.UUIDField(null=True)),
                ("idempotency_key", models.CharField(max_length=200, unique=True)),
                ("request_hash", models.BinaryField()),
            ],
            options={
                "db_table": "points_import",
            },
        ),
        migrations.CreateModel(
            name="Reconciliation",
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
                ("kind", models.CharField(max_length=12)),
                ("touched_since", models.DateTimeField(null=True)),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("last_account_id", models.BigIntegerField(default=0)),
                ("accounts_checked", models.BigIntegerField(default=0)),
                ("discrepancies_found", models.BigIntegerField(default=0)),
                ("invariants", loyalty.foundation.orm.fields.ExactJSONField(null=True)),
            ],
            options={
                "db_table": "points_reconciliation",
            },
        ),
        migrations.CreateModel(
            name="ExpiryWarning",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("account_id", models.BigIntegerField()),
                ("expires_at", models.DateTimeField()),
                ("days_before", models.IntegerField()),
                ("points_amount", models.BigIntegerField()),
                ("warned_at", models.DateTimeField()),
            ],
            options={
                "db_table": "points_expiry_warning",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("account_id", "expires_at", "days_before"), name="points_warning_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Pool",
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
                ("program_public_id", models.UUIDField()),
                ("account_public_id", models.UUIDField(unique=True)),
                ("name", models.CharField(max_length=100)),
                (
                    "status",
                    models.CharField(
                        choices=[("ACTIVE", "Active"), ("CLOSED", "Closed")], default="ACTIVE", max_length=10
                    ),
                ),
            ],
            options={
                "db_table": "points_pool",
                "indexes": [models.Index(fields=["program_public_id", "-id"], name="points_pool_program")],
            },
        ),
        migrations.CreateModel(
            name="ReversedLine",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("transaction_public_id", models.UUIDField()),
                ("line_id", models.CharField(max_length=100)),
                ("amount", models.DecimalField(decimal_places=6, max_digits=20)),
                ("amount_reversed", models.DecimalField(decimal_places=6, max_digits=20)),
                ("points_reversed", models.BigIntegerField()),
            ],
            options={
                "db_table": "points_reversed_line",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("transaction_public_id", "line_id"), name="points_reversed_line_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount_reversed__gt", 0), ("amount_reversed__lte", models.F("amount"))),
                        name="points_reversed_line_bounds",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PoolMember",
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
                ("program_public_id", models.UUIDField()),
                ("customer_public_id", models.UUIDField()),
                ("role", models.CharField(max_length=10)),
                ("points_daily_max", models.BigIntegerField(null=True)),
                ("is_earning_into_pool", models.BooleanField(db_default=False, default=False)),
                ("joined_at", models.DateTimeField()),
                ("left_at", models.DateTimeField(null=True)),
                (
                    "pool",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="members", to="points.pool"
                    ),
                ),
            ],
            options={
                "db_table": "points_pool_member",
                "indexes": [models.Index(fields=["pool", "id"], name="points_pool_member_pool")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("left_at__isnull", True)),
                        fields=("program_public_id", "customer_public_id"),
                        name="points_pool_member_one_household",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("left_at__isnull", True), ("role", "owner")),
                        fields=("pool",),
                        name="points_pool_member_one_owner",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["owner", "spender", "viewer"])), name="points_pool_member_role"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("points_daily_max__isnull", True), ("points_daily_max__gt", 0), _connector="OR"
                        ),
                        name="points_pool_member_limit",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AccountDiscrepancy",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("account_public_id", models.UUIDField()),
                ("code", models.CharField(max_length=50)),
                ("expected", models.BigIntegerField()),
                ("found", models.BigIntegerField()),
                ("found_at", models.DateTimeField()),
                (
                    "reconciliation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="discrepancies",
                        to="points.reconciliation",
                    ),
                ),
            ],
            options={
                "db_table": "points_discrepancy",
                "indexes": [models.Index(fields=["account_public_id"], name="points_discrepancy_account")],
            },
        ),
        install("loyalty.points", "accounts", "movement"),
    ]
