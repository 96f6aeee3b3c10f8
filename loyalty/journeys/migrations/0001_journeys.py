"""Journeys, versions with nodes and edges, executions, and the log of steps with the functions that move people."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import loyalty.foundation.kernel.ids
import loyalty.foundation.orm.fields
from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    initial = True

    dependencies = [("customers", "0001_customers"), ("events", "0004_log")]

    operations = [
        migrations.CreateModel(
            name="Step",
            fields=[
                ("visit", models.IntegerField()),
                ("branch", models.CharField(max_length=64)),
                ("entered_at", models.DateTimeField()),
                ("left_at", models.DateTimeField()),
                ("result", loyalty.foundation.orm.fields.ExactJSONField(null=True)),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "execution_id",
                        "visit",
                        "left_at",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
            ],
            options={
                "db_table": "journeys_step",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Execution",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=loyalty.foundation.kernel.ids.new_public_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("customer_id", models.BigIntegerField()),
                ("key", models.CharField(db_default="", default="", max_length=200)),
                ("occurrence", models.UUIDField()),
                ("state", models.CharField(max_length=11)),
                ("visit", models.IntegerField()),
                ("attempts", models.SmallIntegerField(db_default=0, default=0)),
                ("is_held_out", models.BooleanField(db_default=False, default=False)),
                ("started_at", models.DateTimeField()),
                ("entered_at", models.DateTimeField()),
                ("due_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField(null=True)),
                ("goal_at", models.DateTimeField(null=True)),
                ("timer", models.CharField(db_default="", default="", max_length=64)),
                ("heard_until", models.BigIntegerField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("outcome", models.CharField(db_default="", default="", max_length=64)),
                ("reason", models.CharField(db_default="", default="", max_length=300)),
            ],
        ),
        migrations.CreateModel(
            name="FactCursor",
            fields=[
                ("name", models.CharField(max_length=50, primary_key=True, serialize=False)),
                ("position", models.BigIntegerField(default=0)),
                ("moved_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="Journey",
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
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("DRAFT", "DRAFT"),
                            ("ACTIVE", "ACTIVE"),
                            ("PAUSED", "PAUSED"),
                            ("ARCHIVED", "ARCHIVED"),
                        ],
                        default="DRAFT",
                        max_length=10,
                    ),
                ),
                ("draft", loyalty.foundation.orm.fields.ExactJSONField()),
                ("revision", models.PositiveIntegerField(default=1)),
                ("saved_at", models.DateTimeField()),
                ("saved_by", models.CharField(blank=True, default="", max_length=200)),
                ("due_at", models.DateTimeField(null=True)),
                ("paused_at", models.DateTimeField(null=True)),
                ("is_frozen", models.BooleanField(default=False)),
                ("activated_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Node",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=64)),
                ("kind", models.CharField(max_length=20)),
                ("name", models.CharField(blank=True, default="", max_length=200)),
                ("config", loyalty.foundation.orm.fields.ExactJSONField()),
                ("wait_seconds", models.BigIntegerField(null=True)),
                ("event_type", models.CharField(blank=True, default="", max_length=100)),
                ("outcome", models.CharField(blank=True, default="", max_length=64)),
                ("is_goal", models.BooleanField(default=False)),
            ],
        ),
        migrations.CreateModel(
            name="ExecutionContext",
            fields=[
                (
                    "execution",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="context",
                        serialize=False,
                        to="journeys.execution",
                    ),
                ),
                ("data", loyalty.foundation.orm.fields.ExactJSONField()),
            ],
            options={
                "db_table": "journeys_context",
            },
        ),
        migrations.AddField(
            model_name="execution",
            name="journey",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="executions",
                to="journeys.journey",
            ),
        ),
        migrations.AddField(
            model_name="execution",
            name="node",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="journeys.node",
            ),
        ),
        migrations.CreateModel(
            name="Version",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("number", models.PositiveIntegerField()),
                ("graph", loyalty.foundation.orm.fields.ExactJSONField()),
                ("comment", models.TextField(blank=True, default="")),
                ("published_at", models.DateTimeField()),
                ("published_by", models.CharField(blank=True, default="", max_length=200)),
                ("is_open", models.BooleanField(default=True)),
                (
                    "journey",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="journeys.journey"
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="node",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="nodes", to="journeys.version"
            ),
        ),
        migrations.AddField(
            model_name="journey",
            name="live",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="journeys.version"
            ),
        ),
        migrations.AddField(
            model_name="execution",
            name="version",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="journeys.version",
            ),
        ),
        migrations.CreateModel(
            name="Backfill",
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
                ("segment_ref", models.UUIDField()),
                ("cursor", models.BigIntegerField(default=0)),
                ("entered", models.BigIntegerField(default=0)),
                ("seen", models.BigIntegerField(default=0)),
                ("is_complete", models.BooleanField(default=False)),
                (
                    "journey",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="backfills", to="journeys.journey"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_complete", False)), fields=["id"], name="journeys_backfill_open"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("journey", "occurrence"), name="journeys_backfill_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Edge",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("branch", models.CharField(max_length=64)),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="edges", to="journeys.node"
                    ),
                ),
                (
                    "target",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="journeys.node"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("source", "branch"), name="journeys_edge_once")],
            },
        ),
        migrations.AddIndex(
            model_name="version",
            index=models.Index(condition=models.Q(("is_open", True)), fields=["journey"], name="journeys_version_open"),
        ),
        migrations.AddConstraint(
            model_name="version",
            constraint=models.UniqueConstraint(fields=("journey", "number"), name="journeys_version_once"),
        ),
        migrations.AddConstraint(
            model_name="node",
            constraint=models.UniqueConstraint(fields=("version", "code"), name="journeys_node_once"),
        ),
        migrations.AddIndex(
            model_name="journey",
            index=models.Index(condition=models.Q(("status", "ACTIVE")), fields=["due_at"], name="journeys_due_start"),
        ),
        migrations.AddConstraint(
            model_name="journey",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ("DRAFT", "ACTIVE", "PAUSED", "ARCHIVED"))),
                name="journeys_journey_status",
            ),
        ),
        migrations.AddIndex(
            model_name="execution",
            index=models.Index(
                condition=models.Q(("due_at__isnull", False)), fields=["node", "due_at"], name="journeys_execution_due"
            ),
        ),
        migrations.AddIndex(
            model_name="execution",
            index=models.Index(fields=["journey", "-id"], name="journeys_execution_list"),
        ),
        migrations.AddIndex(
            model_name="execution",
            index=models.Index(
                condition=models.Q(
                    ("expires_at__isnull", False), ("state__in", ("NOT_STARTED", "IN_PROGRESS", "WAITING"))
                ),
                fields=["expires_at"],
                name="journeys_execution_expires",
            ),
        ),
        migrations.AddConstraint(
            model_name="execution",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_held_out", False), ("state__in", ("NOT_STARTED", "IN_PROGRESS", "WAITING"))),
                fields=("customer_id", "journey", "key"),
                name="journeys_execution_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="execution",
            constraint=models.UniqueConstraint(
                fields=("customer_id", "journey", "occurrence"), name="journeys_execution_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="execution",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        (
                            "NOT_STARTED",
                            "IN_PROGRESS",
                            "WAITING",
                            "COMPLETED",
                            "FAILED",
                            "EXITED",
                            "CANCELLED",
                            "EXPIRED",
                        ),
                    )
                ),
                name="journeys_execution_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="execution",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ("NOT_STARTED", "IN_PROGRESS", "WAITING")),
                    models.Q(("due_at", None), ("ended_at__isnull", False)),
                    _connector="OR",
                ),
                name="journeys_execution_ended",
            ),
        ),
        install("loyalty.journeys", "steps", "moving", "entering"),
    ]
