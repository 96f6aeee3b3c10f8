"""What several members did is counted in one statement."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("tiers", "0005_held")]
    operations = [install("loyalty.tiers", "counting")]
