"""Facts written by statements have ids in their order, and a backlog is stored without sorting in files."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("events", "0007_inbox_by_rank")]

    operations = [install("loyalty.foundation.events", "ids", "log")]
