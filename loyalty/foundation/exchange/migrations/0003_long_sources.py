"""The source of a mapping may be as long as the name of a topic."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exchange", "0002_intake")]

    operations = [migrations.AlterField("eventmapping", "source", models.CharField(max_length=200))]
