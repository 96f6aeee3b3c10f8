"""What campaigns offers to rules and segments as platform facts: how customers were written to."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0001_campaigns"),
        ("delivery", "0002_turn"),
    ]

    operations = [
        install("loyalty.campaigns", "facts"),
    ]
