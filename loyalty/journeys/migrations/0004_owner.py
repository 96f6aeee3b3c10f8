"""Who made a journey; those that stood before are nobody's own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("journeys", "0003_facts"),
    ]

    operations = [
        migrations.AddField(
            model_name="journey",
            name="owner_ref",
            field=models.CharField(db_index=True, max_length=100, null=True),
        ),
    ]
