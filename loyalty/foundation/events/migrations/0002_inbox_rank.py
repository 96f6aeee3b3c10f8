"""Handlers of one fact go by rank."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0001_outbox"),
    ]

    operations = [
        migrations.AddField(
            model_name="inboxentry",
            name="rank",
            field=models.SmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddIndex(
            model_name="inboxentry",
            index=models.Index(
                condition=models.Q(("state", "PENDING")), fields=["event_id"], name="events_inbox_event"
            ),
        ),
    ]
