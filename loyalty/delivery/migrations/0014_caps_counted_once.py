"""A sender counts the caps and the quiet hours of each row once, and not at each place that asks for them."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("delivery", "0013_ids")]

    operations = [install("loyalty.delivery", "policy")]
