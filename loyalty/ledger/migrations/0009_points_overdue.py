"""The points that no burn takes any more, for other domains' readings of balances."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("ledger", "0008_lots_of_earns_in_their_entries")]
    operations = [install("loyalty.ledger", "overdue")]
