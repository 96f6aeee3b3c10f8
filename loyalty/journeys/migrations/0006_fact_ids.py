"""The facts of those who come in and end get their ids from the executions, in place of random ones."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("journeys", "0005_stretches")]

    operations = [install("loyalty.journeys", "moving", "entering")]
