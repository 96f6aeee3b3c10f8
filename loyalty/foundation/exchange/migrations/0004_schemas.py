"""Deliveries name only a schema that is there."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("exchange", "0003_long_sources"), ("events", "0010_chains")]

    operations = [install("loyalty.foundation.exchange", "webhooks")]
