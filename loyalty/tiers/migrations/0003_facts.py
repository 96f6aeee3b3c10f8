"""What tiers offers to rules and segments as platform facts."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [
        ("tiers", "0002_qualification"),
        ("programs", "0004_membership"),
    ]

    operations = [
        install("loyalty.tiers", "facts"),
    ]
