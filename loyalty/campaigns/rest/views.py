"""Routes of campaigns."""

import csv
import io
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.db.models import Max, Q, QuerySet
from django.http import HttpResponse
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.filters import SearchFilter
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.campaigns import api
from loyalty.campaigns.contracts import MANUAL, CampaignStatus, TriggerKind
from loyalty.campaigns.models import Campaign, CampaignExecution, Occurrence
from loyalty.campaigns.rest import serializers
from loyalty.campaigns.rest.filters import CampaignFilter, ExecutionFilter
from loyalty.customers import api as customers
from loyalty.foundation.kernel import clock
from loyalty.foundation.web import masking, scoping
from loyalty.foundation.web.etag import if_match
from loyalty.foundation.web.negotiation import FileNegotiation
from loyalty.foundation.web.pagination import KeysetPages
from loyalty.foundation.web.permissions import require
from loyalty.foundation.web.views import AllowListedOrdering, ApiView, ReadOnlyApiViewSet
from loyalty.foundation.web.waiting import WaitingAnswer

# So many fill a page; older ones are found through their executions.
OCCURRENCES_SHOWN = 50


class CampaignViewSet(ReadOnlyApiViewSet):
    """Campaigns."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "campaigns.view",
        "retrieve": "campaigns.view",
        "create": "campaigns.create",
        "partial_update": "campaigns.change",
        "destroy": "campaigns.delete",
        "activate": "campaigns.activate",
        "pause": "campaigns.pause",
        "submit": "campaigns.change",
        "send_back": "campaigns.activate",
        "end": "campaigns.activate",
        "trigger": "campaigns.trigger",
        "preview": "campaigns.view",
        "estimate": "campaigns.view",
        "test_send": "campaigns.test_send",
        "performance": "campaigns.view",
        "performance_file": "campaigns.view",
        "occurrences": "campaigns.view",
        "calendar": "campaigns.view",
        "abort": "campaigns.trigger",
    }
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": "program_ref", "own": "owner_ref"}
    own_acts: ClassVar[tuple[str, ...]] = ("create",)
    scoped_names: ClassVar[Mapping[str, str]] = {"program": "program"}
    serializer_class = serializers.CampaignSerializer
    queryset = Campaign.objects.all()
    filter_backends: Any = (DjangoFilterBackend, SearchFilter, AllowListedOrdering)
    filterset_class = CampaignFilter
    search_fields = ("name", "description")
    ordering_fields: ClassVar[list[str]] = ["name", "status", "created_at", "updated_at"]

    def get_queryset(self) -> QuerySet[Campaign]:
        """Give campaigns, newest first, with the last time each was triggered."""
        return Campaign.objects.annotate(last_triggered_at=Max("occurrences__triggered_at")).order_by("-id")

    @extend_schema(
        request=serializers.NewCampaignSerializer, responses={201: serializers.CampaignSerializer, 202: WaitingAnswer}
    )
    def create(self, request: Request) -> Response:
        """Create a campaign; creating it active needs the permission to activate too."""
        body = serializers.NewCampaignSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = dict(body.validated_data)
        is_active = given.pop("status") == CampaignStatus.ACTIVE
        if is_active:
            require(request, "campaigns.activate")
        wanted: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in given.items()}
        new = api.NewCampaign(**wanted)
        made = api.create(new=new, is_active=is_active, actor=self.actor, now=clock.now())
        return self.respond_with(self.get_queryset().get(public_id=made), status=201)

    @extend_schema(request=serializers.ChangedCampaignSerializer, responses={200: serializers.CampaignSerializer})
    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        """Change a campaign."""
        campaign = self.get_object()
        body = serializers.ChangedCampaignSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        api.change(
            campaign_id=campaign.public_id,
            changes=body.validated_data,
            actor=self.actor,
            now=clock.now(),
            check_version=if_match(request),
        )
        return self.respond_with(self.get_object())

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, **kwargs: Any) -> Response:
        """Delete a campaign that was never triggered."""
        api.delete(campaign_id=self.get_object().public_id, actor=self.actor, now=clock.now())
        return Response(status=204)

    @extend_schema(request=None, responses={200: serializers.CampaignSerializer, 202: WaitingAnswer})
    @action(detail=True, methods=["post"])
    def activate(self, request: Request, **kwargs: Any) -> Response:
        """Let it run."""
        api.activate(campaign_id=self.get_object().public_id, actor=self.actor, now=clock.now())
        return self.respond_with(self.get_object())

    @extend_schema(request=None, responses={200: serializers.CampaignSerializer})
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, **kwargs: Any) -> Response:
        """Stop it for now."""
        api.pause(campaign_id=self.get_object().public_id, actor=self.actor, now=clock.now())
        return self.respond_with(self.get_object())

    @extend_schema(request=None, responses={200: serializers.CampaignSerializer})
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, **kwargs: Any) -> Response:
        """Give a draft to somebody to look at."""
        api.submit(campaign_id=self.get_object().public_id, actor=self.actor, now=clock.now())
        return self.respond_with(self.get_object())

    @extend_schema(request=None, responses={200: serializers.CampaignSerializer})
    @action(detail=True, methods=["post"], url_path="send-back")
    def send_back(self, request: Request, **kwargs: Any) -> Response:
        """End a review: it is a draft again."""
        api.send_back(campaign_id=self.get_object().public_id, actor=self.actor, now=clock.now())
        return self.respond_with(self.get_object())

    @extend_schema(request=None, responses={200: serializers.CampaignSerializer})
    @action(detail=True, methods=["post"])
    def end(self, request: Request, **kwargs: Any) -> Response:
        """End it for good."""
        api.end(campaign_id=self.get_object().public_id, actor=self.actor, now=clock.now())
        return self.respond_with(self.get_object())

    @extend_schema(
        request=serializers.TriggerSerializer,
        responses={202: serializers.TriggerAnswerSerializer, 200: serializers.TriggerAnswerSerializer},
    )
    @action(detail=True, methods=["post"])
    def trigger(self, request: Request, **kwargs: Any) -> Response:
        """Trigger it by hand: 202 with the run; 200 with the first answer when the occurrence had begun before."""
        body = serializers.TriggerSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        outcome = api.trigger(
            campaign_id=self.get_object().public_id,
            occurrence=body.validated_data["occurrence"],
            cause=api.Cause(MANUAL),
            actor=self.actor,
            now=clock.now(),
            audience_max=body.validated_data["audience_max"],
        )
        return Response(outcome.answer, status=202 if outcome.is_new else 200)

    @extend_schema(request=serializers.CustomerSerializer, responses={200: serializers.PreviewAnswerSerializer})
    @action(detail=True, methods=["get", "post"])
    def preview(self, request: Request, **kwargs: Any) -> Response:
        """Count who would be written to and who not, and show it for one customer."""
        body = serializers.CustomerSerializer(data=request.data if request.method == "POST" else {})
        body.is_valid(raise_exception=True)
        told = api.preview(
            self.get_object(),
            customer=self._customer(body.validated_data),
            now=clock.now(),
            is_revealed=masking.may_reveal(request),
        )
        if told["sample"] is not None:
            masking.reveal(request, [str(told["sample"]["customer_id"])])
        return Response(told)

    @extend_schema(request=serializers.EstimateSerializer, responses={200: serializers.EstimateAnswerSerializer})
    @action(detail=False, methods=["post"], filter_backends=[])
    def estimate(self, request: Request) -> Response:
        """Count whom a draft would reach, with prices and the next runs of its schedule; nothing is kept."""
        body = serializers.EstimateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = dict(body.validated_data)
        named = given.pop("campaign")
        known = self.filter_queryset(self.get_queryset()).filter(public_id=named).exists() if named else False
        return Response(api.estimate(given, campaign_id=named if known else None, now=clock.now()))

    @extend_schema(request=serializers.TestSendSerializer, responses={202: serializers.TestSendAnswerSerializer})
    @action(detail=True, methods=["post"], url_path="test-send")
    def test_send(self, request: Request, **kwargs: Any) -> Response:
        """Send it to an address of one's own; it counts nowhere."""
        body = serializers.TestSendSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        # The mail that goes out names a customer, and a template cannot be masked without being another.
        customer = self._customer(body.validated_data)
        masking.require_reveal(request, [str(customer) if customer else str(self.kwargs["id"])])
        answer = api.test_send(
            campaign=self.get_object(),
            to=body.validated_data["to"],
            customer=customer,
            actor=self.actor,
            now=clock.now(),
        )
        return Response(answer, status=202)

    @staticmethod
    def _customer(given: dict[str, Any]) -> uuid.UUID | None:
        named: uuid.UUID | None = given["customer_id"]
        if named is None and given["customer_ref"]:
            return customers.get_customer_by_ref(given["customer_ref"]).id
        return named

    @extend_schema(responses={200: serializers.PerformanceSerializer})
    @action(detail=True, methods=["get"])
    def performance(self, request: Request, **kwargs: Any) -> Response:
        """Give what came of it."""
        return Response(self._performance())

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"], url_path="performance-file", content_negotiation_class=FileNegotiation)
    def performance_file(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Give what came of it as CSV: the total, then each channel, variant and day."""
        block = io.StringIO()
        csv.writer(block).writerows(api.rows_of(self._performance()))
        name = f"campaign-{self.kwargs['id']}.csv"
        return HttpResponse(
            block.getvalue(),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    def _performance(self) -> dict[str, Any]:
        campaign = self.get_object()
        return api.performance_of(campaign.public_id, zone=api.zone_of_program(campaign, clock.now()))

    @extend_schema(
        parameters=[OpenApiParameter(name, OpenApiTypes.DATETIME, required=True) for name in ("since", "until")],
        responses={200: serializers.CalendarEntrySerializer(many=True)},
    )
    @action(detail=False, methods=["get"], filter_backends=[])
    def calendar(self, request: Request) -> Response:
        """Give what went out and what will, between two instants."""
        asked = serializers.CalendarQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        rows, now = list(self.filter_queryset(self.get_queryset())), clock.now()
        zones = {one.pk: api.zone_of_program(one, now) for one in rows}
        return Response(api.calendar(rows, zones=zones, now=now, **asked.validated_data))

    @extend_schema(responses={200: serializers.OccurrenceSerializer(many=True)})
    @action(detail=True, methods=["get"], filter_backends=[])
    def occurrences(self, request: Request, **kwargs: Any) -> Response:
        """List the latest times that it was triggered, with how far each is; not those for one customer's event."""
        campaign = self.get_object()
        rows = Occurrence.objects.filter(campaign=campaign).exclude(trigger_kind=TriggerKind.EVENT).order_by("-id")
        shown = list(rows[:OCCURRENCES_SHOWN])
        progress = api.progress_of(campaign.public_id, [one.public_id for one in shown])
        return Response(serializers.OccurrenceSerializer(shown, many=True, context={"progress": progress}).data)

    @extend_schema(request=None, responses={200: serializers.AbortedSerializer})
    @action(detail=True, methods=["post"], url_path=r"occurrences/(?P<occurrence_id>[0-9a-f-]{36})/abort")
    def abort(self, request: Request, occurrence_id: str, **kwargs: Any) -> Response:
        """Stop one occurrence for good: what waits is dropped."""
        if not scoping.is_public_id(occurrence_id):
            raise api.OccurrenceNotFound()
        dropped = api.abort(
            campaign_id=self.get_object().public_id,
            occurrence_id=uuid.UUID(occurrence_id),
            actor=self.actor,
            now=clock.now(),
        )
        return Response({"dropped": dropped})


class CampaignKindsView(ApiView):
    """What a campaign can be made of."""

    permissions: ClassVar[dict[str, str]] = {"get": "campaigns.view"}

    @extend_schema(responses={200: dict})
    def get(self, request: Request) -> Response:
        """Give triggers, events with their fields, measures, channels and the names a template may use."""
        return Response(api.catalogue())


def of_campaigns_in(program_refs: Sequence[str]) -> Q:
    """Narrow executions to those of campaigns of some programs."""
    return Q(campaign_ref__in=Campaign.objects.filter(program_ref__in=program_refs).values("public_id"))


def of_campaigns_by(owner_refs: Sequence[str]) -> Q:
    """Narrow executions to those of campaigns that some people made."""
    return Q(campaign_ref__in=Campaign.objects.filter(owner_ref__in=owner_refs).values("public_id"))


class CampaignExecutionViewSet(ReadOnlyApiViewSet):
    """Executions, newest first."""

    permissions: ClassVar[dict[str, str]] = {"list": "campaigns.view", "retrieve": "campaigns.view"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": of_campaigns_in, "own": of_campaigns_by}
    queryset = CampaignExecution.objects.all()
    serializer_class = serializers.ExecutionSerializer
    pagination_class = KeysetPages
    keyset = ("-id",)
    filter_backends: Any = (DjangoFilterBackend,)
    filterset_class = ExecutionFilter
