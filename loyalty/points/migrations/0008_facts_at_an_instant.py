"""Platform facts as they are at an instant: what no burn takes any more is no part of the balance."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("points", "0007_importing"), ("ledger", "0009_points_overdue")]
    operations = [install("loyalty.points", "facts_at")]
