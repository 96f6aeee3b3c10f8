"""Trying a journey on one customer, with a clock that is moved by hand; nothing is sent."""

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.urls import URLPattern, path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.kernel import clock
from loyalty.foundation.web import masking, scoping
from loyalty.foundation.web.languages import language_of
from loyalty.foundation.web.serializers import ExactJSONField, StrictSerializer, WholeNumberField
from loyalty.foundation.web.views import ApiView
from loyalty.journeys import api

SECONDS_MAX = 5 * 366 * 86_400
EVENTS_MAX = 200


class TrialEventSerializer(StrictSerializer):
    """An event told on the way: at an instant, or so many seconds after the start."""

    after_seconds = WholeNumberField(required=False, min_value=0, max_value=SECONDS_MAX)
    at = serializers.DateTimeField(required=False)
    event_type = serializers.CharField(max_length=100)
    event_data = serializers.DictField(required=False, default=dict)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for one of the two times."""
        if ("at" in attrs) == ("after_seconds" in attrs):
            raise serializers.ValidationError("Give either at or after_seconds.", code="invalid")
        return attrs


class TestRunSerializer(StrictSerializer):
    """A trial; without a graph and a version the draft is tried."""

    customer_id = serializers.UUIDField()
    graph = ExactJSONField(required=False, allow_null=True, default=None)
    version = WholeNumberField(required=False, allow_null=True, default=None, min_value=1, max_value=1_000_000)
    context = serializers.DictField(required=False, default=dict)  # type: ignore[assignment]
    starts_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    events = serializers.ListField(child=TrialEventSerializer(), required=False, default=list, max_length=EVENTS_MAX)
    assume = serializers.DictField(child=serializers.CharField(max_length=64), required=False, default=dict)


class TestRunStepSerializer(serializers.Serializer[Any]):
    """One node that the customer came to."""

    node_id = serializers.CharField()
    node_name = serializers.CharField(allow_blank=True)
    kind = serializers.CharField()
    entered_at = serializers.DateTimeField()
    left_at = serializers.DateTimeField(allow_null=True)
    branch = serializers.CharField(allow_null=True)
    reasons = serializers.ListField(child=serializers.CharField())
    effect = ExactJSONField(allow_null=True)
    warnings = serializers.ListField(child=serializers.CharField())


class TestRunAnswerSerializer(serializers.Serializer[Any]):
    """The way of a trial."""

    sends_nothing = serializers.BooleanField()
    state = serializers.CharField()
    outcome = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True)
    goal_at = serializers.DateTimeField(allow_null=True)
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(allow_null=True)
    waits_until = serializers.DateTimeField(allow_null=True)
    path = TestRunStepSerializer(many=True)


class JourneyTestRunView(ApiView):
    """Try a journey on a customer."""

    permissions: ClassVar[dict[str, str]] = {"post": "journeys.view"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED, "own": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"id": "journey"}

    @extend_schema(request=TestRunSerializer, responses={200: TestRunAnswerSerializer})
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Lead a customer through the draft, a version or a graph; nothing is sent, booked or kept.

        What a message would say is shown to those who may see personal data, and masked to others.
        """
        body = TestRunSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given, now = body.validated_data, clock.now()
        starts_at = given["starts_at"] or now
        trial = api.Trial(
            customer_id=given["customer_id"],
            starts_at=starts_at,
            context=given["context"],
            events=[_event(one, starts_at) for one in given["events"]],
            assume=given["assume"],
        )
        told = api.try_journey(
            journey_id=id,
            graph=given["graph"],
            version=given["version"],
            trial=trial,
            now=now,
            is_revealed=masking.may_reveal(request),
            language=language_of(request.headers.get("Accept-Language")),
        )
        masking.reveal(request, [str(given["customer_id"])])
        return Response(told)


def _event(given: Mapping[str, Any], starts_at: datetime) -> api.Happening:
    at: datetime = given["at"] if "at" in given else starts_at + timedelta(seconds=given["after_seconds"])
    return api.Happening(at, given["event_type"], given["event_data"], str(uuid.uuid4()))


paths: list[URLPattern] = [path("journeys/<uuid:id>/test-run/", JourneyTestRunView.as_view(), name="journeys-test-run")]
