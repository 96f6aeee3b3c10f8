"""A roll-back takes back what a publication did to people: how they stood is kept, and for how long timers stood still."""

from datetime import timedelta

from django.db import migrations, models

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("journeys", "0008_entered_behind_their_fact"), ("segments", "0008_stretches")]

    operations = [
        migrations.AddField(
            "journey", "frozen_for", models.DurationField(db_default=timedelta(0), default=timedelta(0))
        ),
        # The same with one argument more; with both a call of the shorter form would mean either.
        migrations.RunSQL(
            "DROP FUNCTION IF EXISTS journeys_move(bigint, bigint, uuid[], boolean, text, text, timestamptz);"
            "DROP FUNCTION IF EXISTS journeys_end_at(bigint[], text, text, text, timestamptz)",
            migrations.RunSQL.noop,
        ),
        install("loyalty.journeys", "leading", "returning"),
    ]
