"""The function of the contact policy in sets."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    """Install sql/contact.sql."""

    dependencies = [("delivery", "0001_sends"), ("customers", "0001_customers")]
    operations = [install("loyalty.delivery", "contact")]
