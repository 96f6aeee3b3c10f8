"""The members of a segment as bits, for other domains."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [
        ("segments", "0005_log"),
    ]

    operations = [
        install("loyalty.segments", "chunks"),
    ]
