"""Customers of a file are taken in by one function of sets."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("customers", "0001_customers"), ("events", "0002_inbox_rank")]
    operations = [install("loyalty.customers", "take_new")]
