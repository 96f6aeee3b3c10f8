"""Taking members in tells of them in the same statement."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("programs", "0004_membership"), ("events", "0002_inbox_rank")]
    operations = [install("loyalty.programs", "taking")]
