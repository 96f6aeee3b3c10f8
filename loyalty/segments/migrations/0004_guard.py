"""How many rows a calculation read, so that a load that lost half of them is noticed; and segments as platform facts."""

from django.db import migrations, models

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [
        ("segments", "0003_settling"),
    ]

    operations = [
        migrations.AddField(
            model_name="segment",
            name="rows_read",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="segment",
            name="increments",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        install("loyalty.segments", "facts"),
    ]
