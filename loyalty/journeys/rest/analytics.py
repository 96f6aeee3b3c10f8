"""What came of a journey."""

import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from django.urls import URLPattern, path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.kernel import clock
from loyalty.foundation.web import scoping
from loyalty.foundation.web.views import ApiView
from loyalty.journeys import api


class AnalyticsQuerySerializer(serializers.Serializer[Any]):
    """Who is counted; the names are those of the query, two of which are words of the language."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Give the fields."""
        return {
            "from": serializers.DateTimeField(required=False),
            "to": serializers.DateTimeField(required=False),
            "version": serializers.IntegerField(required=False, min_value=1, max_value=1_000_000),
        }


class NodeFiguresSerializer(serializers.Serializer[Any]):
    """What came of one node; ``left`` counts by branch, ``median_seconds`` is the time spent there."""

    node_id = serializers.CharField()
    node_name = serializers.CharField(allow_blank=True)
    entered = serializers.IntegerField()
    here_now = serializers.IntegerField()
    left = serializers.DictField(child=serializers.IntegerField())
    failed = serializers.IntegerField()
    median_seconds = serializers.FloatField(allow_null=True)


class GoalFiguresSerializer(serializers.Serializer[Any]):
    """The goal, measured in the same way for those led and those held out; rates are shares from 0 to 1."""

    reached = serializers.IntegerField()
    reached_inside = serializers.IntegerField(required=False)
    rate = serializers.FloatField(allow_null=True)
    window_days = serializers.IntegerField(allow_null=True)
    holdout_reached = serializers.IntegerField(allow_null=True)
    holdout_rate = serializers.FloatField(allow_null=True)
    uplift = serializers.FloatField(allow_null=True)
    interval = serializers.ListField(child=serializers.FloatField(), allow_null=True)


class FunnelStepSerializer(serializers.Serializer[Any]):
    """One node on the way, with the share of those who came in."""

    node_id = serializers.CharField()
    node_name = serializers.CharField(allow_blank=True)
    entered = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)
    depth = serializers.IntegerField()


class JourneyAnalyticsSerializer(serializers.Serializer[Any]):
    """What came of a journey."""

    entered = serializers.IntegerField()
    held_out = serializers.IntegerField()
    by_state = serializers.DictField(child=serializers.IntegerField())
    nodes = NodeFiguresSerializer(many=True)
    goal = GoalFiguresSerializer(allow_null=True)
    funnel = FunnelStepSerializer(many=True)


class JourneyAnalyticsView(ApiView):
    """Figures of a journey."""

    permissions: ClassVar[dict[str, str]] = {"get": "journeys.view"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED, "own": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"id": "journey"}

    @extend_schema(
        parameters=[
            OpenApiParameter("from", str, description="Those who came in from this instant on."),
            OpenApiParameter("to", str, description="Those who came in before this instant."),
            OpenApiParameter("version", int, description="Those in this version now; without it, in all."),
        ],
        responses={200: JourneyAnalyticsSerializer},
    )
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Give who came in, where they are and how they left, how long it took, and the goal against the holdout."""
        query = AnalyticsQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        given = query.validated_data
        asked = api.AnalyticsAsked(given.get("from"), given.get("to"), given.get("version"))
        return Response(api.analytics_of(journey_id=id, asked=asked, now=clock.now()))


paths: list[URLPattern] = [
    path("journeys/<uuid:id>/analytics/", JourneyAnalyticsView.as_view(), name="journeys-analytics")
]
