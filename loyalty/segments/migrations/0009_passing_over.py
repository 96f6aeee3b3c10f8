"""Facts that nobody asked for are passed over at once."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("segments", "0008_stretches")]

    operations = [install("loyalty.segments", "settling")]
