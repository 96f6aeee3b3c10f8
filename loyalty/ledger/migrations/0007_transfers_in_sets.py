"""Transfers between many accounts in one statement."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("ledger", "0006_holds_in_sets")]
    operations = [install("loyalty.ledger", "transfer_batch")]
