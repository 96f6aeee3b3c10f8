"""Lines of batches that tell what a single call would, and returns of emptied wallets, for databases made before."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_by_business_moment")]
    operations = [
        install("loyalty.ledger", "common", "earn", "earn_batch", "pending", "burn", "burn_batch", "open_lots"),
        install("loyalty.ledger", "adjust", "transfer", "hold", "reverse"),
    ]
