"""Leading people elsewhere when another version counts, and how far the rules were asked."""

from django.db import migrations, models

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("journeys", "0001_journeys")]

    operations = [
        migrations.AddField(
            model_name="version",
            name="asked_after",
            field=models.UUIDField(null=True),
        ),
        install("loyalty.journeys", "moving", "leading"),
    ]
