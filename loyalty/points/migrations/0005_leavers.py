"""Accounts that were frozen because their member left."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("points", "0004_pool_spending")]
    operations = [
        migrations.CreateModel(
            name="FrozenLeaver",
            fields=[
                ("account_public_id", models.UUIDField(primary_key=True, serialize=False)),
                ("frozen_at", models.DateTimeField()),
            ],
        ),
    ]
