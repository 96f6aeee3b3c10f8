"""Events from outside keep the chain of causes that their sender names."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("customers", "0013_address_key")]

    operations = [install("loyalty.customers", "events")]
