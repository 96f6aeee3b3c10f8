"""Room in the pages of balances for new versions of all their rows, for databases made before (their new pages, that is)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_told_refusals")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE ledger_balance SET (fillfactor = 50)", "ALTER TABLE ledger_balance SET (fillfactor = 70)"
        )
    ]
