"""Short links, who followed which link, what machines did, and what customers chose for themselves."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0005_channels"),
    ]

    operations = [
        migrations.CreateModel(
            name="CustomerPreference",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("customer_id", models.BigIntegerField(unique=True)),
                ("language", models.CharField(blank=True, db_default="", default="", max_length=20)),
                ("quiet_hours", models.JSONField(default=list)),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "db_table": "delivery_preference",
            },
        ),
        migrations.CreateModel(
            name="TrackedLink",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("digest", models.BinaryField(max_length=32, unique=True)),
                ("target", models.TextField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "delivery_link",
            },
        ),
        migrations.CreateModel(
            name="Visit",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("action", models.CharField(choices=[("open", "open"), ("click", "click")], max_length=5)),
                ("target", models.TextField(blank=True, default="")),
                ("target_digest", models.BinaryField(max_length=32)),
                ("machine", models.CharField(blank=True, default="", max_length=20)),
                ("user_agent", models.CharField(blank=True, default="", max_length=300)),
                ("visits", models.PositiveIntegerField(db_default=1, default=1)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                (
                    "send",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="visits", to="delivery.send"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("send", "action", "target_digest", "machine"), name="delivery_visit_once"
                    )
                ],
            },
        ),
        install("loyalty.delivery", "policy"),
        install("loyalty.delivery", "visits"),
    ]
