"""Several segments, goals, channels that stand in for each other, variants and a control group, offers, and kept audiences."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

import loyalty.foundation.orm.fields
from loyalty.foundation.orm.sql import install

STATUSES = ["DRAFT", "REVIEW", "SCHEDULED", "ACTIVE", "PAUSED", "ENDED"]
CARRY_OVER = "UPDATE campaigns_campaign SET segment_refs = ARRAY[segment_ref] WHERE segment_ref IS NOT NULL"


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0003_filter_profiles"),
        ("delivery", "0007_variants"),
        ("programs", "0005_taking"),
        ("segments", "0006_chunks"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="campaign", name="campaigns_campaign_status"),
        migrations.AlterField(
            model_name="campaign",
            name="status",
            field=models.CharField(choices=[(one, one) for one in STATUSES], default="DRAFT", max_length=10),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", STATUSES)), name="campaigns_campaign_status"
            ),
        ),
        migrations.AddField(
            model_name="campaign",
            name="segment_refs",
            field=django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, size=None),
        ),
        migrations.AddField(
            model_name="campaign",
            name="excluded_segment_refs",
            field=django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, size=None),
        ),
        migrations.RunSQL(CARRY_OVER, migrations.RunSQL.noop),
        migrations.RemoveIndex(model_name="campaign", name="campaigns_segment"),
        migrations.RemoveField(model_name="campaign", name="segment_ref"),
        migrations.AddIndex(
            model_name="campaign",
            index=django.contrib.postgres.indexes.GinIndex(fields=["segment_refs"], name="campaigns_segments"),
        ),
        migrations.AddField(
            model_name="campaign",
            name="goal",
            field=loyalty.foundation.orm.fields.ExactJSONField(null=True),
        ),
        migrations.AddField(
            model_name="campaign",
            name="fallback",
            field=loyalty.foundation.orm.fields.ExactJSONField(null=True),
        ),
        migrations.AddField(
            model_name="campaign",
            name="variants",
            field=loyalty.foundation.orm.fields.ExactJSONField(default=list),
        ),
        migrations.AddField(
            model_name="campaign",
            name="control_percent",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="campaign",
            name="offers",
            field=loyalty.foundation.orm.fields.ExactJSONField(default=list),
        ),
        migrations.AddField(
            model_name="campaign",
            name="budget_amount",
            field=models.DecimalField(decimal_places=2, max_digits=15, null=True),
        ),
        migrations.AddField(
            model_name="campaign",
            name="priority",
            field=models.PositiveSmallIntegerField(default=5),
        ),
        migrations.AddField(
            model_name="campaign",
            name="repeat_days",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="campaign",
            name="valid_hours",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="campaign",
            name="seeds",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=254), default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="campaign",
            name="starts_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="campaign",
            name="ends_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="occurrence",
            name="population",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="occurrence",
            name="position",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="occurrence",
            name="falls_back_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="occurrence",
            name="aborted_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="conversion",
            name="is_attributed",
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddField(
            model_name="conversion",
            name="is_measured",
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddField(
            model_name="conversion",
            name="amount",
            field=models.DecimalField(decimal_places=4, max_digits=19, null=True),
        ),
        migrations.AddField(
            model_name="conversion",
            name="points_amount",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddIndex(
            model_name="occurrence",
            index=models.Index(
                condition=models.Q(("falls_back_until", None), _negated=True),
                fields=["id"],
                name="campaigns_occurrence_falling",
            ),
        ),
        migrations.CreateModel(
            name="BalanceMark",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("customer_ref", models.UUIDField()),
                ("is_met", models.BooleanField()),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="campaigns.campaign"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("campaign", "customer_ref"), name="campaigns_balance_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="SetEntry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("key", models.CharField(max_length=200)),
                ("customer_ref", models.UUIDField()),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="campaigns.campaign"
                    ),
                ),
                (
                    "occurrence",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="campaigns.occurrence",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("campaign", "key"), name="campaigns_entry_once")],
            },
        ),
        install("loyalty.campaigns", "audience", "sends"),
    ]
