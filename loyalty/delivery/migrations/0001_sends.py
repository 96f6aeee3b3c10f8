"""Contents, messages and sends, with the contract view."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import loyalty.foundation.kernel.ids
import loyalty.foundation.orm.fields
from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Content",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("digest", models.BinaryField(max_length=32, unique=True)),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("email", "email"),
                            ("sms", "sms"),
                            ("push", "push"),
                            ("in_app", "in_app"),
                            ("webhook", "webhook"),
                        ],
                        max_length=10,
                    ),
                ),
                ("parts", loyalty.foundation.orm.fields.ExactJSONField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="Message",
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
                ("occurrence_key", models.CharField(max_length=300)),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("email", "email"),
                            ("sms", "sms"),
                            ("push", "push"),
                            ("in_app", "in_app"),
                            ("webhook", "webhook"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "purpose",
                    models.CharField(choices=[("marketing", "marketing"), ("service", "service")], max_length=10),
                ),
                ("source_kind", models.CharField(max_length=50)),
                ("source_ref", models.UUIDField()),
                ("occurrence_ref", models.UUIDField(null=True)),
                ("priority", models.SmallIntegerField()),
                ("is_test", models.BooleanField(default=False)),
                ("audience_cursor", models.UUIDField(null=True)),
                ("is_complete", models.BooleanField(default=False)),
                (
                    "content",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="messages", to="delivery.content"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Send",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "public_id",
                    models.UUIDField(default=loyalty.foundation.kernel.ids.new_public_id, editable=False, unique=True),
                ),
                ("source_ref", models.UUIDField()),
                ("customer_id", models.BigIntegerField()),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("email", "email"),
                            ("sms", "sms"),
                            ("push", "push"),
                            ("in_app", "in_app"),
                            ("webhook", "webhook"),
                        ],
                        max_length=10,
                    ),
                ),
                ("priority", models.SmallIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("QUEUED", "QUEUED"),
                            ("SENDING", "SENDING"),
                            ("SENT", "SENT"),
                            ("DELIVERED", "DELIVERED"),
                            ("OPENED", "OPENED"),
                            ("CLICKED", "CLICKED"),
                            ("BOUNCED", "BOUNCED"),
                            ("FAILED", "FAILED"),
                            ("SKIPPED", "SKIPPED"),
                            ("UNKNOWN", "UNKNOWN"),
                        ],
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(db_default="", default="", max_length=100)),
                ("detail", models.CharField(db_default="", default="", max_length=500)),
                ("variables", loyalty.foundation.orm.fields.ExactJSONField(null=True)),
                ("address", models.CharField(db_default="", default="", max_length=320)),
                ("attempts", models.SmallIntegerField(db_default=0, default=0)),
                ("claim", models.UUIDField(null=True)),
                ("due_at", models.DateTimeField(null=True)),
                ("queued_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
                ("delivered_at", models.DateTimeField(null=True)),
                ("opened_at", models.DateTimeField(null=True)),
                ("clicked_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "message",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sends",
                        to="delivery.message",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(fields=["source_ref"], name="delivery_message_source"),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.UniqueConstraint(fields=("occurrence_key", "channel"), name="delivery_message_once"),
        ),
        migrations.AddIndex(
            model_name="send",
            index=models.Index(
                condition=models.Q(("state", "QUEUED")),
                fields=["channel", "priority", "due_at", "id"],
                name="delivery_send_queue",
            ),
        ),
        migrations.AddIndex(
            model_name="send",
            index=models.Index(
                condition=models.Q(("state", "SENDING")), fields=["due_at"], name="delivery_send_running"
            ),
        ),
        migrations.AddIndex(
            model_name="send",
            index=models.Index(fields=["source_ref", "id"], name="delivery_send_source"),
        ),
        migrations.AddIndex(
            model_name="send",
            index=models.Index(fields=["customer_id", "id"], name="delivery_send_customer"),
        ),
        migrations.AddConstraint(
            model_name="send",
            constraint=models.UniqueConstraint(fields=("message", "customer_id"), name="delivery_send_once"),
        ),
        migrations.AddConstraint(
            model_name="send",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "QUEUED",
                            "SENDING",
                            "SENT",
                            "DELIVERED",
                            "OPENED",
                            "CLICKED",
                            "BOUNCED",
                            "FAILED",
                            "SKIPPED",
                            "UNKNOWN",
                        ],
                    )
                ),
                name="delivery_send_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="send",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["SKIPPED", "FAILED", "BOUNCED", "UNKNOWN"]), _negated=True),
                    models.Q(("reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="delivery_send_refusal_has_reason",
            ),
        ),
        install("loyalty.delivery", "views"),
    ]
