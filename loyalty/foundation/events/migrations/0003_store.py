"""What happened to one customer is found along an index, and a window of time without reading all."""

from django.db import migrations

from loyalty.foundation.orm.sql import install

HISTORY = """
    CREATE INDEX CONCURRENTLY IF NOT EXISTS events_outbox_history
    ON events_outbox (hashtextextended(key || ' ' || type, 0), occurred_at)
"""
# Facts are appended about in the order in which they happened, so a few kilobytes tell where a window of time lies.
# Without autosummarize whatever came since the last vacuum would be read whole.
WINDOW = """
    CREATE INDEX CONCURRENTLY IF NOT EXISTS events_outbox_window
    ON events_outbox USING brin (occurred_at) WITH (autosummarize = on)
"""


class Migration(migrations.Migration):
    # The platform goes on publishing while the indexes are built.
    atomic = False

    dependencies = [
        ("events", "0002_inbox_rank"),
    ]

    operations = [
        migrations.RunSQL(HISTORY, "DROP INDEX IF EXISTS events_outbox_history"),
        migrations.RunSQL(WINDOW, "DROP INDEX IF EXISTS events_outbox_window"),
        install("loyalty.foundation.events", "log", "store", "reading"),
    ]
