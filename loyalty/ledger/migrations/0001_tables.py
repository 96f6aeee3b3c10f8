"""Tables and guards of the ledger."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    initial = True
    dependencies = [("events", "0001_outbox")]
    operations = [install("loyalty.ledger", "schema", "guards")]
