"""The list of programs for other domains to join."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("programs", "0001_programs")]
    operations = [install("loyalty.programs", "directory")]
