"""What lies below balances, summed up table by table: most accounts have lots and nothing else."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("ledger", "0009_points_overdue")]
    operations = [install("loyalty.ledger", "reconcile")]
