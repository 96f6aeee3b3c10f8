"""Members are let in by several workers side by side, and who leaves by a timer is read once."""

import django.db.models.deletion
from django.db import migrations, models

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("journeys", "0004_owner"), ("segments", "0008_stretches")]

    operations = [
        migrations.CreateModel(
            name="Stretch",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "backfill",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="stretches", to="journeys.backfill"
                    ),
                ),
                ("after_id", models.BigIntegerField()),
                ("until_id", models.BigIntegerField()),
            ],
        ),
        # What is half done is laid out anew: who came in already is passed by.
        migrations.AddField("backfill", "is_planned", models.BooleanField(db_default=False, default=False)),
        migrations.RemoveField("backfill", "cursor"),
        migrations.RunSQL(
            "DROP FUNCTION IF EXISTS journeys_leave(bigint, uuid[], text[], jsonb[], text[], timestamptz)",
            migrations.RunSQL.noop,
        ),
        install("loyalty.journeys", "moving", "entering"),
    ]
