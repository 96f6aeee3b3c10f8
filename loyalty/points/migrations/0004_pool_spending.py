"""How much customers have spent of their households in a day."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("points", "0003_rules_given"),
    ]

    operations = [
        migrations.CreateModel(
            name="PoolSpending",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("business_date", models.DateField()),
                ("points_spent", models.BigIntegerField()),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="points.poolmember"
                    ),
                ),
            ],
            options={
                "db_table": "points_pool_spending",
                "constraints": [
                    models.UniqueConstraint(fields=("member", "business_date"), name="points_pool_spending_once")
                ],
            },
        ),
    ]
