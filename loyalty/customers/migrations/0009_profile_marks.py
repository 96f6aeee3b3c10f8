"""Sources tell of single fields, in any order, and the latest word counts."""

import django.db.models.deletion
from django.db import migrations, models

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("customers", "0008_erasure")]

    operations = [
        migrations.AddField("customer", "told_at", models.DateTimeField(null=True)),
        migrations.CreateModel(
            name="ProfileMark",
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
                ("marks", models.JSONField()),
                ("latest_at", models.DateTimeField()),
            ],
            options={"db_table": "customers_profile_mark"},
        ),
        install("loyalty.customers", "upsert", "take_new", "events"),
    ]
