"""Tables of campaigns, and the view of their executions."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from loyalty.campaigns.contracts import CampaignStatus, TriggerKind
from loyalty.foundation.orm.fields import ExactJSONField
from loyalty.foundation.orm.models import PublicModel

STATUSES = [(one.value, one.value) for one in CampaignStatus]
TRIGGERS = [(one.value, one.value) for one in TriggerKind]


class Campaign(PublicModel):
    """What is said to whom, and what sets it off.

    ``due_at``: the next slot of a schedule; ``is_threshold_met``: the memory that makes a threshold fire at its edge
    only; ``event_type`` repeats the trigger's, for the index.
    """

    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, default="")
    program_ref = models.UUIDField(null=True)
    segment_ref = models.UUIDField(null=True)
    purpose = models.CharField(max_length=10, default="marketing")
    status = models.CharField(max_length=10, choices=STATUSES, default=CampaignStatus.DRAFT)
    trigger_kind = models.CharField(max_length=10, choices=TRIGGERS)
    trigger = ExactJSONField()
    event_type = models.CharField(max_length=100, blank=True, default="")
    channels = ArrayField(models.CharField(max_length=10))
    content = ExactJSONField()
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
            models.Index(fields=["segment_ref"], name="campaigns_segment"),
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
    # What the audience is made of was frozen when the occurrence began: program, segment, shared values, messages.
    plan = ExactJSONField()
    answer = ExactJSONField()
    triggered_at = models.DateTimeField()
    is_complete = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "occurrence"], name="campaigns_occurrence_once"),
        ]
        indexes = [models.Index(fields=["campaign", "-id"], name="campaigns_occurrence_list")]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.occurrence}"


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
    status = models.TextField()
    reason = models.TextField()
    detail = models.TextField()
    queued_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    clicked_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "campaigns_execution"

    def __str__(self) -> str:
        return f"{self.customer_ref} {self.channel} {self.status}"


class Conversion(models.Model):
    """The first thing a customer did within the attribution window after a send."""

    send_id = models.BigIntegerField(primary_key=True)
    campaign_ref = models.UUIDField()
    customer_id = models.BigIntegerField()
    event_id = models.UUIDField()
    event_type = models.CharField(max_length=100)
    converted_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["campaign_ref"], name="campaigns_conversion_campaign")]

    def __str__(self) -> str:
        return f"{self.send_id} {self.event_type}"
