"""Tables of campaigns, and the view of their executions."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from loyalty.campaigns.contracts import CampaignStatus, TriggerKind
from loyalty.foundation.orm.fields import ExactJSONField
from loyalty.foundation.orm.models import PublicModel

STATUSES = [(one.value, one.value) for one in CampaignStatus]
TRIGGERS = [(one.value, one.value) for one in TriggerKind]


class Campaign(PublicModel):
    """What is said to whom, and what sets it off.

    ``segment_refs``: who is meant is in one of them, and in none of ``excluded_segment_refs``. ``due_at``: the next
    slot of a schedule; ``is_threshold_met``: the memory that makes a threshold fire at its edge
    only; ``event_type`` repeats the trigger's, for the index.
    """

    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, default="")
    program_ref = models.UUIDField(null=True)
    # The public id of the person who made it, as text; NULL where nobody is known to have.
    owner_ref = models.CharField(max_length=100, null=True, db_index=True)
    segment_refs = ArrayField(models.UUIDField(), default=list)
    excluded_segment_refs = ArrayField(models.UUIDField(), default=list)
    purpose = models.CharField(max_length=10, default="marketing")
    status = models.CharField(max_length=10, choices=STATUSES, default=CampaignStatus.DRAFT)
    trigger_kind = models.CharField(max_length=10, choices=TRIGGERS)
    trigger = ExactJSONField()
    event_type = models.CharField(max_length=100, blank=True, default="")
    channels = ArrayField(models.CharField(max_length=10))
    content = ExactJSONField()
    goal = ExactJSONField(null=True)
    fallback = ExactJSONField(null=True)
    variants = ExactJSONField(default=list)
    control_percent = models.PositiveSmallIntegerField(default=0)
    offers = ExactJSONField(default=list)
    budget_amount = models.DecimalField(max_digits=15, decimal_places=2, null=True)
    priority = models.PositiveSmallIntegerField(default=5)
    # After how many days the same customer may get it again: 0 is never, NULL every occurrence.
    repeat_days = models.PositiveSmallIntegerField(null=True)
    # What waits longer (quiet hours, a cap) is not sent any more.
    valid_hours = models.PositiveSmallIntegerField(null=True)
    # Addresses of the operator's own that get each occurrence too.
    seeds = ArrayField(models.CharField(max_length=254), default=list)
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    is_threshold_met = models.BooleanField(default=False)
    activated_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=[one.value for one in CampaignStatus]), name="campaigns_campaign_status"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="campaigns_due", condition=models.Q(status="ACTIVE")),
            models.Index(fields=["event_type"], name="campaigns_event", condition=models.Q(status="ACTIVE")),
            GinIndex(fields=["segment_refs"], name="campaigns_segments"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.status}"


class Occurrence(PublicModel):
    """One time that a campaign was triggered; its first answer is kept and given again."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="occurrences")
    occurrence = models.CharField(max_length=200)
    trigger_kind = models.CharField(max_length=10)
    event_id = models.UUIDField(null=True)
    customer_ref = models.UUIDField(null=True)
    # What the audience is made of was frozen when the occurrence began; who is meant is kept in
    # campaigns_audiencechunk.
    plan = ExactJSONField()
    answer = ExactJSONField()
    triggered_at = models.DateTimeField()
    population = models.BigIntegerField(default=0, db_default=0)
    is_complete = models.BooleanField(default=False)
    # While it is set, who was not reached by one channel goes on to the next.
    falls_back_until = models.DateTimeField(null=True)
    aborted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "occurrence"], name="campaigns_occurrence_once"),
        ]
        indexes = [
            models.Index(fields=["campaign", "-id"], name="campaigns_occurrence_list"),
            models.Index(
                fields=["id"], name="campaigns_occurrence_falling", condition=~models.Q(falls_back_until=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.occurrence}"


class AudienceSlice(models.Model):
    """Neighbouring customers of an occurrence's audience, by their chunks (half-open), which one worker places at once.

    Its row is locked while it is placed, so that several workers place an occurrence side by side; ``placed`` is
    ``{queued, excluded}`` once its rows are in the queue.
    """

    id = models.BigAutoField(primary_key=True)
    occurrence = models.ForeignKey(Occurrence, on_delete=models.CASCADE, related_name="slices", db_index=False)
    from_chunk = models.BigIntegerField()
    until_chunk = models.BigIntegerField()
    customers = models.BigIntegerField()
    placed = ExactJSONField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["occurrence", "from_chunk"], name="campaigns_slice_once")]
        indexes = [
            models.Index(fields=["occurrence"], name="campaigns_slice_open", condition=models.Q(placed__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.occurrence_id} {self.from_chunk}-{self.until_chunk}"


class CampaignExecution(models.Model):
    """One customer on one channel at one occurrence, sent to or left out; a view of the send ledger.

    Unique by (campaign, occurrence, customer, channel), because a message is unique by occurrence and channel and a
    send by message and customer.
    """

    id = models.BigIntegerField(primary_key=True)
    public_id = models.UUIDField()
    campaign_ref = models.UUIDField()
    occurrence = models.TextField()
    customer_id = models.BigIntegerField()
    customer_public_id = models.UUIDField()
    customer_ref = models.TextField()
    channel = models.TextField()
    variant = models.TextField()
    status = models.TextField()
    reason = models.TextField()
    detail = models.TextField()
    queued_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    clicked_at = models.DateTimeField(null=True)
    unsubscribed_at = models.DateTimeField(null=True)
    converted_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "campaigns_execution"

    def __str__(self) -> str:
        return f"{self.customer_ref} {self.channel} {self.status}"


class Conversion(models.Model):
    """The first thing a customer did that the goal asks for, within the window.

    ``is_attributed``: after a message was sent to the customer. ``is_measured``: within the window of the
    occurrence, sent to
    or held back, which is what the arms are compared by. ``amount`` and ``points_amount`` are those of the fact.
    ``points_by``: what the fact earned its customer besides, less what was taken back, by the id of each posting.
    """

    send_id = models.BigIntegerField(primary_key=True)
    campaign_ref = models.UUIDField()
    customer_id = models.BigIntegerField()
    event_id = models.UUIDField()
    event_type = models.CharField(max_length=100)
    converted_at = models.DateTimeField()
    is_attributed = models.BooleanField(default=True, db_default=True)
    is_measured = models.BooleanField(default=True, db_default=True)
    amount = models.DecimalField(max_digits=19, decimal_places=4, null=True)
    points_amount = models.BigIntegerField(null=True)
    points_by = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))

    class Meta:
        indexes = [
            models.Index(fields=["campaign_ref"], name="campaigns_conversion_campaign"),
            models.Index(fields=["customer_id"], name="campaigns_conversion_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.send_id} {self.event_type}"


class BalanceMark(models.Model):
    """On which side of a threshold a member's balance was last, so that only a crossing sets the campaign off."""

    id = models.BigAutoField(primary_key=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="+")
    customer_ref = models.UUIDField()
    is_met = models.BooleanField()
    # The number on the account of the posting that was looked at last: facts may arrive in another order.
    account_sequence = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "customer_ref"], name="campaigns_balance_once")]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.customer_ref} {self.is_met}"


class SetEntry(models.Model):
    """A key under which another domain had a campaign sent to one customer; the same key sends nothing again."""

    id = models.BigAutoField(primary_key=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="+")
    occurrence = models.ForeignKey(Occurrence, on_delete=models.PROTECT, related_name="+", db_index=False)
    key = models.CharField(max_length=200)
    customer_ref = models.UUIDField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "key"], name="campaigns_entry_once")]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.key}"
