"""Purchases as a view over the event store."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [
        ("features", "0002_store"),
        ("events", "0003_store"),
    ]

    operations = [
        install("loyalty.features", "purchases"),
    ]
