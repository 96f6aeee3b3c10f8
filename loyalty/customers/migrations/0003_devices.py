"""Devices that push messages reach, more channels, and who is reachable on them."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import loyalty.foundation.kernel.ids
from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0002_take_new"),
    ]

    operations = [
        migrations.AlterField(
            model_name="consent",
            name="channel",
            field=models.CharField(
                choices=[
                    ("email", "email"),
                    ("sms", "sms"),
                    ("push", "push"),
                    ("in_app", "in_app"),
                    ("webhook", "webhook"),
                    ("whatsapp", "whatsapp"),
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="consentchange",
            name="channel",
            field=models.CharField(
                choices=[
                    ("email", "email"),
                    ("sms", "sms"),
                    ("push", "push"),
                    ("in_app", "in_app"),
                    ("webhook", "webhook"),
                    ("whatsapp", "whatsapp"),
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="contactpoint",
            name="channel",
            field=models.CharField(
                choices=[
                    ("email", "email"),
                    ("sms", "sms"),
                    ("push", "push"),
                    ("in_app", "in_app"),
                    ("webhook", "webhook"),
                    ("whatsapp", "whatsapp"),
                ],
                max_length=10,
            ),
        ),
        migrations.CreateModel(
            name="Device",
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
                ("device_ref", models.CharField(max_length=200)),
                ("platform", models.CharField(choices=[("fcm", "fcm"), ("apns", "apns")], max_length=10)),
                ("token", models.CharField(max_length=4096)),
                ("token_digest", models.BinaryField(max_length=32)),
                ("app_version", models.CharField(blank=True, db_default="", default="", max_length=50)),
                ("language", models.CharField(blank=True, db_default="", default="", max_length=10)),
                ("seen_at", models.DateTimeField()),
                ("disabled_at", models.DateTimeField(null=True)),
                ("disabled_reason", models.CharField(blank=True, db_default="", default="", max_length=100)),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="devices",
                        to="customers.customer",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("disabled_at", None)), fields=["customer"], name="customers_device_active"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("customer", "device_ref"), name="customers_device_once"),
                    models.UniqueConstraint(fields=("platform", "token_digest"), name="customers_device_token_once"),
                    models.CheckConstraint(
                        condition=models.Q(("platform__in", ["fcm", "apns"])), name="customers_device_platform"
                    ),
                ],
            },
        ),
        install("loyalty.customers", "upsert", "reachable"),
    ]
