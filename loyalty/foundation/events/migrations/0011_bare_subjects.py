"""The subject of a fact about something of no kind is its reference alone, as its sender wrote it."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("events", "0010_chains")]

    operations = [install("loyalty.foundation.events", "cloud")]
