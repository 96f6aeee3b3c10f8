"""Facts about messages name what the messages were sent for as their cause."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("delivery", "0017_holds")]

    operations = [install("loyalty.delivery", "window", "receipts")]
