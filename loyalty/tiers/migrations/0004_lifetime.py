"""Where all time counts, the same is counted as in any other window."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("tiers", "0003_facts")]
    operations = [install("loyalty.tiers", "standing")]
