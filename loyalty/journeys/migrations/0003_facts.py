"""People who come in and people who are through are told as facts."""

from django.db import migrations

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("journeys", "0002_plans"), ("events", "0004_log")]

    operations = [install("loyalty.journeys", "moving", "leading", "entering")]
