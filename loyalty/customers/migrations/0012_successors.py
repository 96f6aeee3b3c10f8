"""A contract view of whom merged customers are now."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("customers", "0011_attributes")]

    operations = [install("loyalty.customers", "successors")]
