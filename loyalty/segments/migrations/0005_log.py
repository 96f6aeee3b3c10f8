"""Event-driven segments read the event store by position."""

from django.db import migrations

from loyalty.foundation.orm.sql import install

# What was in the outbox of before is stored by now; who was put in line by it once more is looked at once more.
MOVE = """
    DROP FUNCTION IF EXISTS segments_collect(text[], integer, text, timestamptz);
    UPDATE segments_eventcursor SET position = coalesce(
        (SELECT c.position FROM events_relaycursor c WHERE c.name = 'postgres'), 0);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("segments", "0004_guard"),
        ("events", "0004_log"),
    ]

    operations = [
        migrations.RunSQL(MOVE, migrations.RunSQL.noop),
        migrations.RemoveField(model_name="eventcursor", name="xid"),
        install("loyalty.segments", "settling"),
    ]
