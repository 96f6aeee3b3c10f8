"""Filters that stand were written under the first profile of the rule language; they say so, and keep their meaning."""

from django.db import migrations

FIRST = """
    UPDATE campaigns_campaign SET trigger = trigger || '{"filter_profile": 1}'::jsonb
    WHERE trigger ->> 'kind' = 'event' AND jsonb_typeof(trigger -> 'filter') = 'object'
        AND NOT jsonb_exists(trigger, 'filter_profile')
"""


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0002_facts"),
    ]

    operations = [
        migrations.RunSQL(FIRST, migrations.RunSQL.noop),
    ]
