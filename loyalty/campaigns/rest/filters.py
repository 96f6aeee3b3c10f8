"""What campaigns and executions can be narrowed by."""

import django_filters

from loyalty.campaigns.models import STATUSES, TRIGGERS, Campaign, CampaignExecution
from loyalty.delivery.contracts import SendState


class CampaignFilter(django_filters.FilterSet):
    """Campaigns."""

    status = django_filters.ChoiceFilter(choices=STATUSES)
    trigger = django_filters.ChoiceFilter(field_name="trigger_kind", choices=TRIGGERS)
    program = django_filters.UUIDFilter(field_name="program_ref")
    segment = django_filters.UUIDFilter(field_name="segment_ref")

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
    customer_id = django_filters.UUIDFilter(field_name="customer_public_id")
    customer_ref = django_filters.CharFilter()

    class Meta:
        model = CampaignExecution
        fields = ("campaign", "status", "occurrence", "reason", "channel", "customer_id", "customer_ref")
