"""Attributes that the operator keeps about customers: definitions, values, and who set them when."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Now

import loyalty.foundation.kernel.ids
import loyalty.foundation.orm.fields
from loyalty.foundation.orm.sql import install

KINDS = ("text", "number", "boolean", "date", "choice")


class Migration(migrations.Migration):
    dependencies = [("customers", "0010_merging")]

    operations = [
        migrations.CreateModel(
            name="Attribute",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "public_id",
                    models.UUIDField(default=loyalty.foundation.kernel.ids.new_public_id, editable=False, unique=True),
                ),
                ("created_at", models.DateTimeField(db_default=Now(), editable=False)),
                ("updated_at", models.DateTimeField(db_default=Now(), editable=False)),
                ("version", models.PositiveIntegerField(db_default=1, default=1)),
                ("code", models.CharField(max_length=40, unique=True)),
                ("label", models.CharField(max_length=100)),
                ("description", models.CharField(blank=True, default="", max_length=500)),
                ("kind", models.CharField(choices=[(one, one) for one in KINDS], max_length=10)),
                ("choices", models.JSONField(default=list)),
                ("is_active", models.BooleanField(default=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(kind__in=list(KINDS)), name="customers_attribute_kind")
                ],
            },
        ),
        migrations.CreateModel(
            name="AttributeValues",
            fields=[
                (
                    "customer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="customers.customer",
                    ),
                ),
                ("data", loyalty.foundation.orm.fields.ExactJSONField(default=dict)),
                ("changed_at", models.DateTimeField()),
            ],
            options={"db_table": "customers_attribute_values"},
        ),
        migrations.CreateModel(
            name="AttributeChange",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("value", loyalty.foundation.orm.fields.ExactJSONField()),
                ("previous", loyalty.foundation.orm.fields.ExactJSONField()),
                ("source", models.CharField(max_length=50)),
                ("actor", models.CharField(blank=True, db_default="", default="", max_length=200)),
                ("key", models.CharField(max_length=250, null=True)),
                ("changed_at", models.DateTimeField()),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.customer",
                    ),
                ),
                (
                    "attribute",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.attribute",
                    ),
                ),
            ],
            options={
                "db_table": "customers_attribute_change",
                "constraints": [models.UniqueConstraint(fields=("key",), name="customers_attribute_change_once")],
                "indexes": [models.Index(fields=["customer", "attribute", "-id"], name="customers_attribute_history")],
            },
        ),
        install("loyalty.customers", "attributes"),
    ]
