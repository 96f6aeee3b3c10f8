"""Bodies of the campaign routes."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from loyalty.campaigns.api import RANGE_MAX
from loyalty.campaigns.contracts import CampaignStatus
from loyalty.campaigns.models import Campaign, Occurrence
from loyalty.delivery.contracts import ChannelCode, Purpose
from loyalty.foundation.web.serializers import ExactJSONField, StrictSerializer

PURPOSES = [(one.value, one.value) for one in Purpose]
# Each channel once.
CHANNELS_MAX = len(ChannelCode)
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
    segment = serializers.SerializerMethodField()
    segments = serializers.ListField(source="segment_refs", child=serializers.UUIDField())
    excluded_segments = serializers.ListField(source="excluded_segment_refs", child=serializers.UUIDField())
    purpose = serializers.CharField()
    status = serializers.CharField()
    trigger = ExactJSONField()
    channels = serializers.ListField(child=serializers.CharField())
    content = ExactJSONField()
    goal = ExactJSONField()
    fallback = ExactJSONField()
    variants = ExactJSONField()
    control_percent = serializers.IntegerField()
    offers = ExactJSONField()
    budget_amount = serializers.DecimalField(max_digits=15, decimal_places=2, allow_null=True)
    priority = serializers.IntegerField()
    repeat_days = serializers.IntegerField(allow_null=True)
    valid_hours = serializers.IntegerField(allow_null=True)
    seeds = serializers.ListField(child=serializers.CharField())
    starts_at = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True)
    activated_at = serializers.DateTimeField(allow_null=True)
    last_triggered_at = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    version = serializers.IntegerField()

    def get_segment(self, campaign: Campaign) -> str | None:
        """Give the segment, when it is one."""
        return str(campaign.segment_refs[0]) if len(campaign.segment_refs) == 1 else None

    def get_last_triggered_at(self, campaign: Campaign) -> str | None:
        """Give when it was last triggered."""
        at = getattr(campaign, "last_triggered_at", None)
        return at.isoformat() if at is not None else None


def _segments() -> serializers.ListField:
    return serializers.ListField(child=serializers.UUIDField(), max_length=20, required=False)


def _budget() -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=14, decimal_places=2, min_value=Decimal("0.01"), required=False, allow_null=True
    )


class SettingsSerializer(StrictSerializer):
    """What a campaign may have beyond who, when and what; JSON is checked by its meaning when it is kept."""

    segments = _segments()
    excluded_segments = _segments()
    goal = ObjectField(required=False, allow_null=True)
    fallback = ObjectField(required=False, allow_null=True)
    variants = serializers.ListField(child=ObjectField(), max_length=10, required=False)
    control_percent = serializers.IntegerField(min_value=0, max_value=50, required=False)
    offers = serializers.ListField(child=ObjectField(), max_length=20, required=False)
    budget_amount = _budget()
    priority = serializers.IntegerField(min_value=1, max_value=9, required=False)
    repeat_days = serializers.IntegerField(min_value=0, max_value=3660, required=False, allow_null=True)
    valid_hours = serializers.IntegerField(min_value=1, max_value=744, required=False, allow_null=True)
    seeds = serializers.ListField(child=serializers.CharField(max_length=254), max_length=20, required=False)
    starts_at = serializers.DateTimeField(required=False, allow_null=True)
    ends_at = serializers.DateTimeField(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Take one segment by its short name, or several."""
        if attrs.get("segment") is not None and "segments" in attrs:
            raise serializers.ValidationError({"segment": ["Give either segment or segments."]}, code="ambiguous")
        return attrs


class NewCampaignSerializer(SettingsSerializer):
    """A campaign to create."""

    name = serializers.CharField(max_length=200)
    description = serializers.CharField(max_length=2000, required=False, default="", allow_blank=True)
    program = serializers.UUIDField(required=False, allow_null=True, default=None)
    segment = serializers.UUIDField(required=False, allow_null=True, default=None)
    purpose = serializers.ChoiceField(choices=PURPOSES, required=False, default=Purpose.MARKETING.value)
    trigger = ObjectField()
    channels = serializers.ListField(child=serializers.CharField(max_length=10), min_length=1, max_length=CHANNELS_MAX)
    content = ObjectField()
    status = serializers.ChoiceField(choices=NEW_STATUSES, required=False, default=CampaignStatus.DRAFT.value)


class ChangedCampaignSerializer(SettingsSerializer):
    """What may change on a campaign."""

    name = serializers.CharField(max_length=200, required=False)
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    program = serializers.UUIDField(required=False, allow_null=True)
    segment = serializers.UUIDField(required=False, allow_null=True)
    purpose = serializers.ChoiceField(choices=PURPOSES, required=False)
    trigger = ObjectField(required=False)
    channels = serializers.ListField(
        child=serializers.CharField(max_length=10), min_length=1, max_length=CHANNELS_MAX, required=False
    )
    content = ObjectField(required=False)


class EstimateSerializer(StrictSerializer):
    """A draft as far as it says who is meant, by which channels, and when."""

    campaign = serializers.UUIDField(required=False, allow_null=True, default=None)
    program = serializers.UUIDField(required=False, allow_null=True)
    segments = _segments()
    excluded_segments = _segments()
    purpose = serializers.ChoiceField(choices=PURPOSES, required=False)
    channels = serializers.ListField(child=serializers.CharField(max_length=10), max_length=CHANNELS_MAX)
    fallback = ObjectField(required=False, allow_null=True)
    control_percent = serializers.IntegerField(min_value=0, max_value=50, required=False)
    repeat_days = serializers.IntegerField(min_value=0, max_value=3660, required=False, allow_null=True)
    budget_amount = _budget()
    units = serializers.DictField(child=serializers.IntegerField(min_value=1, max_value=100), required=False)
    trigger = ObjectField(required=False)


class TriggerSerializer(StrictSerializer):
    """An occurrence to trigger; without a name it is a new one each time."""

    occurrence = serializers.CharField(max_length=200, required=False, allow_null=True, default=None)
    audience_max = serializers.IntegerField(min_value=0, required=False, allow_null=True, default=None)


class ExcludedSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """How many are left out, by reason."""

    forbidden = serializers.IntegerField()
    no_consent = serializers.IntegerField()
    suppressed = serializers.IntegerField()
    holdout = serializers.IntegerField()
    control = serializers.IntegerField()
    repeated = serializers.IntegerField()
    past_time = serializers.IntegerField()
    budget = serializers.IntegerField()
    capped = serializers.IntegerField()
    no_address = serializers.IntegerField()


class TriggerAnswerSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """The answer to a trigger; ``audience`` are those who are written to."""

    run = ExactJSONField()
    occurrence = serializers.CharField()
    id = serializers.UUIDField(required=False)
    population = serializers.IntegerField(required=False)
    audience = serializers.IntegerField()
    excluded = ExcludedSerializer()
    channels = ExactJSONField(required=False)
    is_estimated = serializers.BooleanField(required=False)


class CustomerSerializer(StrictSerializer):
    """A customer by id or by the BSS's reference, or nobody in particular."""

    customer_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    customer_ref = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")


class TestSendSerializer(CustomerSerializer):
    """A test send to a mail address, a telephone number or, where the customer is the address, a customer's id."""

    to = serializers.CharField(max_length=254)


class TestSendAnswerSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A test send under way."""

    test_id = serializers.UUIDField()
    to = serializers.CharField()
    channels = serializers.ListField(child=serializers.CharField())
    customer_id = serializers.UUIDField()
    customer_ref = serializers.CharField()


class PreviewAnswerSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """Who would be written to and who not, and how it looks for one of them."""

    audience = serializers.IntegerField()
    sendable = serializers.IntegerField()
    excluded = ExcludedSerializer()
    total = serializers.IntegerField()
    is_estimated = serializers.BooleanField()
    channels = ExactJSONField()
    sample = ExactJSONField()
    verdict = ExactJSONField()


class EstimateAnswerSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """Whom a draft would reach, what a message costs on each channel, and when it would run next."""

    audience = serializers.IntegerField()
    total = serializers.IntegerField()
    is_estimated = serializers.BooleanField()
    excluded = ExcludedSerializer()
    channels = serializers.DictField(child=serializers.IntegerField())
    prices = serializers.DictField(child=serializers.CharField())
    currency = serializers.CharField()
    next_runs = serializers.ListField(child=serializers.DateTimeField())
    trigger_problem = serializers.CharField(allow_blank=True)


class PerformanceSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What came of a campaign; revenue is a decimal as text, the breakdown is by channel, variant and day."""

    placed = serializers.IntegerField()
    customers_sent = serializers.IntegerField()
    unsubscribed = serializers.IntegerField()
    revenue = serializers.CharField()
    cost = serializers.CharField()
    points = serializers.IntegerField()
    breakdown = ExactJSONField()
    incremental = ExactJSONField(allow_null=True)

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


class OccurrenceSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One time that a campaign was triggered, and how far it is."""

    id = serializers.UUIDField(source="public_id")
    occurrence = serializers.CharField()
    trigger_kind = serializers.CharField()
    triggered_at = serializers.DateTimeField()
    population = serializers.IntegerField()
    is_complete = serializers.BooleanField()
    falls_back_until = serializers.DateTimeField(allow_null=True)
    aborted_at = serializers.DateTimeField(allow_null=True)
    run = serializers.SerializerMethodField()
    progress = serializers.SerializerMethodField()

    @extend_schema_field({"type": "string", "format": "uuid", "nullable": True})
    def get_run(self, occurrence: Occurrence) -> str | None:
        """Give the id of the run that fills the queue."""
        run = occurrence.answer.get("run") if occurrence.answer else None
        return run["id"] if run else None

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "integer"}})
    def get_progress(self, occurrence: Occurrence) -> dict[str, int]:
        """Give how many sends are at which step."""
        found: dict[str, int] = self.context["progress"][occurrence.public_id]
        return found


class AbortedSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """How many sends were dropped."""

    dropped = serializers.IntegerField()


class CalendarEntrySerializer(serializers.Serializer):  # type: ignore[type-arg]
    """When a campaign went out or will."""

    campaign = serializers.UUIDField()
    name = serializers.CharField()
    status = serializers.CharField()
    channels = serializers.ListField(child=serializers.CharField())
    at = serializers.DateTimeField()
    occurrence = serializers.CharField(allow_blank=True)
    is_past = serializers.BooleanField()
    is_cut = serializers.BooleanField(help_text="More of the campaign follow on the same day.")


class CalendarQuerySerializer(StrictSerializer):
    """Between which instants."""

    since = serializers.DateTimeField()
    until = serializers.DateTimeField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse what is no range, or a longer one than a screen shows."""
        if not timedelta() < attrs["until"] - attrs["since"] <= RANGE_MAX:
            raise serializers.ValidationError({"until": [f"At most {RANGE_MAX.days} days after since."]}, code="range")
        return attrs


class ExecutionSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One customer on one channel at one occurrence."""

    id = serializers.UUIDField(source="public_id")
    campaign = serializers.UUIDField(source="campaign_ref")
    occurrence = serializers.CharField()
    customer_id = serializers.UUIDField(source="customer_public_id")
    customer_ref = serializers.CharField()
    channel = serializers.CharField()
    variant = serializers.CharField()
    status = serializers.CharField()
    reason = serializers.CharField()
    detail = serializers.CharField()
    queued_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)
    opened_at = serializers.DateTimeField(allow_null=True)
    clicked_at = serializers.DateTimeField(allow_null=True)
    unsubscribed_at = serializers.DateTimeField(allow_null=True)
    converted_at = serializers.DateTimeField(allow_null=True)
