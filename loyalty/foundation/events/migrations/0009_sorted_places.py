"""Facts are stored by their places instead of being sorted whole, and ids of one statement lie in their order."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("events", "0008_ordered_ids")]

    operations = [install("loyalty.foundation.events", "ids", "log")]
