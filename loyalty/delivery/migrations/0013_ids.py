"""The ids of a set of sends can be drawn at once."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("delivery", "0012_plans")]

    operations = [install("loyalty.delivery", "ids")]
