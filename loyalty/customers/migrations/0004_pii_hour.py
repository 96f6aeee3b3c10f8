"""How many people's personal data each person was shown in the hour that runs."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0003_devices")]

    operations = [
        migrations.CreateModel(
            name="PersonalDataHour",
            fields=[
                ("person_ref", models.CharField(max_length=100, primary_key=True, serialize=False)),
                ("hour", models.DateTimeField()),
                ("people", models.BigIntegerField()),
            ],
            options={"db_table": "customers_pii_hour"},
        ),
    ]
