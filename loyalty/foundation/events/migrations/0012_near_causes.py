"""The chain of a fact's cause is asked of the last months only."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("events", "0011_bare_subjects")]

    operations = [install("loyalty.foundation.events", "log")]
