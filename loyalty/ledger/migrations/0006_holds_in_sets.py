"""Holds, captures and releases of many accounts in one statement each."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("ledger", "0005_room_in_pages")]
    operations = [install("loyalty.ledger", "hold_batch")]
