"""Whom a message may reach among customers with neighbouring ids; the view is written out again."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("customers", "0006_reachable_once")]

    operations = [install("loyalty.customers", "reachable")]
