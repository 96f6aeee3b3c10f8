"""Held a function of the contact policy that 0003 installs in another form; stays for those who have it."""

from django.db import migrations


class Migration(migrations.Migration):
    """Nothing any more."""

    dependencies = [("delivery", "0001_sends"), ("customers", "0001_customers")]
    operations: list[migrations.operations.base.Operation] = []
