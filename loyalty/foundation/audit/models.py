"""Tables of audit; triggers and missing rights refuse UPDATE, DELETE and TRUNCATE on entries and blocks."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now

from loyalty.foundation.kernel.ids import new_public_id
from loyalty.foundation.orm.fields import ExactJSONField


class AuditEntry(models.Model):
    """One change by one actor; the column ``xid``, which the sealer orders by, is the database's own."""

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
    remote_address = models.CharField(max_length=45, blank=True, default="", db_default="")
    user_agent = models.CharField(max_length=200, blank=True, default="", db_default="")

    class Meta:
        # Each gives a page in order, newest first, without sorting; the day is found by the order of writing.
        indexes = [
            models.Index(fields=["subject_kind", "subject_ref", "-id"], name="audit_subject_page"),
            models.Index(fields=["actor_ref", "-id"], name="audit_actor_page"),
            models.Index(fields=["act", "-id"], name="audit_act_page"),
            models.Index(fields=["request_id"], name="audit_request", condition=~models.Q(request_id="")),
            models.Index(
                fields=["remote_address", "-id"], name="audit_address", condition=~models.Q(remote_address="")
            ),
            BrinIndex(fields=["at"], name="audit_at", pages_per_range=32),
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.subject_kind}:{self.subject_ref}"


class AuditBlock(models.Model):
    """A link of the chain; its other columns stand in ``sql/chain.sql``."""

    number = models.BigIntegerField(primary_key=True)
    row_count = models.IntegerField()
    id_to = models.BigIntegerField()
    ids = ArrayField(models.BigIntegerField())
    hash = models.BinaryField()
    sealed_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "audit_block"

    def __str__(self) -> str:
        return f"block {self.number}: {self.row_count} rows"


class AuditVerification(models.Model):
    """What one look at the chain found."""

    id = models.BigAutoField(primary_key=True)
    verified_at = models.DateTimeField()
    is_full = models.BooleanField()
    is_intact = models.BooleanField()
    block_from = models.BigIntegerField()
    block_to = models.BigIntegerField()
    block_count = models.BigIntegerField()
    row_count = models.BigIntegerField()
    unsealed_count = models.BigIntegerField()
    anchor_count = models.BigIntegerField()
    fault_count = models.BigIntegerField()
    faults = ExactJSONField(default=list)

    class Meta:
        indexes = [models.Index(fields=["is_full", "-id"], name="audit_verification_last")]

    def __str__(self) -> str:
        return f"{self.verified_at}: {'intact' if self.is_intact else 'not intact'}"
