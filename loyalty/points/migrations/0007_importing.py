"""Imports are taken in by one function of sets."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [
        ("points", "0006_facts"),
        ("customers", "0002_take_new"),
        ("programs", "0005_taking"),
        ("ledger", "0002_functions"),
    ]
    operations = [
        migrations.RunSQL(
            "DROP FUNCTION IF EXISTS points_post_import(bigint, uuid, uuid, text, text, timestamptz, text, integer, "
            "timestamptz, timestamptz)",
            migrations.RunSQL.noop,
        ),
        install("loyalty.points", "importing"),
    ]
