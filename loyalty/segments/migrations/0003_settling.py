"""Event-driven segments: the cursor over the facts, and when a customer in line is due."""

import django.db.models.functions.datetime
from django.db import migrations, models

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [
        ("segments", "0002_bitmaps"),
    ]

    operations = [
        migrations.CreateModel(
            name="EventCursor",
            fields=[
                ("name", models.CharField(max_length=50, primary_key=True, serialize=False)),
                ("xid", models.TextField(default="0")),
                ("position", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.AddField(
            model_name="dirtycustomer",
            name="due_at",
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.AddField(
            model_name="segment",
            name="features_as_of",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="dirtycustomer",
            index=models.Index(fields=["due_at"], name="segments_dirty_due"),
        ),
        install("loyalty.segments", "settling"),
    ]
