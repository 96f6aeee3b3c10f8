"""Months of the event store can be dropped, and from when on it is whole is known."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("events", "0005_cloud")]

    operations = [install("loyalty.foundation.events", "retention")]
