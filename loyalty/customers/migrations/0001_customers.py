"""Customers, contact points, consents, events from outside, and their contract views."""

import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.db import migrations, models

import loyalty.foundation.kernel.ids
import loyalty.foundation.orm.fields
from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    initial = True

    dependencies = [("events", "0001_outbox")]

    operations = [
        migrations.CreateModel(
            name="EventSource",
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
                ("code", models.SlugField(unique=True)),
                ("name", models.CharField(max_length=100)),
                ("salt", models.CharField(max_length=64)),
                ("is_active", models.BooleanField(default=True)),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Customer",
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
                ("customer_ref", models.CharField(max_length=100, unique=True)),
                ("first_name", models.CharField(blank=True, default="", max_length=100)),
                ("last_name", models.CharField(blank=True, default="", max_length=100)),
                (
                    "status",
                    models.CharField(
                        choices=[("ACTIVE", "ACTIVE"), ("SUSPENDED", "SUSPENDED"), ("CLOSED", "CLOSED")],
                        default="ACTIVE",
                        max_length=10,
                    ),
                ),
                ("language", models.CharField(default="en", max_length=10)),
                ("time_zone", models.CharField(default="UTC", max_length=50)),
                ("city", models.CharField(blank=True, default="", max_length=100)),
                ("gender", models.CharField(blank=True, default="", max_length=20)),
                ("birth_date", models.DateField(null=True)),
                ("customer_since", models.DateField(null=True)),
                ("source", models.CharField(max_length=30)),
            ],
            options={
                "indexes": [
                    models.Index(
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Upper("customer_ref"), name="text_pattern_ops"
                        ),
                        name="customers_ref_prefix",
                    ),
                    models.Index(
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Upper("first_name"), name="text_pattern_ops"
                        ),
                        name="customers_first_prefix",
                    ),
                    models.Index(
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Upper("last_name"), name="text_pattern_ops"
                        ),
                        name="customers_last_prefix",
                    ),
                    models.Index(fields=["status", "-id"], name="customers_status"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ContactPoint",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "channel",
                    models.CharField(choices=[("email", "email"), ("sms", "sms"), ("push", "push")], max_length=10),
                ),
                ("address", models.CharField(max_length=254)),
                ("is_primary", models.BooleanField(default=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="contact_points",
                        to="customers.customer",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Upper("address"), name="text_pattern_ops"
                        ),
                        name="customers_contact_prefix",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("customer", "channel", "address"), name="customers_contact_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("is_primary", True)),
                        fields=("customer", "channel"),
                        include=("address",),
                        name="customers_contact_one_primary",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ConsentChange",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "channel",
                    models.CharField(choices=[("email", "email"), ("sms", "sms"), ("push", "push")], max_length=10),
                ),
                (
                    "purpose",
                    models.CharField(choices=[("marketing", "marketing"), ("service", "service")], max_length=10),
                ),
                ("is_granted", models.BooleanField()),
                ("source", models.CharField(max_length=50)),
                ("reason", models.CharField(blank=True, db_default="", default="", max_length=300)),
                ("changed_at", models.DateTimeField()),
                (
                    "recorded_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="consent_changes",
                        to="customers.customer",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["customer", "-id"], name="customers_consent_history")],
            },
        ),
        migrations.CreateModel(
            name="Consent",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "channel",
                    models.CharField(choices=[("email", "email"), ("sms", "sms"), ("push", "push")], max_length=10),
                ),
                (
                    "purpose",
                    models.CharField(choices=[("marketing", "marketing"), ("service", "service")], max_length=10),
                ),
                ("is_granted", models.BooleanField()),
                ("source", models.CharField(max_length=50)),
                ("changed_at", models.DateTimeField()),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="consents", to="customers.customer"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("customer", "channel", "purpose"),
                        include=("is_granted",),
                        name="customers_consent_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CustomerEvent",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("source", models.CharField(max_length=50)),
                ("event_id", models.CharField(max_length=200)),
                ("type", models.CharField(max_length=80)),
                ("occurred_at", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                ("data", loyalty.foundation.orm.fields.ExactJSONField()),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="customers.customer"
                    ),
                ),
            ],
            options={
                "db_table": "customers_event",
                "indexes": [models.Index(fields=["customer", "-occurred_at"], name="customers_event_timeline")],
                "constraints": [models.UniqueConstraint(fields=("source", "event_id"), name="customers_event_once")],
            },
        ),
        install("loyalty.customers", "views", "upsert", "events"),
    ]
