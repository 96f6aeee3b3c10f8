"""Of one round of the relay the lower ranks are handed on first, so that a higher one finds many facts at once."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("events", "0006_retention")]

    operations = [
        migrations.RemoveIndex("inboxentry", "events_inbox_due"),
        migrations.AddIndex(
            "inboxentry",
            models.Index(fields=["due_at", "rank", "id"], name="events_inbox_due", condition=models.Q(state="PENDING")),
        ),
    ]
