"""Whom a message may reach by one way, without going through the others."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("customers", "0004_pii_hour")]

    operations = [install("loyalty.customers", "reachable")]
