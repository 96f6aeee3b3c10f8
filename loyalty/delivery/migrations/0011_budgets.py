"""What messages cost, and the budgets that pay for them."""

from decimal import Decimal

import django.db.models.functions.datetime
from django.db import migrations, models

import loyalty.foundation.kernel.ids
from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0010_inbox"),
    ]

    operations = [
        migrations.AddField(
            model_name="message",
            name="program_ref",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="send",
            name="cost",
            field=models.DecimalField(db_default=Decimal("0"), decimal_places=6, default=Decimal("0"), max_digits=12),
        ),
        migrations.CreateModel(
            name="MessageBudget",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "public_id",
                    models.UUIDField(default=loyalty.foundation.kernel.ids.new_public_id, editable=False, unique=True),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "updated_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("version", models.PositiveIntegerField(db_default=1, default=1)),
                (
                    "scope",
                    models.CharField(
                        choices=[("source", "source"), ("program", "program"), ("month", "month")], max_length=10
                    ),
                ),
                ("ref", models.UUIDField(null=True)),
                ("amount", models.DecimalField(decimal_places=2, max_digits=15)),
                (
                    "spent",
                    models.DecimalField(db_default=Decimal("0"), decimal_places=6, default=Decimal("0"), max_digits=17),
                ),
                ("month", models.DateField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("scope", "ref"), name="delivery_budget_once", nulls_distinct=False),
                    models.CheckConstraint(
                        condition=models.Q(("scope__in", ["source", "program", "month"])), name="delivery_budget_scope"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ref", None), ("scope", "month")),
                            models.Q(models.Q(("scope", "month"), _negated=True), ("ref__isnull", False)),
                            _connector="OR",
                        ),
                        name="delivery_budget_ref",
                    ),
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="delivery_budget_amount"),
                ],
            },
        ),
        install("loyalty.delivery", "budgets", "sends_with_cost"),
    ]
