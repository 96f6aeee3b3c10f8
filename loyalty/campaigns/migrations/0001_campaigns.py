"""Campaigns, occurrences and conversions, with the view of executions."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import loyalty.campaigns.contracts
import loyalty.foundation.kernel.ids
import loyalty.foundation.orm.fields
from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    initial = True

    dependencies = [("customers", "0001_customers"), ("delivery", "0001_sends")]

    operations = [
        migrations.CreateModel(
            name="CampaignExecution",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("public_id", models.UUIDField()),
                ("campaign_ref", models.UUIDField()),
                ("occurrence", models.TextField()),
                ("customer_id", models.BigIntegerField()),
                ("customer_public_id", models.UUIDField()),
                ("customer_ref", models.TextField()),
                ("channel", models.TextField()),
                ("status", models.TextField()),
                ("reason", models.TextField()),
                ("detail", models.TextField()),
                ("queued_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
                ("delivered_at", models.DateTimeField(null=True)),
                ("opened_at", models.DateTimeField(null=True)),
                ("clicked_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "campaigns_execution",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Campaign",
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
                ("name", models.CharField(max_length=200)),
                ("description", models.TextField(blank=True, default="")),
                ("program_ref", models.UUIDField(null=True)),
                ("segment_ref", models.UUIDField(null=True)),
                ("purpose", models.CharField(default="marketing", max_length=10)),
                (
                    "status",
                    models.CharField(
                        choices=[("DRAFT", "DRAFT"), ("ACTIVE", "ACTIVE"), ("PAUSED", "PAUSED"), ("ENDED", "ENDED")],
                        default=loyalty.campaigns.contracts.CampaignStatus["DRAFT"],
                        max_length=10,
                    ),
                ),
                (
                    "trigger_kind",
                    models.CharField(
                        choices=[("event", "event"), ("schedule", "schedule"), ("threshold", "threshold")],
                        max_length=10,
                    ),
                ),
                ("trigger", loyalty.foundation.orm.fields.ExactJSONField()),
                ("event_type", models.CharField(blank=True, default="", max_length=100)),
                (
                    "channels",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=10), size=None),
                ),
                ("content", loyalty.foundation.orm.fields.ExactJSONField()),
                ("due_at", models.DateTimeField(null=True)),
                ("is_threshold_met", models.BooleanField(default=False)),
                ("activated_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(("status", "ACTIVE")), fields=["due_at"], name="campaigns_due"),
                    models.Index(
                        condition=models.Q(("status", "ACTIVE")), fields=["event_type"], name="campaigns_event"
                    ),
                    models.Index(fields=["segment_ref"], name="campaigns_segment"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["DRAFT", "ACTIVE", "PAUSED", "ENDED"])),
                        name="campaigns_campaign_status",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Conversion",
            fields=[
                ("send_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("campaign_ref", models.UUIDField()),
                ("customer_id", models.BigIntegerField()),
                ("event_id", models.UUIDField()),
                ("event_type", models.CharField(max_length=100)),
                ("converted_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["campaign_ref"], name="campaigns_conversion_campaign")],
            },
        ),
        migrations.CreateModel(
            name="Occurrence",
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
                ("occurrence", models.CharField(max_length=200)),
                ("trigger_kind", models.CharField(max_length=10)),
                ("event_id", models.UUIDField(null=True)),
                ("customer_ref", models.UUIDField(null=True)),
                ("plan", loyalty.foundation.orm.fields.ExactJSONField()),
                ("answer", loyalty.foundation.orm.fields.ExactJSONField()),
                ("triggered_at", models.DateTimeField()),
                ("is_complete", models.BooleanField(default=False)),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="occurrences", to="campaigns.campaign"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["campaign", "-id"], name="campaigns_occurrence_list")],
                "constraints": [
                    models.UniqueConstraint(fields=("campaign", "occurrence"), name="campaigns_occurrence_once")
                ],
            },
        ),
        install("loyalty.campaigns", "executions"),
    ]
