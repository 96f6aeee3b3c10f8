"""Webhook endpoints, their deliveries and tries."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import loyalty.foundation.kernel.ids
from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("events", "0005_cloud"),
    ]

    operations = [
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("public_id", models.UUIDField(default=loyalty.foundation.kernel.ids.new_public_id, unique=True)),
                ("event_id", models.UUIDField()),
                ("type", models.TextField()),
                ("key", models.TextField(blank=True)),
                ("body", models.TextField()),
                (
                    "state",
                    models.CharField(
                        choices=[("PENDING", "PENDING"), ("DELIVERED", "DELIVERED"), ("FAILED", "FAILED")],
                        db_default="PENDING",
                        default="PENDING",
                        max_length=10,
                    ),
                ),
                ("attempts", models.SmallIntegerField(db_default=0, default=0)),
                ("created_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("delivered_at", models.DateTimeField(null=True)),
                ("last_outcome", models.CharField(blank=True, db_default="", default="", max_length=60)),
            ],
        ),
        migrations.CreateModel(
            name="WebhookEndpoint",
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
                ("url", models.URLField(max_length=2000)),
                ("description", models.CharField(blank=True, default="", max_length=200)),
                (
                    "types",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=100), default=list, size=None
                    ),
                ),
                (
                    "order",
                    models.CharField(choices=[("endpoint", "endpoint"), ("key", "key")], default="key", max_length=10),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("ACTIVE", "ACTIVE"), ("PAUSED", "PAUSED"), ("DISABLED", "DISABLED")],
                        default="ACTIVE",
                        max_length=10,
                    ),
                ),
                ("state_reason", models.CharField(blank=True, default="", max_length=60)),
                ("salt", models.CharField(max_length=64)),
                ("salt_before", models.CharField(blank=True, default="", max_length=64)),
                ("salt_before_until", models.DateTimeField(null=True)),
                ("position", models.BigIntegerField(default=0)),
                ("failures_in_a_row", models.PositiveIntegerField(default=0)),
                ("open_until", models.DateTimeField(null=True)),
                ("last_success_at", models.DateTimeField(null=True)),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="WebhookAttempt",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("status_code", models.SmallIntegerField(null=True)),
                ("outcome", models.CharField(max_length=60)),
                ("took_ms", models.IntegerField()),
                ("answer", models.TextField(blank=True, default="")),
                (
                    "delivery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tries", to="exchange.webhookdelivery"
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="webhookdelivery",
            name="endpoint",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="exchange.webhookendpoint"
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("state", "PENDING")), fields=["due_at", "id"], name="exchange_delivery_due"
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("state", "PENDING")),
                fields=["endpoint", "key", "id"],
                name="exchange_delivery_order",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["endpoint", "-id"], name="exchange_delivery_log"),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["created_at"], name="exchange_delivery_age"),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.UniqueConstraint(fields=("endpoint", "event_id"), name="exchange_delivery_once"),
        ),
        install("loyalty.foundation.exchange", "webhooks"),
    ]
