"""The telephones of a customer by their keys, for who keeps what came from them."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("customers", "0014_event_chains")]

    operations = [install("loyalty.customers", "address_key")]
