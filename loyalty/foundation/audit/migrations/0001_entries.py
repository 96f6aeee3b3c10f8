"""The append-only audit table."""

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
            name="AuditEntry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "public_id",
                    models.UUIDField(default=loyalty.foundation.kernel.ids.new_public_id, editable=False, unique=True),
                ),
                ("at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("actor_kind", models.CharField(max_length=10)),
                ("actor_ref", models.CharField(max_length=100)),
                ("actor_name", models.CharField(max_length=200)),
                ("act", models.CharField(max_length=100)),
                ("subject_kind", models.CharField(max_length=50)),
                ("subject_ref", models.CharField(max_length=100)),
                ("before", loyalty.foundation.orm.fields.ExactJSONField(null=True)),
                ("after", loyalty.foundation.orm.fields.ExactJSONField(null=True)),
                ("reason", models.TextField(blank=True, default="")),
                ("request_id", models.CharField(blank=True, default="", max_length=64)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["subject_kind", "subject_ref"], name="audit_subject"),
                    models.Index(fields=["actor_ref"], name="audit_actor"),
                ],
            },
        ),
        install("loyalty.foundation.audit", "append_only"),
    ]
