"""The inbox of the operator's app."""

import django.db.models.functions.datetime
from django.db import migrations, models

import loyalty.foundation.kernel.ids


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0009_complaints"),
    ]

    operations = [
        migrations.CreateModel(
            name="InboxItem",
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
                ("customer_id", models.BigIntegerField()),
                ("title", models.TextField()),
                ("body", models.TextField()),
                ("url", models.TextField(blank=True, default="")),
                ("expires_at", models.DateTimeField()),
                ("read_at", models.DateTimeField(null=True)),
                ("removed_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("removed_at__isnull", True)),
                        fields=["customer_id", "-id"],
                        name="delivery_inbox",
                    ),
                    models.Index(fields=["expires_at"], name="delivery_inbox_end"),
                ],
            },
        ),
    ]
