"""Tables of segments."""

from django.db import models
from django.db.models.functions import Now

from loyalty.foundation.orm.fields import ExactJSONField
from loyalty.foundation.orm.models import PublicModel


class SegmentKind(models.TextChoices):
    """Where members come from."""

    DYNAMIC = "dynamic"
    STATIC = "static"


class Segment(PublicModel):
    """A named group of customers."""

    name = models.CharField(max_length=200, unique=True)
    description = models.TextField(blank=True, default="")
    kind = models.CharField(max_length=10, choices=SegmentKind)
    rules = ExactJSONField(null=True)
    member_count = models.BigIntegerField(default=0)
    last_calculated_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class SegmentMember(models.Model):
    """One customer in one segment, by the customer's public id, which is the warehouse's customer_id too."""

    pk = models.CompositePrimaryKey("segment_id", "customer_ref")
    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="members")
    customer_ref = models.UUIDField()
    added_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["customer_ref"], name="segments_member_customer")]

    def __str__(self) -> str:
        return f"{self.segment_id}: {self.customer_ref}"


class SegmentSnapshot(PublicModel):
    """What a recalculation came to."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="snapshots")
    taken_at = models.DateTimeField()
    member_count = models.BigIntegerField()
    added_count = models.BigIntegerField()
    removed_count = models.BigIntegerField()
    rules = ExactJSONField(null=True)

    class Meta:
        indexes = [models.Index(fields=["segment", "-taken_at"], name="segments_snapshot_time")]

    def __str__(self) -> str:
        return f"{self.segment_id} at {self.taken_at}"
