"""Where a change came from, the chain over the rows, its verifications, and indexes that give pages in order."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models

import loyalty.foundation.orm.fields
from loyalty.foundation.orm.sql import install


class Migration(migrations.Migration):
    """Add the chain."""

    dependencies = [("audit", "0001_entries"), ("events", "0004_log")]

    operations = [
        migrations.AddField(
            "auditentry", "remote_address", models.CharField(blank=True, default="", db_default="", max_length=45)
        ),
        migrations.AddField(
            "auditentry", "user_agent", models.CharField(blank=True, default="", db_default="", max_length=200)
        ),
        migrations.RemoveIndex("auditentry", "audit_subject"),
        migrations.RemoveIndex("auditentry", "audit_actor"),
        migrations.AddIndex(
            "auditentry", models.Index(fields=["subject_kind", "subject_ref", "-id"], name="audit_subject_page")
        ),
        migrations.AddIndex("auditentry", models.Index(fields=["actor_ref", "-id"], name="audit_actor_page")),
        migrations.AddIndex("auditentry", models.Index(fields=["act", "-id"], name="audit_act_page")),
        migrations.AddIndex(
            "auditentry",
            models.Index(fields=["request_id"], name="audit_request", condition=~models.Q(request_id="")),
        ),
        migrations.AddIndex(
            "auditentry",
            models.Index(
                fields=["remote_address", "-id"], name="audit_address", condition=~models.Q(remote_address="")
            ),
        ),
        migrations.AddIndex(
            "auditentry", django.contrib.postgres.indexes.BrinIndex(fields=["at"], name="audit_at", pages_per_range=32)
        ),
        migrations.CreateModel(
            name="AuditBlock",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("row_count", models.IntegerField()),
                ("id_to", models.BigIntegerField()),
                ("ids", django.contrib.postgres.fields.ArrayField(models.BigIntegerField())),
                ("hash", models.BinaryField()),
                ("sealed_at", models.DateTimeField()),
            ],
            options={"db_table": "audit_block", "managed": False},
        ),
        migrations.CreateModel(
            name="AuditVerification",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("verified_at", models.DateTimeField()),
                ("is_full", models.BooleanField()),
                ("is_intact", models.BooleanField()),
                ("block_from", models.BigIntegerField()),
                ("block_to", models.BigIntegerField()),
                ("block_count", models.BigIntegerField()),
                ("row_count", models.BigIntegerField()),
                ("unsealed_count", models.BigIntegerField()),
                ("anchor_count", models.BigIntegerField()),
                ("fault_count", models.BigIntegerField()),
                ("faults", loyalty.foundation.orm.fields.ExactJSONField(default=list)),
            ],
            options={"indexes": [models.Index(fields=["is_full", "-id"], name="audit_verification_last")]},
        ),
        install("loyalty.foundation.audit", "chain"),
    ]
