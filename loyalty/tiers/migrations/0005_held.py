"""Who counts something holds the member, so that a settling under way cannot overlook it."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("tiers", "0004_lifetime"), ("programs", "0004_membership")]
    operations = [install("loyalty.tiers", "counting")]
