"""Receipts and what customers send us, suppressions and the contact policy, and the steps from window to window."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import loyalty.foundation.kernel.ids


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0002_turn"),
    ]

    operations = [
        migrations.AddField(
            model_name="message",
            name="valid_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.CreateModel(
            name="ContactPolicy",
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
                ("is_only", models.BooleanField(default=True, unique=True)),
                ("caps", models.JSONField(default=list)),
                ("quiet_hours", models.JSONField(default=list)),
                ("holdout_percent", models.PositiveSmallIntegerField(default=0)),
                ("holdout_salt", models.CharField(max_length=32)),
                ("time_zone", models.CharField(default="UTC", max_length=64)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("is_only", True)), name="delivery_policy_one"),
                    models.CheckConstraint(
                        condition=models.Q(("holdout_percent__lte", 50)), name="delivery_policy_holdout"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="InboundMessage",
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
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("email", "email"),
                            ("sms", "sms"),
                            ("push", "push"),
                            ("in_app", "in_app"),
                            ("webhook", "webhook"),
                        ],
                        max_length=10,
                    ),
                ),
                ("reference", models.CharField(max_length=200)),
                ("from_address", models.CharField(max_length=254)),
                ("to_address", models.CharField(max_length=254)),
                ("body", models.TextField()),
                ("keyword", models.CharField(blank=True, default="", max_length=10)),
                ("customers", models.PositiveIntegerField(default=0)),
                ("received_at", models.DateTimeField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("channel", "reference"), name="delivery_inbound_once")],
            },
        ),
        migrations.CreateModel(
            name="ProviderReceipt",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("email", "email"),
                            ("sms", "sms"),
                            ("push", "push"),
                            ("in_app", "in_app"),
                            ("webhook", "webhook"),
                        ],
                        max_length=10,
                    ),
                ),
                ("reference", models.CharField(max_length=200)),
                (
                    "outcome",
                    models.CharField(
                        choices=[("delivered", "delivered"), ("failed", "failed"), ("refused", "refused")],
                        max_length=10,
                    ),
                ),
                ("detail", models.CharField(blank=True, default="", max_length=200)),
                ("occurred_at", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                ("applied_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "delivery_receipt",
                "indexes": [
                    models.Index(
                        condition=models.Q(("applied_at", None)), fields=["id"], name="delivery_receipt_waiting"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("channel", "reference", "outcome"), name="delivery_receipt_once"),
                    models.CheckConstraint(
                        condition=models.Q(("outcome__in", ["delivered", "failed", "refused"])),
                        name="delivery_receipt_outcome",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Suppression",
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
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("email", "email"),
                            ("sms", "sms"),
                            ("push", "push"),
                            ("in_app", "in_app"),
                            ("webhook", "webhook"),
                        ],
                        max_length=10,
                    ),
                ),
                ("address", models.CharField(max_length=254)),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("legal", "legal"),
                            ("complained", "complained"),
                            ("bounced", "bounced"),
                            ("manual", "manual"),
                        ],
                        max_length=10,
                    ),
                ),
                ("origin", models.CharField(blank=True, default="", max_length=200)),
                ("until", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("channel", "address"), name="delivery_suppression_once"),
                    models.CheckConstraint(
                        condition=models.Q(("reason__in", ["legal", "complained", "bounced", "manual"])),
                        name="delivery_suppression_reason",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProviderReference",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("email", "email"),
                            ("sms", "sms"),
                            ("push", "push"),
                            ("in_app", "in_app"),
                            ("webhook", "webhook"),
                        ],
                        max_length=10,
                    ),
                ),
                ("reference", models.CharField(max_length=200)),
                ("outcome", models.CharField(blank=True, db_default="", default="", max_length=10)),
                ("created_at", models.DateTimeField()),
                (
                    "send",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="references", to="delivery.send"
                    ),
                ),
            ],
            options={
                "db_table": "delivery_reference",
                "constraints": [
                    models.UniqueConstraint(fields=("channel", "reference"), name="delivery_reference_once")
                ],
            },
        ),
        migrations.RunSQL("DROP FUNCTION IF EXISTS delivery_turn", migrations.RunSQL.noop),
        migrations.RunSQL("DROP FUNCTION IF EXISTS delivery_exclusion", migrations.RunSQL.noop),
    ]
