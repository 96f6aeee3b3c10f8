"""Who made a campaign; those that stood before are nobody's own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0004_deep"),
    ]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="owner_ref",
            field=models.CharField(db_index=True, max_length=100, null=True),
        ),
    ]
