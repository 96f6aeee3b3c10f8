"""Inactivity by the moment of what happened, for databases that were made before."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_functions")]
    operations = [install("loyalty.ledger", "expire")]
