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
    public_id = models.UUIDField(editable=False, default=new_public_id)
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
        # Every posting of points writes here, so what is looked up now and then is found by summaries of 32 pages each
        # (minima and maxima of what grows, Bloom filters of the rest), which cost the writer next to nothing. Trees are
        # for the rows of one subject, which the platform itself looks up and which lie anywhere, and for requests:
        # their ids grow where they are ours, and where they are a caller's the planner would not trust the filters.
        indexes = [
            models.Index(fields=["subject_kind", "subject_ref", "-id"], name="audit_subject_page"),
            models.Index(fields=["request_id"], name="audit_request"),
            BrinIndex(
                fields=["at", "public_id", "actor_ref", "act", "remote_address"],
                opclasses=["timestamptz_minmax_ops", "uuid_minmax_ops", *["text_bloom_ops"] * 3],
                name="audit_lookup", pages_per_range=32, autosummarize=True,
            ),
        ]  # fmt: skip

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
