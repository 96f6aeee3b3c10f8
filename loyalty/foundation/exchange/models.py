"""Tables of exchange."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from loyalty.foundation.exchange.contracts import DeliveryOrder, DeliveryState, EndpointState
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.foundation.orm.fields import ExactJSONField
from loyalty.foundation.orm.models import PublicModel


def _choices(kind: type[EndpointState] | type[DeliveryOrder] | type[DeliveryState]) -> list[tuple[str, str]]:
    return [(one.value, one.value) for one in kind]


class WebhookEndpoint(PublicModel):
    """Somebody who is told of facts. The secrets derive from the platform's key and the salts; they are not stored.

    ``types`` are names of facts, or beginnings of names with a star; none means all. ``position`` is the last fact of
    the event store for which a delivery was made.
    """

    url = models.URLField(max_length=2000)
    description = models.CharField(max_length=200, blank=True, default="")
    types = ArrayField(models.CharField(max_length=100), default=list)
    order = models.CharField(max_length=10, choices=_choices(DeliveryOrder), default=DeliveryOrder.KEY.value)
    state = models.CharField(max_length=10, choices=_choices(EndpointState), default=EndpointState.ACTIVE.value)
    state_reason = models.CharField(max_length=60, blank=True, default="")
    salt = models.CharField(max_length=64)
    salt_before = models.CharField(max_length=64, blank=True, default="")
    salt_before_until = models.DateTimeField(null=True)
    position = models.BigIntegerField(default=0)
    failures_in_a_row = models.PositiveIntegerField(default=0)
    open_until = models.DateTimeField(null=True)
    last_success_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.url


class WebhookDelivery(models.Model):
    """One fact for one endpoint; ``body`` is what is signed and sent, the same at each try."""

    id = models.BigAutoField(primary_key=True)
    public_id = models.UUIDField(unique=True, default=new_public_id)
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="+")
    event_id = models.UUIDField()
    type = models.TextField()
    key = models.TextField(blank=True)
    body = models.TextField()
    state = models.CharField(
        max_length=10, choices=_choices(DeliveryState), default=DeliveryState.PENDING.value, db_default="PENDING"
    )
    attempts = models.SmallIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)
    last_outcome = models.CharField(max_length=60, blank=True, default="", db_default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["endpoint", "event_id"], name="exchange_delivery_once")]
        indexes = [
            models.Index(fields=["due_at", "id"], name="exchange_delivery_due", condition=models.Q(state="PENDING")),
            models.Index(
                fields=["endpoint", "key", "id"], name="exchange_delivery_order", condition=models.Q(state="PENDING")
            ),
            models.Index(fields=["endpoint", "-id"], name="exchange_delivery_log"),
            models.Index(fields=["created_at"], name="exchange_delivery_age"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.event_id} {self.state}"


class WebhookAttempt(models.Model):
    """One try of a delivery: ``status_code`` is empty when no answer came."""

    id = models.BigAutoField(primary_key=True)
    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="tries")
    at = models.DateTimeField()
    status_code = models.SmallIntegerField(null=True)
    outcome = models.CharField(max_length=60)
    took_ms = models.IntegerField()
    answer = models.TextField(blank=True, default="")

    def __str__(self) -> str:
        return f"{self.outcome} {self.status_code}"


class EventMapping(PublicModel):
    """How events of a source that are no CloudEvents are read: paths into them, by the names of ours.

    ``matches`` are paths and the values that must stand there; the first active mapping that fits counts, by ``rank``.
    ``data_paths`` are names of our data and their paths.
    """

    # As long as the name of a topic that is read.
    source = models.CharField(max_length=200)
    name = models.CharField(max_length=100)
    rank = models.SmallIntegerField(default=0)
    matches = ExactJSONField(default=dict)
    type = models.CharField(max_length=80)
    id_path = models.CharField(max_length=200)
    subject_path = models.CharField(max_length=200)
    time_path = models.CharField(max_length=200, blank=True, default="")
    data_paths = ExactJSONField(default=dict)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "name"], name="exchange_mapping_once")]

    def __str__(self) -> str:
        return f"{self.source} {self.name}"


class ReceivedEvent(models.Model):
    """An event from outside that was published as it came, once per source and id."""

    id = models.BigAutoField(primary_key=True)
    source = models.CharField(max_length=200)
    event_id = models.CharField(max_length=200)
    received_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "event_id"], name="exchange_received_once")]

    def __str__(self) -> str:
        return f"{self.source} {self.event_id}"


class DeadMessage(models.Model):
    """A message of a topic that could not be taken in."""

    id = models.BigAutoField(primary_key=True)
    public_id = models.UUIDField(unique=True, default=new_public_id)
    topic = models.CharField(max_length=249)
    partition = models.IntegerField()
    offset = models.BigIntegerField()
    headers = ExactJSONField(default=dict)
    body = models.TextField()
    code = models.CharField(max_length=60)
    message = models.TextField()
    died_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["topic", "partition", "offset"], name="exchange_dead_message_once")
        ]

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset} {self.code}"


class TopicOffset(models.Model):
    """The next message of a topic's partition that is to be taken in; moves with the effect of the ones before it."""

    id = models.BigAutoField(primary_key=True)
    topic = models.CharField(max_length=249)
    partition = models.IntegerField()
    next_offset = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["topic", "partition"], name="exchange_topic_offset_once")]

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}: {self.next_offset}"


class TransportCursor(models.Model):
    """How far the event store was handed to a transport, by position."""

    name = models.CharField(max_length=50, primary_key=True)
    position = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name}: {self.position}"
