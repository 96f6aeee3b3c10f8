"""Every fact is stored with the chain of causes that it belongs to, and as a CloudEvent names only a schema that is there."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("events", "0009_sorted_places")]

    operations = [install("loyalty.foundation.events", "log", "cloud")]
