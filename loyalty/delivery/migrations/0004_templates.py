"""Templates of messages: the draft that is edited, and versions that never change."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import loyalty.foundation.kernel.ids
import loyalty.foundation.orm.fields
from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0003_receipts"),
    ]

    operations = [
        migrations.CreateModel(
            name="MessageTemplate",
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
                ("code", models.SlugField(max_length=60, unique=True)),
                ("name", models.CharField(max_length=200)),
                ("description", models.CharField(blank=True, default="", max_length=500)),
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
                ("variables", loyalty.foundation.orm.fields.ExactJSONField(default=list)),
                ("fallback_languages", models.JSONField(default=list)),
                ("content", loyalty.foundation.orm.fields.ExactJSONField(default=dict)),
                ("published", models.PositiveIntegerField(null=True)),
                ("is_archived", models.BooleanField(default=False)),
            ],
            options={
                "db_table": "delivery_template",
            },
        ),
        migrations.CreateModel(
            name="TemplateVersion",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "public_id",
                    models.UUIDField(default=loyalty.foundation.kernel.ids.new_public_id, editable=False, unique=True),
                ),
                ("number", models.PositiveIntegerField()),
                ("variables", loyalty.foundation.orm.fields.ExactJSONField()),
                ("fallback_languages", models.JSONField()),
                ("content", loyalty.foundation.orm.fields.ExactJSONField()),
                ("note", models.CharField(blank=True, default="", max_length=500)),
                ("published_by", models.CharField(max_length=200)),
                ("published_at", models.DateTimeField()),
                (
                    "template",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="delivery.messagetemplate",
                    ),
                ),
            ],
            options={
                "db_table": "delivery_template_version",
                "constraints": [
                    models.UniqueConstraint(fields=("template", "number"), name="delivery_template_version_once")
                ],
            },
        ),
        install("loyalty.delivery", "templates"),
    ]
