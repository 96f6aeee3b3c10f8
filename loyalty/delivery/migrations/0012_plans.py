"""The statements of a window are planned once for a session."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("delivery", "0011_budgets")]

    operations = [install("loyalty.delivery", "policy", "window", "budgets")]
