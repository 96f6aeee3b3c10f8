"""Rules that give once in a membership."""

from django.db import migrations, models

from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [("points", "0002_movement")]

    operations = [
        migrations.CreateModel(
            name="RuleGiven",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("account_public_id", models.UUIDField()),
                ("rule_code", models.CharField(max_length=50)),
                ("given_at", models.DateTimeField()),
            ],
            options={
                "db_table": "points_rule_given",
                "constraints": [
                    models.UniqueConstraint(fields=("account_public_id", "rule_code"), name="points_rule_given_once")
                ],
            },
        ),
        install("loyalty.points", "seen"),
    ]
