"""Slices of an audience that several workers place side by side, instead of one position that one worker moves on."""

import django.db.models.deletion
from django.db import migrations, models

import loyalty.foundation.orm.fields

# What was being placed goes on behind where it was.
CARRY_OVER = """
    INSERT INTO campaigns_audienceslice (occurrence_id, from_chunk, until_chunk, customers)
    SELECT s.occurrence_id, min(s.chunk), max(s.chunk) + 1, sum(s.customers)
    FROM (SELECT c.occurrence_id, c.chunk, c.customers, (sum(c.customers)
            OVER (PARTITION BY c.occurrence_id ORDER BY c.chunk) - c.customers)::bigint / 50000 AS slice
        FROM (SELECT a.occurrence_id, a.chunk, bit_count(a.bits) AS customers FROM campaigns_audiencechunk a
            JOIN campaigns_occurrence o ON o.id = a.occurrence_id
            WHERE NOT o.is_complete AND o.aborted_at IS NULL AND a.chunk >= o.position) c) s
    GROUP BY s.occurrence_id, s.slice
"""


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0005_owner"),
    ]

    operations = [
        migrations.CreateModel(
            name="AudienceSlice",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("from_chunk", models.BigIntegerField()),
                ("until_chunk", models.BigIntegerField()),
                ("customers", models.BigIntegerField()),
                ("placed", loyalty.foundation.orm.fields.ExactJSONField(null=True)),
                (
                    "occurrence",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="slices",
                        to="campaigns.occurrence",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("occurrence", "from_chunk"), name="campaigns_slice_once")
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("placed__isnull", True)), fields=["occurrence"], name="campaigns_slice_open"
                    )
                ],
            },
        ),
        migrations.RunSQL(CARRY_OVER, migrations.RunSQL.noop),
        migrations.RemoveField(model_name="occurrence", name="position"),
    ]
