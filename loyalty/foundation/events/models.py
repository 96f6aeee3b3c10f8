"""Tables of events. The outbox is written by SQL functions too, so its columns are a contract."""

from django.db import models

from loyalty.foundation.orm.fields import ExactJSONField


class InboxState(models.TextChoices):
    """Where one handler stands with one fact."""

    PENDING = "PENDING"
    DONE = "DONE"
    DEAD = "DEAD"


class OutboxEntry(models.Model):
    """A fact that was just published; (xid, id) is the real key, ``id`` alone is unique too."""

    id = models.BigIntegerField(primary_key=True)
    event_id = models.UUIDField()
    type = models.TextField()
    version = models.SmallIntegerField()
    key = models.TextField()
    subject_kind = models.TextField()
    subject_ref = models.TextField()
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    correlation_id = models.UUIDField(null=True)
    causation_id = models.UUIDField(null=True)
    data = ExactJSONField()

    class Meta:
        managed = False
        db_table = "events_outbox"

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"


class StoredEvent(models.Model):
    """A fact in the event store; ``position`` has no gaps. The table is partitioned by month of ``recorded_at``."""

    position = models.BigIntegerField(primary_key=True)
    event_id = models.UUIDField()
    type = models.TextField()
    version = models.SmallIntegerField()
    key = models.TextField()
    subject_kind = models.TextField()
    subject_ref = models.TextField()
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    correlation_id = models.UUIDField(null=True)
    causation_id = models.UUIDField(null=True)
    data = ExactJSONField()

    class Meta:
        managed = False
        db_table = "events_stored"

    def __str__(self) -> str:
        return f"{self.position} {self.type} {self.event_id}"


class PublishedEvent(models.Model):
    """A fact as the contract view ``events_store`` gives it: stored, or just published."""

    event_id = models.UUIDField(primary_key=True)
    type = models.TextField()
    key = models.TextField()
    subject_kind = models.TextField()
    subject_ref = models.TextField()
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    data = ExactJSONField()

    class Meta:
        managed = False
        db_table = "events_store"

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"


class InboxEntry(models.Model):
    """One fact for one handler: pending, done, or dead after too many tries."""

    id = models.BigAutoField(primary_key=True)
    handler = models.TextField()
    event_id = models.UUIDField()
    type = models.TextField()
    key = models.TextField()
    rank = models.SmallIntegerField(default=0, db_default=0)
    state = models.CharField(max_length=10, choices=InboxState, default=InboxState.PENDING)
    attempts = models.SmallIntegerField(default=0, db_default=0)
    due_at = models.DateTimeField()
    last_error = models.TextField(blank=True, default="", db_default="")
    envelope = ExactJSONField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["handler", "event_id"], name="events_inbox_once")]
        indexes = [
            models.Index(fields=["due_at", "rank", "id"], name="events_inbox_due", condition=models.Q(state="PENDING")),
            models.Index(
                fields=["handler", "key", "id"], name="events_inbox_order", condition=models.Q(state="PENDING")
            ),
            models.Index(fields=["event_id"], name="events_inbox_event", condition=models.Q(state="PENDING")),
            models.Index(fields=["id"], name="events_inbox_dead", condition=models.Q(state="DEAD")),
        ]

    def __str__(self) -> str:
        return f"{self.handler} {self.event_id} {self.state}"


class RelayCursor(models.Model):
    """How far a reader of the event store has read, by position."""

    name = models.CharField(max_length=50, primary_key=True)
    position = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name}: {self.position}"
