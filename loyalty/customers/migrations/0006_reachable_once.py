"""Who is reachable is said once: the view over all ways is made of the function of one way."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("customers", "0005_reachable_by")]

    operations = [install("loyalty.customers", "reachable")]
