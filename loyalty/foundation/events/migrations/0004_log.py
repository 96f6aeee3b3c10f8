"""Facts move from a slim outbox into a partitioned store, in one order without gaps."""

from django.db import migrations

from loyalty.foundation.orm.sql import install

# Each posting paid for these two; the store has them now.
SLIM = """
    DROP INDEX IF EXISTS events_outbox_history;
    DROP INDEX IF EXISTS events_outbox_window;
    ALTER TABLE events_outbox ALTER recorded_at SET DEFAULT clock_timestamp();
    -- Cutting empty pages off the end takes a lock that every posting would wait for.
    ALTER TABLE events_outbox SET (vacuum_truncate = off);
    DROP FUNCTION IF EXISTS events_relay(text, text[], text[], integer[], integer, text, timestamptz);
"""
# Facts of before, in the order in which they were relayed; what handlers had read by then they do not read again.
MOVE = """
    SELECT events_make_months(now());
    SELECT events_make_months(month) FROM (SELECT DISTINCT date_trunc('month', recorded_at) FROM events_outbox) m (month);
    INSERT INTO events_stored
        SELECT row_number() OVER (ORDER BY o.xid, o.id), o.event_id, o.type, o.version, o.key, o.subject_kind, o.subject_ref,
            o.occurred_at, o.recorded_at, o.correlation_id, o.causation_id, o.data
        FROM events_outbox o;
    UPDATE events_relaycursor c SET position = (
        SELECT count(*) FROM events_outbox o WHERE (o.xid, o.id) <= (c.xid::xid8, c.position));
    UPDATE events_storecursor SET position = (SELECT count(*) FROM events_outbox), seen_below = pg_snapshot_xmin(pg_current_snapshot());
    DELETE FROM events_outbox;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0003_store"),
    ]

    operations = [
        migrations.RunSQL(SLIM, migrations.RunSQL.noop),
        install("loyalty.foundation.events", "log", "store", "reading", "relay"),
        migrations.RunSQL(MOVE, migrations.RunSQL.noop),
        migrations.RemoveField(model_name="relaycursor", name="xid"),
    ]
