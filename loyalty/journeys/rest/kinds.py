"""What a journey can be made of, and journeys to begin with."""

from typing import Any, ClassVar

from django.urls import URLPattern, path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.web.languages import language_of
from loyalty.foundation.web.serializers import ExactJSONField
from loyalty.foundation.web.views import ApiView
from loyalty.journeys import api


class FieldSpecSerializer(serializers.Serializer[Any]):
    """A field of a config."""

    name = serializers.CharField()
    type = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    required = serializers.BooleanField()  # type: ignore[assignment]
    choices = serializers.ListField(child=serializers.CharField())
    minimum = serializers.IntegerField(allow_null=True)
    maximum = serializers.IntegerField(allow_null=True)
    default = ExactJSONField(allow_null=True)


class BranchSerializer(serializers.Serializer[Any]):
    """A way out of a node."""

    code = serializers.CharField()
    is_required = serializers.BooleanField()


class NodeKindSerializer(serializers.Serializer[Any]):
    """A kind of node; ``variants`` are the fields of each trigger of a start, of each mode of a wait."""

    kind = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    icon = serializers.CharField()
    branches = BranchSerializer(many=True)
    fields = FieldSpecSerializer(many=True)  # type: ignore[assignment]
    variants = serializers.DictField(child=FieldSpecSerializer(many=True))


class ActionKindSerializer(serializers.Serializer[Any]):
    """A kind of action."""

    kind = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    icon = serializers.CharField()
    group = serializers.CharField()
    fields = FieldSpecSerializer(many=True)  # type: ignore[assignment]
    branches = BranchSerializer(many=True)
    is_available = serializers.BooleanField()
    unavailable_reason = serializers.CharField(allow_blank=True)


class JourneyEventFieldSerializer(serializers.Serializer[Any]):
    """A declared field of an event."""

    name = serializers.CharField()
    type = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]


class EventKindSerializer(serializers.Serializer[Any]):
    """An event that a journey may begin with or wait for."""

    event_type = serializers.CharField()
    fields = JourneyEventFieldSerializer(many=True)  # type: ignore[assignment]


class JourneyKindsSerializer(serializers.Serializer[Any]):
    """What a journey can be made of."""

    nodes = NodeKindSerializer(many=True)
    actions = ActionKindSerializer(many=True)
    events = EventKindSerializer(many=True)


class JourneyTemplateSerializer(serializers.Serializer[Any]):
    """A journey to begin with."""

    code = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    graph = ExactJSONField()


class JourneyKindsView(ApiView):
    """Kinds of nodes and actions."""

    permissions: ClassVar[dict[str, str]] = {"get": "journeys.view"}

    @extend_schema(responses={200: JourneyKindsSerializer})
    def get(self, request: Request) -> Response:
        """Give the kinds of nodes and actions with their fields, and the events."""
        return Response(api.kinds(language_of(request.headers.get("Accept-Language"))))


class JourneyTemplatesView(ApiView):
    """Journeys to begin with."""

    permissions: ClassVar[dict[str, str]] = {"get": "journeys.view"}

    @extend_schema(responses={200: JourneyTemplateSerializer(many=True)})
    def get(self, request: Request) -> Response:
        """Give the journeys to begin with."""
        return Response(api.templates(language_of(request.headers.get("Accept-Language"))))


paths: list[URLPattern] = [
    path("journeys/kinds/", JourneyKindsView.as_view(), name="journeys-kinds"),
    path("journeys/templates/", JourneyTemplatesView.as_view(), name="journeys-templates"),
]
