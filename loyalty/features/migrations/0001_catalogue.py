"""The field catalogue."""

import django.db.models.functions.datetime
from django.db import migrations, models

import loyalty.foundation.kernel.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="CatalogueField",
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
                ("name", models.CharField(max_length=100, unique=True)),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("integer", "integer"),
                            ("decimal", "decimal"),
                            ("text", "text"),
                            ("boolean", "boolean"),
                            ("date", "date"),
                            ("datetime", "datetime"),
                            ("text_list", "text_list"),
                            ("number_list", "number_list"),
                        ],
                        max_length=20,
                    ),
                ),
                ("is_nullable", models.BooleanField(default=True)),
                ("data_source", models.CharField(max_length=20)),
                ("label", models.CharField(max_length=100)),
                ("unit", models.CharField(blank=True, default="", max_length=30)),
                ("category", models.CharField(max_length=50)),
                ("description", models.CharField(blank=True, default="", max_length=500)),
                ("is_available", models.BooleanField(default=True)),
                ("freshness", models.DateTimeField(null=True)),
            ],
            options={
                "abstract": False,
            },
        ),
    ]
