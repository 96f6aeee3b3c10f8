"""Workflows, requests, decisions, delegations, sums; and what the database itself refuses."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import loyalty.foundation.kernel.ids
import loyalty.foundation.orm.fields
from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    initial = True

    dependencies = [("audit", "0002_chain")]

    operations = [
        migrations.CreateModel(
            name="ApprovalDelegation",
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
                ("user_ref", models.CharField(max_length=100)),
                ("user_name", models.CharField(max_length=200)),
                ("delegate_ref", models.CharField(max_length=100)),
                ("delegate_name", models.CharField(max_length=200)),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("reason", models.CharField(blank=True, default="", max_length=500)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["delegate_ref", "ends_at"], name="approvals_delegation_to"),
                    models.Index(fields=["user_ref", "-id"], name="approvals_delegation_of"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("user_ref", models.F("delegate_ref")), _negated=True),
                        name="approvals_delegate_other",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("starts_at__lt", models.F("ends_at"))), name="approvals_delegation_time"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ApprovalRequest",
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
                ("kind", models.CharField(max_length=100)),
                ("subject_kind", models.CharField(max_length=50)),
                ("subject_ref", models.CharField(max_length=100)),
                ("key", models.CharField(blank=True, default="", max_length=300)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("PENDING", "PENDING"),
                            ("EXECUTED", "EXECUTED"),
                            ("REJECTED", "REJECTED"),
                            ("EXPIRED", "EXPIRED"),
                            ("CANCELLED", "CANCELLED"),
                            ("VOIDED", "VOIDED"),
                            ("BYPASSED", "BYPASSED"),
                        ],
                        default="PENDING",
                        max_length=10,
                    ),
                ),
                ("maker", loyalty.foundation.orm.fields.ExactJSONField()),
                ("maker_ref", models.CharField(max_length=100)),
                ("maker_keys", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ("beneficiary_ref", models.CharField(blank=True, default="", max_length=100)),
                ("reason", models.TextField(blank=True, default="")),
                ("summary", models.TextField()),
                ("amount", models.BigIntegerField(null=True)),
                ("amount_summed", models.BigIntegerField(null=True)),
                ("payload", loyalty.foundation.orm.fields.ExactJSONField()),
                ("payload_hash", models.CharField(max_length=64)),
                ("before", loyalty.foundation.orm.fields.ExactJSONField()),
                ("after", loyalty.foundation.orm.fields.ExactJSONField()),
                ("workflow_ref", models.UUIDField(null=True)),
                ("steps", loyalty.foundation.orm.fields.ExactJSONField()),
                ("step", models.IntegerField(default=0)),
                (
                    "open_roles",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None),
                ),
                (
                    "open_users",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None),
                ),
                ("open_permission", models.CharField(blank=True, default="", max_length=100)),
                ("requested_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(null=True)),
                ("closed_at", models.DateTimeField(null=True)),
                ("closed_reason", models.TextField(blank=True, default="")),
                ("closed_by", models.CharField(blank=True, default="", max_length=200)),
                ("result", loyalty.foundation.orm.fields.ExactJSONField(null=True)),
                (
                    "review_of",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reviews",
                        to="approvals.approvalrequest",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ApprovalDecision",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "public_id",
                    models.UUIDField(default=loyalty.foundation.kernel.ids.new_public_id, editable=False, unique=True),
                ),
                ("step", models.IntegerField()),
                ("verdict", models.CharField(choices=[("APPROVE", "APPROVE"), ("REJECT", "REJECT")], max_length=7)),
                ("checker_ref", models.CharField(max_length=100)),
                ("checker_name", models.CharField(max_length=200)),
                ("on_behalf_of_ref", models.CharField(blank=True, default="", max_length=100)),
                ("on_behalf_of_name", models.CharField(blank=True, default="", max_length=200)),
                ("checker_keys", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                (
                    "maker_keys",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None),
                ),
                ("payload_hash", models.CharField(max_length=64)),
                ("comment", models.TextField(blank=True, default="")),
                ("at", models.DateTimeField()),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decisions",
                        to="approvals.approvalrequest",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ApprovalTally",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=100)),
                ("maker_ref", models.CharField(max_length=100)),
                ("beneficiary_ref", models.CharField(blank=True, default="", max_length=100)),
                ("amount", models.BigIntegerField()),
                ("key", models.CharField(blank=True, default="", max_length=300)),
                ("at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["kind", "maker_ref", "at"], name="approvals_tally_maker"),
                    models.Index(fields=["kind", "beneficiary_ref", "at"], name="approvals_tally_beneficiary"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("key", ""), _negated=True),
                        fields=("kind", "key"),
                        name="approvals_tally_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ApprovalWorkflow",
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
                ("kind", models.CharField(max_length=100)),
                ("name", models.CharField(max_length=200)),
                ("is_active", models.BooleanField(default=True)),
                ("amount_from", models.BigIntegerField(null=True)),
                ("window_hours", models.IntegerField(null=True)),
                ("expires_after_hours", models.IntegerField(default=72)),
                ("steps", loyalty.foundation.orm.fields.ExactJSONField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_active", True)), fields=["kind"], name="approvals_workflow_active"
                    ),
                    models.Index(fields=["kind", "-id"], name="approvals_workflow_page"),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="approvalrequest",
            index=models.Index(fields=["state", "-id"], name="approvals_request_state"),
        ),
        migrations.AddIndex(
            model_name="approvalrequest",
            index=models.Index(fields=["kind", "-id"], name="approvals_request_kind"),
        ),
        migrations.AddIndex(
            model_name="approvalrequest",
            index=models.Index(fields=["maker_ref", "-id"], name="approvals_request_maker"),
        ),
        migrations.AddIndex(
            model_name="approvalrequest",
            index=models.Index(fields=["subject_kind", "subject_ref", "-id"], name="approvals_request_subject"),
        ),
        migrations.AddIndex(
            model_name="approvalrequest",
            index=models.Index(
                condition=models.Q(("state", "PENDING")), fields=["expires_at"], name="approvals_request_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="approvalrequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "PENDING")),
                fields=("kind", "subject_ref", "key"),
                name="approvals_one_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="approvalrequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    models.Q(("key", ""), _negated=True), ("state__in", ["PENDING", "EXECUTED", "BYPASSED"])
                ),
                fields=("kind", "key"),
                name="approvals_one_per_key",
            ),
        ),
        migrations.AddConstraint(
            model_name="approvalrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "PENDING"), ("closed_at", None)),
                    models.Q(models.Q(("state", "PENDING"), _negated=True), ("closed_at__isnull", False)),
                    _connector="OR",
                ),
                name="approvals_closed_is_told",
            ),
        ),
        migrations.AddConstraint(
            model_name="approvalrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["PENDING", "EXECUTED", "REJECTED", "EXPIRED", "CANCELLED", "VOIDED", "BYPASSED"])
                ),
                name="approvals_state",
            ),
        ),
        migrations.AddIndex(
            model_name="approvaldecision",
            index=models.Index(fields=["checker_ref", "-id"], name="approvals_decision_checker"),
        ),
        migrations.AddConstraint(
            model_name="approvaldecision",
            constraint=models.UniqueConstraint(fields=("request", "checker_ref"), name="approvals_one_decision_each"),
        ),
        migrations.AddConstraint(
            model_name="approvaldecision",
            constraint=models.CheckConstraint(
                condition=models.Q(("maker_keys__overlap", models.F("checker_keys")), _negated=True),
                name="approvals_maker_is_not_checker",
            ),
        ),
        migrations.AddConstraint(
            model_name="approvaldecision",
            constraint=models.CheckConstraint(
                condition=models.Q(("verdict__in", ["APPROVE", "REJECT"])), name="approvals_verdict"
            ),
        ),
        install("loyalty.foundation.approvals", "approvals"),
    ]
