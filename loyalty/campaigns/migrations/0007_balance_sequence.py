"""The number of the posting by which a member's side of a threshold was last told, so that an older one that arrives
late turns nothing."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0006_slices"),
    ]

    operations = [
        migrations.AddField(
            model_name="balancemark",
            name="account_sequence",
            field=models.BigIntegerField(null=True),
        ),
    ]
