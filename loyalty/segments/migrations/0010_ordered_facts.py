"""The facts of who came into a segment and who left it have ids in their order."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("segments", "0009_passing_over"), ("events", "0008_ordered_ids")]

    operations = [install("loyalty.segments", "telling")]
