"""The verbs of the ledger as SQL functions, and its contract view."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_tables")]
    operations = [
        install("loyalty.ledger", "common", "caps", "accounts", "earn", "earn_batch", "pending", "burn", "burn_batch"),
        install("loyalty.ledger", "open_lots"),
        install(
            "loyalty.ledger", "adjust", "transfer", "hold", "reverse", "expire", "merge", "close", "reconcile", "views"
        ),
    ]
