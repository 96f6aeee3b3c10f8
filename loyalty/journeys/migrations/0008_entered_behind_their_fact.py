"""Whom a fact leads in waits for what stands behind that fact, not for what the same reading read before it."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("journeys", "0007_assignments")]
    operations = [install("loyalty.journeys", "entering")]
