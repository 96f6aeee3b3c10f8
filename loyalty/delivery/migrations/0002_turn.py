"""The functions of sending: the contact policy in sets, and the turn from one message to the next."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    """Install sql/turn.sql."""

    dependencies = [("delivery", "0001_sends"), ("customers", "0001_customers")]
    operations = [install("loyalty.delivery", "turn")]
