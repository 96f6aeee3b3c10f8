"""What points offers to rules and segments as platform facts."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [
        ("points", "0005_leavers"),
        ("ledger", "0002_functions"),
    ]

    operations = [
        install("loyalty.points", "facts"),
    ]
