"""How many rows the warehouse had when it was last seen to have others."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("features", "0003_purchases"),
    ]

    operations = [
        migrations.AddField(
            model_name="storestate",
            name="row_count",
            field=models.BigIntegerField(null=True),
        ),
    ]
