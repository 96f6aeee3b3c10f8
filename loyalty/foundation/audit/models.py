"""The audit table; triggers refuse UPDATE, DELETE and TRUNCATE."""

from django.db import models
from django.db.models.functions import Now

from loyalty.foundation.kernel.ids import new_public_id
from loyalty.foundation.orm.fields import ExactJSONField


class AuditEntry(models.Model):
    """One change by one actor."""

    id = models.BigAutoField(primary_key=True)
    public_id = models.UUIDField(unique=True, editable=False, default=new_public_id)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    actor_kind = models.CharField(max_length=10)
    actor_ref = models.CharField(max_length=100)
    actor_name = models.CharField(max_length=200)
    act = models.CharField(max_length=100)
    subject_kind = models.CharField(max_length=50)
    subject_ref = models.CharField(max_length=100)
    before = ExactJSONField(null=True)
    after = ExactJSONField(null=True)
    reason = models.TextField(blank=True, default="")
    request_id = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        indexes = [
            models.Index(fields=["subject_kind", "subject_ref"], name="audit_subject"),
            models.Index(fields=["actor_ref"], name="audit_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.subject_kind}:{self.subject_ref}"
