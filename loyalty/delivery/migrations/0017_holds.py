"""A message that waits says why: quiet hours, or a better one that goes first."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("delivery", "0016_inbound_parts")]

    operations = [install("loyalty.delivery", "policy")]
