"""That somebody asked for a reset of their password by mail: the row is the queue."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Add the instant."""

    dependencies = [("signing_in", "0002_sealed_length")]

    operations = [
        migrations.AddField("passwordstate", "reset_asked_at", models.DateTimeField(null=True)),
        migrations.AddIndex(
            "passwordstate",
            models.Index(
                fields=["reset_asked_at"],
                name="signing_in_reset_asked",
                condition=models.Q(reset_asked_at__isnull=False),
            ),
        ),
    ]
