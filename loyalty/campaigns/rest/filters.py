"""What campaigns and executions can be narrowed by."""

import uuid
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import django_filters
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from loyalty.campaigns import api
from loyalty.campaigns.contracts import CONTROL_CODE, NO_VARIANT
from loyalty.campaigns.models import STATUSES, TRIGGERS, Campaign, CampaignExecution
from loyalty.delivery.contracts import SendState
from loyalty.foundation.kernel import clock

# The steps of the funnel, each with the instants of which one says that a send came as far, as the performance counts.
STAGES = {
    "sent": ("sent_at",),
    "delivered": ("delivered_at", "opened_at"),
    "opened": ("opened_at",),
    "clicked": ("clicked_at",),
    "converted": ("converted_at",),
    "unsubscribed": ("unsubscribed_at",),
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
    """Executions, narrowed as the performance is told: whoever follows a figure finds as many."""

    campaign = django_filters.UUIDFilter(field_name="campaign_ref")
    status = django_filters.ChoiceFilter(choices=[(one.value, one.value) for one in SendState])
    occurrence = django_filters.CharFilter()
    reason = django_filters.CharFilter()
    channel = django_filters.CharFilter()
    variant = django_filters.CharFilter(method="of_variant")
    stage = django_filters.ChoiceFilter(choices=[(one, one) for one in STAGES], method="of_stage")
    sent_on = django_filters.DateFilter(method="of_day")
    customer_id = django_filters.UUIDFilter(field_name="customer_public_id")
    customer_ref = django_filters.CharFilter()

    def of_stage(self, rows: QuerySet[CampaignExecution], name: str, value: str) -> QuerySet[CampaignExecution]:
        """Narrow to those that came as far as a step of the funnel."""
        reached = Q()
        for instant in STAGES[value]:
            reached |= Q(**{f"{instant}__isnull": False})
        return rows.filter(reached)

    def of_variant(self, rows: QuerySet[CampaignExecution], name: str, value: str) -> QuerySet[CampaignExecution]:
        """Narrow to a variant, to the control group, or to who was in no variant."""
        is_control = Q(variant=CONTROL_CODE) | Q(variant="", reason=CONTROL_CODE)
        if value == CONTROL_CODE:
            return rows.filter(is_control)
        return rows.filter(variant="").exclude(is_control) if value == NO_VARIANT else rows.filter(variant=value)

    def of_day(self, rows: QuerySet[CampaignExecution], name: str, value: date) -> QuerySet[CampaignExecution]:
        """Narrow to what was sent on a day, or placed where nothing was, by the clock of the campaign's program."""
        named = self.form.cleaned_data.get("campaign")
        campaign = Campaign.objects.filter(public_id=named).first() if named else None
        zone = ZoneInfo(api.zone_of_program(campaign, clock.now()) if campaign else "UTC")
        begins, ends = (datetime.combine(day, time(), zone) for day in (value, value + timedelta(days=1)))
        return rows.annotate(told_at=Coalesce("sent_at", "queued_at")).filter(told_at__gte=begins, told_at__lt=ends)

    class Meta:
        model = CampaignExecution
        fields = (
            "campaign", "status", "occurrence", "reason", "channel", "variant", "stage", "sent_on", "customer_id",
            "customer_ref",
        )  # fmt: skip
