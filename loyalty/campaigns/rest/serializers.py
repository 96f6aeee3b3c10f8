"""Bodies of the campaign routes."""

from typing import Any

from rest_framework import serializers

from loyalty.campaigns.contracts import CampaignStatus
from loyalty.campaigns.models import Campaign
from loyalty.delivery.contracts import Purpose
from loyalty.foundation.web.serializers import ExactJSONField, StrictSerializer

PURPOSES = [(one.value, one.value) for one in Purpose]
# A campaign may be created active; the other statuses are reached by their own steps.
NEW_STATUSES = [(one.value, one.value) for one in (CampaignStatus.DRAFT, CampaignStatus.ACTIVE)]


class ObjectField(ExactJSONField):
    """A JSON object."""

    def to_internal_value(self, data: Any) -> Any:
        """Read it."""
        if not isinstance(data, dict):
            raise serializers.ValidationError("This is a JSON object.", code="not_an_object")
        return super().to_internal_value(data)


class CampaignSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A campaign as answered."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()
    description = serializers.CharField()
    program = serializers.UUIDField(source="program_ref", allow_null=True)
    segment = serializers.UUIDField(source="segment_ref", allow_null=True)
    purpose = serializers.CharField()
    status = serializers.CharField()
    trigger = ExactJSONField()
    channels = serializers.ListField(child=serializers.CharField())
    content = ExactJSONField()
    due_at = serializers.DateTimeField(allow_null=True)
    activated_at = serializers.DateTimeField(allow_null=True)
    last_triggered_at = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    version = serializers.IntegerField()

    def get_last_triggered_at(self, campaign: Campaign) -> str | None:
        """Give when it was last triggered."""
        at = getattr(campaign, "last_triggered_at", None)
        return at.isoformat() if at is not None else None


class NewCampaignSerializer(StrictSerializer):
    """A campaign to create."""

    name = serializers.CharField(max_length=200)
    description = serializers.CharField(max_length=2000, required=False, default="", allow_blank=True)
    program = serializers.UUIDField(required=False, allow_null=True, default=None)
    segment = serializers.UUIDField(required=False, allow_null=True, default=None)
    purpose = serializers.ChoiceField(choices=PURPOSES, required=False, default=Purpose.MARKETING.value)
    trigger = ObjectField()
    channels = serializers.ListField(child=serializers.CharField(max_length=10), min_length=1, max_length=5)
    content = ObjectField()
    status = serializers.ChoiceField(choices=NEW_STATUSES, required=False, default=CampaignStatus.DRAFT.value)


class ChangedCampaignSerializer(StrictSerializer):
    """What may change on a campaign."""

    name = serializers.CharField(max_length=200, required=False)
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    program = serializers.UUIDField(required=False, allow_null=True)
    segment = serializers.UUIDField(required=False, allow_null=True)
    purpose = serializers.ChoiceField(choices=PURPOSES, required=False)
    trigger = ObjectField(required=False)
    channels = serializers.ListField(
        child=serializers.CharField(max_length=10), min_length=1, max_length=5, required=False
    )
    content = ObjectField(required=False)


class TriggerSerializer(StrictSerializer):
    """An occurrence to trigger; without a name it is a new one each time."""

    occurrence = serializers.CharField(max_length=200, required=False, allow_null=True, default=None)


class ExcludedSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """How many are left out, by reason."""

    forbidden = serializers.IntegerField()
    no_consent = serializers.IntegerField()
    suppressed = serializers.IntegerField()
    holdout = serializers.IntegerField()
    capped = serializers.IntegerField()
    no_address = serializers.IntegerField()


class TriggerAnswerSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """The answer to a trigger; ``audience`` are those who are written to."""

    run = ExactJSONField()
    occurrence = serializers.CharField()
    audience = serializers.IntegerField()
    excluded = ExcludedSerializer()


class CustomerSerializer(StrictSerializer):
    """A customer by id or by the BSS's reference, or nobody in particular."""

    customer_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    customer_ref = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")


class TestSendSerializer(CustomerSerializer):
    """A test send."""

    to = serializers.CharField(max_length=254)


class TestSendAnswerSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A test send under way."""

    test_id = serializers.UUIDField()
    to = serializers.CharField()
    customer_id = serializers.UUIDField()
    customer_ref = serializers.CharField()


class PreviewAnswerSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """Who would be written to and who not, and how it looks for one of them."""

    audience = serializers.IntegerField()
    sendable = serializers.IntegerField()
    excluded = ExcludedSerializer()
    total = serializers.IntegerField()
    channels = ExactJSONField()
    sample = ExactJSONField()


class PerformanceSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What came of a campaign."""

    total_sent = serializers.IntegerField()
    delivered = serializers.IntegerField()
    opened = serializers.IntegerField()
    clicked = serializers.IntegerField()
    converted = serializers.IntegerField()
    conversion_rate = serializers.FloatField()
    failed = serializers.IntegerField()
    bounced = serializers.IntegerField()
    unknown = serializers.IntegerField()
    queued = serializers.IntegerField()
    skipped = serializers.IntegerField()
    excluded = ExcludedSerializer()
    occurrences = serializers.IntegerField()
    last_sent_at = serializers.DateTimeField(allow_null=True)


class ExecutionSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One customer on one channel at one occurrence."""

    id = serializers.UUIDField(source="public_id")
    campaign = serializers.UUIDField(source="campaign_ref")
    occurrence = serializers.CharField()
    customer_id = serializers.UUIDField(source="customer_public_id")
    customer_ref = serializers.CharField()
    channel = serializers.CharField()
    status = serializers.CharField()
    reason = serializers.CharField()
    detail = serializers.CharField()
    queued_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)
    opened_at = serializers.DateTimeField(allow_null=True)
    clicked_at = serializers.DateTimeField(allow_null=True)
