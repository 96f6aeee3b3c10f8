"""Who made a segment; those that stood before are nobody's own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("segments", "0006_chunks"),
    ]

    operations = [
        migrations.AddField(
            model_name="segment",
            name="owner_ref",
            field=models.CharField(db_index=True, max_length=100, null=True),
        ),
    ]
