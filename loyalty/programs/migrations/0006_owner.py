"""Who made a program; those that stood before are nobody's own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("programs", "0005_taking"),
    ]

    operations = [
        migrations.AddField(
            model_name="program",
            name="owner_ref",
            field=models.CharField(db_index=True, max_length=100, null=True),
        ),
    ]
