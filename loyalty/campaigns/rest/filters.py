"""What campaigns and executions can be narrowed by."""

import uuid

import django_filters
from django.db.models import QuerySet

from loyalty.campaigns.models import STATUSES, TRIGGERS, Campaign, CampaignExecution
from loyalty.delivery.contracts import SendState

# The steps of the funnel, each with the instant that says that a send came as far.
STAGES = {
    "sent": "sent_at",
    "delivered": "delivered_at",
    "opened": "opened_at",
    "clicked": "clicked_at",
    "converted": "converted_at",
    "unsubscribed": "unsubscribed_at",
}


class CampaignFilter(django_filters.FilterSet):
    """Campaigns."""

    status = django_filters.ChoiceFilter(choices=STATUSES)
    trigger = django_filters.ChoiceFilter(field_name="trigger_kind", choices=TRIGGERS)
    program = django_filters.UUIDFilter(field_name="program_ref")
    segment = django_filters.UUIDFilter(method="of_segment")

    def of_segment(self, rows: QuerySet[Campaign], name: str, value: uuid.UUID) -> QuerySet[Campaign]:
        """Narrow to the campaigns that write to a segment's members."""
        return rows.filter(segment_refs__contains=[value])

    class Meta:
        model = Campaign
        fields = ("status", "trigger", "program", "segment")


class ExecutionFilter(django_filters.FilterSet):
    """Executions."""

    campaign = django_filters.UUIDFilter(field_name="campaign_ref")
    status = django_filters.ChoiceFilter(choices=[(one.value, one.value) for one in SendState])
    occurrence = django_filters.CharFilter()
    reason = django_filters.CharFilter()
    channel = django_filters.CharFilter()
    variant = django_filters.CharFilter()
    stage = django_filters.ChoiceFilter(choices=[(one, one) for one in STAGES], method="of_stage")
    sent_on = django_filters.DateFilter(field_name="sent_at", lookup_expr="date")
    customer_id = django_filters.UUIDFilter(field_name="customer_public_id")
    customer_ref = django_filters.CharFilter()

    def of_stage(self, rows: QuerySet[CampaignExecution], name: str, value: str) -> QuerySet[CampaignExecution]:
        """Narrow to those that came as far as a step of the funnel."""
        return rows.filter(**{f"{STAGES[value]}__isnull": False})

    class Meta:
        model = CampaignExecution
        fields = (
            "campaign", "status", "occurrence", "reason", "channel", "variant", "stage", "sent_on", "customer_id",
            "customer_ref",
        )  # fmt: skip
