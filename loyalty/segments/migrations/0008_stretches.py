"""A segment can be taken in pieces, by several workers side by side."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("segments", "0007_owner")]

    operations = [install("loyalty.segments", "stretches")]
