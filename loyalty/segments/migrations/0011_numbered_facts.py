"""The facts of one telling have ids in their order."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("segments", "0010_ordered_facts"), ("events", "0009_sorted_places")]

    operations = [install("loyalty.segments", "telling")]
