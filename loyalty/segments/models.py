"""Tables of segments: definitions, members as bitmaps in chunks, snapshots, and what is still to be looked at."""

from django.db import models
from django.db.models.functions import Now

from loyalty.foundation.orm.fields import ExactJSONField
from loyalty.foundation.orm.models import PublicModel
from loyalty.segments.contracts import CheckState, SnapshotCause


class SegmentKind(models.TextChoices):
    """Where members come from."""

    DYNAMIC = "dynamic"
    STATIC = "static"


class Segment(PublicModel):
    """A named group of customers."""

    name = models.CharField(max_length=200, unique=True)
    # The public id of the person who made it, as text; NULL where nobody is known to have.
    owner_ref = models.CharField(max_length=100, null=True, db_index=True)
    description = models.TextField(blank=True, default="")
    kind = models.CharField(max_length=10, choices=SegmentKind)
    rules = ExactJSONField(null=True)
    # {"count", "by", "order"}: of those whom the rules select, the first so many by a score.
    limit = ExactJSONField(null=True)
    rules_profile = models.SmallIntegerField(default=1, db_default=1)
    # The public ids of the segments that the rules name, so that nobody has to read all rules to find who uses whom.
    depends_on = ExactJSONField(default=list)
    schedule = ExactJSONField(null=True)
    due_at = models.DateTimeField(null=True)
    is_event_driven = models.BooleanField(default=False, db_default=False)
    refreshes_on_features = models.BooleanField(default=False, db_default=False)
    member_count = models.BigIntegerField(default=0)
    last_calculated_at = models.DateTimeField(null=True)
    # How new the warehouse's rows were that the last calculation read: only newer ones can change its outcome.
    features_as_of = models.DateTimeField(null=True)
    # How many rows the warehouse had then, and how many calculations since the last whole one read newer rows alone.
    rows_read = models.BigIntegerField(null=True)
    increments = models.PositiveIntegerField(default=0, db_default=0)
    # Set when the rules change, so that an incremental recalculation is not taken for a full one.
    is_stale = models.BooleanField(default=True, db_default=True)
    check_state = models.CharField(
        max_length=10, blank=True, default="", db_default="", choices=[(str(one), str(one)) for one in CheckState]
    )
    checked_at = models.DateTimeField(null=True)
    disagreements = ExactJSONField(default=list)

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="segments_due", condition=models.Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.name


class SegmentChunk(models.Model):
    """Who of 2,048 neighbouring customers is in. A chunk without members has no row.

    Bit ``customer_id & 2047``, counted from the low end of each byte, of the chunk ``customer_id >> 11``.
    """

    pk = models.CompositePrimaryKey("segment_id", "chunk")
    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="+", db_index=False)
    chunk = models.BigIntegerField()
    bits = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.segment_id}/{self.chunk}"


class SegmentChange(models.Model):
    """One customer who came or went since the last snapshot; the next snapshot takes these rows up."""

    id = models.BigAutoField(primary_key=True)
    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="+")
    customer_id = models.BigIntegerField()
    is_member = models.BooleanField()
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.segment_id}: {self.customer_id} {self.is_member}"


class SegmentSnapshot(PublicModel):
    """What the members came to at an instant: the difference to the snapshot before, and now and then all of them.

    ``added``, ``removed`` and ``members`` are serialized 64-bit roaring bitmaps of the customers' internal ids;
    ``members`` is NULL where the differences since the last complete one are smaller than a complete one would be.
    Snapshots from before this storage have neither.
    """

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="snapshots")
    taken_at = models.DateTimeField()
    member_count = models.BigIntegerField()
    added_count = models.BigIntegerField()
    removed_count = models.BigIntegerField()
    rules = ExactJSONField(null=True)
    cause = models.CharField(
        max_length=20,
        choices=[(str(one), str(one)) for one in SnapshotCause],
        default=SnapshotCause.RECALCULATION.value,
        db_default=SnapshotCause.RECALCULATION.value,
    )
    added = models.BinaryField(null=True)
    removed = models.BinaryField(null=True)
    members = models.BinaryField(null=True)

    class Meta:
        indexes = [models.Index(fields=["segment", "-taken_at"], name="segments_snapshot_time")]

    def __str__(self) -> str:
        return f"{self.segment_id} at {self.taken_at}"


class DirtyCustomer(models.Model):
    """A customer of whom something changed, to be looked at by the event-driven segments."""

    customer_id = models.BigIntegerField(primary_key=True)
    since = models.DateTimeField()
    occurred_at = models.DateTimeField()
    # Later than since when a source did not answer, so that the customer is tried again and holds up nobody.
    due_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="segments_dirty_due")]

    def __str__(self) -> str:
        return f"{self.customer_id} since {self.since}"


class TouchedCustomer(models.Model):
    """A customer who was looked at alone, and when: a recalculation that read the warehouse before that leaves the
    customer's membership as it is."""

    customer_id = models.BigIntegerField(primary_key=True)
    evaluated_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["evaluated_at"], name="segments_touched_time")]

    def __str__(self) -> str:
        return f"{self.customer_id} at {self.evaluated_at}"


class EventCursor(models.Model):
    """How far the event store was read for event-driven segments, by position."""

    name = models.CharField(max_length=50, primary_key=True)
    position = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name}: {self.position}"


class KeyPart(models.Model):
    """A stretch of customers, by internal id, whose public ids the workers keep sorted in files of this name.

    A file never changes: when the stretch is rebuilt, or the database is another one, the name is another too.
    """

    name = models.UUIDField(primary_key=True)
    after_id = models.BigIntegerField()
    until_id = models.BigIntegerField()
    built_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.name}: {self.after_id} to {self.until_id}"
