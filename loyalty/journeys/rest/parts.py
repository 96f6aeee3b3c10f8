"""``journeyNodes/`` and ``journeyEdges/``: the parts of a draft by their published names."""

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
from loyalty.foundation.web.serializers import ExactJSONField, StrictSerializer, WholeNumberField
from loyalty.foundation.web.views import ApiView
from loyalty.journeys import api

JOURNEY = OpenApiParameter("journey", uuid.UUID, required=True, description="The journey whose draft is meant.")


class JourneyQuerySerializer(serializers.Serializer[Any]):
    """Whose draft."""

    journey = serializers.UUIDField()


class PositionSerializer(StrictSerializer):
    """Where a node stands on the canvas."""

    x = serializers.FloatField()
    y = serializers.FloatField()


class JourneyNodeSerializer(StrictSerializer):
    """A node of a draft."""

    id = serializers.CharField(max_length=64)
    kind = serializers.CharField(max_length=20)
    name = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    config = ExactJSONField(required=False, default=dict)
    position = PositionSerializer(required=False, default=lambda: {"x": 0.0, "y": 0.0})


class JourneyEdgeSerializer(StrictSerializer):
    """An edge of a draft."""

    id = serializers.CharField(max_length=64)
    source = serializers.CharField(max_length=64)  # type: ignore[assignment]
    target = serializers.CharField(max_length=64)
    branch = serializers.CharField(max_length=64, required=False, default="next")


class RevisionMixin(serializers.Serializer[Any]):
    """The journey whose draft is changed, and the revision that was read."""

    journey = serializers.UUIDField()
    revision = WholeNumberField(required=False, allow_null=True, default=None)


class NewJourneyNodeSerializer(JourneyNodeSerializer, RevisionMixin):
    """A node to add."""


class NewJourneyEdgeSerializer(JourneyEdgeSerializer, RevisionMixin):
    """An edge to add."""


class ChangedJourneyNodeSerializer(JourneyNodeSerializer):
    """What is to be changed of a node, and the revision that was read."""

    id = None  # type: ignore[assignment]
    revision = WholeNumberField(required=False, allow_null=True)


class ChangedJourneyEdgeSerializer(JourneyEdgeSerializer):
    """What is to be changed of an edge, and the revision that was read."""

    id = None  # type: ignore[assignment]
    revision = WholeNumberField(required=False, allow_null=True)


class SavedNodeSerializer(JourneyNodeSerializer):
    """A node as saved, with the revision of the draft."""

    revision = serializers.IntegerField()


class SavedEdgeSerializer(JourneyEdgeSerializer):
    """An edge as saved, with the revision of the draft."""

    revision = serializers.IntegerField()


PART_OF_NODE = ChangedJourneyNodeSerializer(partial=True)
PART_OF_EDGE = ChangedJourneyEdgeSerializer(partial=True)


class PartsView(ApiView):
    """The nodes or the edges of a draft."""

    permissions: ClassVar[dict[str, str]] = {"get": "journeys.view", "post": "journeys.change"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED, "own": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"journey": "journey"}
    part: ClassVar[str]
    new: ClassVar[type[serializers.Serializer[Any]]]

    def listed(self, request: Request) -> Response:
        """Give them all."""
        query = JourneyQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        journey = api.get_journey(query.validated_data["journey"])
        return Response({"revision": journey.revision, "results": list(api.list_parts(journey, self.part))})

    def added(self, request: Request) -> Response:
        """Add one."""
        body = self.new(data=request.data)
        body.is_valid(raise_exception=True)
        given = dict(body.validated_data)
        journey_id, revision = given.pop("journey"), given.pop("revision")
        saved = api.add_part(
            journey_id=journey_id, kind=self.part, part=given, revision=revision, actor=self.actor, now=clock.now()
        )
        return Response({**api.get_part(saved, self.part, given["id"]), "revision": saved.revision}, status=201)


class PartView(ApiView):
    """One node or edge of a draft."""

    permissions: ClassVar[dict[str, str]] = {
        "get": "journeys.view", "patch": "journeys.change", "delete": "journeys.change",
    }  # fmt: skip
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED, "own": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"?journey": "journey"}
    part: ClassVar[str]
    whole: ClassVar[type[serializers.Serializer[Any]]]

    def journey_id(self, request: Request) -> uuid.UUID:
        """Give whose draft is meant."""
        query = JourneyQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        found: uuid.UUID = query.validated_data["journey"]
        return found

    def read(self, request: Request, part_id: str) -> Response:
        """Give it."""
        journey = api.get_journey(self.journey_id(request))
        return Response({**api.get_part(journey, self.part, part_id), "revision": journey.revision})

    def changed(self, request: Request, part_id: str) -> Response:
        """Change it."""
        body = self.whole(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        changes = dict(body.validated_data)
        revision = changes.pop("revision", None)
        saved = api.change_part(
            journey_id=self.journey_id(request), kind=self.part, part_id=part_id, changes=changes,
            revision=revision, actor=self.actor, now=clock.now(),
        )  # fmt: skip
        return Response({**api.get_part(saved, self.part, part_id), "revision": saved.revision})

    def removed(self, request: Request, part_id: str) -> Response:
        """Remove it."""
        api.remove_part(
            journey_id=self.journey_id(request), kind=self.part, part_id=part_id,
            revision=_whole(request.query_params.get("revision")), actor=self.actor, now=clock.now(),
        )  # fmt: skip
        return Response(status=204)


def _whole(raw: Any) -> int | None:
    if raw is None:
        return None
    text = str(raw)
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise serializers.ValidationError({"revision": ["A revision is a whole number."]}, code="invalid")
    return int(text)


class JourneyNodesView(PartsView):
    """The nodes of a draft."""

    part = "nodes"
    new = NewJourneyNodeSerializer

    @extend_schema(operation_id="journeyNodes_list", parameters=[JOURNEY], responses={200: dict})
    def get(self, request: Request) -> Response:
        """Give the nodes of a draft, with its revision."""
        return self.listed(request)

    @extend_schema(request=NewJourneyNodeSerializer, responses={201: SavedNodeSerializer})
    def post(self, request: Request) -> Response:
        """Add a node."""
        return self.added(request)


class JourneyEdgesView(PartsView):
    """The edges of a draft."""

    part = "edges"
    new = NewJourneyEdgeSerializer

    @extend_schema(operation_id="journeyEdges_list", parameters=[JOURNEY], responses={200: dict})
    def get(self, request: Request) -> Response:
        """Give the edges of a draft, with its revision."""
        return self.listed(request)

    @extend_schema(request=NewJourneyEdgeSerializer, responses={201: SavedEdgeSerializer})
    def post(self, request: Request) -> Response:
        """Add an edge."""
        return self.added(request)


class JourneyNodeView(PartView):
    """One node of a draft."""

    part = "nodes"
    whole = ChangedJourneyNodeSerializer

    @extend_schema(parameters=[JOURNEY], responses={200: SavedNodeSerializer})
    def get(self, request: Request, part_id: str) -> Response:
        """Give a node."""
        return self.read(request, part_id)

    @extend_schema(parameters=[JOURNEY], request=PART_OF_NODE, responses={200: SavedNodeSerializer})
    def patch(self, request: Request, part_id: str) -> Response:
        """Change a node."""
        return self.changed(request, part_id)

    @extend_schema(parameters=[JOURNEY], responses={204: None})
    def delete(self, request: Request, part_id: str) -> Response:
        """Remove a node and the edges at it."""
        return self.removed(request, part_id)


class JourneyEdgeView(PartView):
    """One edge of a draft."""

    part = "edges"
    whole = ChangedJourneyEdgeSerializer

    @extend_schema(parameters=[JOURNEY], responses={200: SavedEdgeSerializer})
    def get(self, request: Request, part_id: str) -> Response:
        """Give an edge."""
        return self.read(request, part_id)

    @extend_schema(parameters=[JOURNEY], request=PART_OF_EDGE, responses={200: SavedEdgeSerializer})
    def patch(self, request: Request, part_id: str) -> Response:
        """Change an edge."""
        return self.changed(request, part_id)

    @extend_schema(parameters=[JOURNEY], responses={204: None})
    def delete(self, request: Request, part_id: str) -> Response:
        """Remove an edge."""
        return self.removed(request, part_id)


paths: list[URLPattern] = [
    path("journeyNodes/", JourneyNodesView.as_view(), name="journeyNodes"),
    path("journeyNodes/<str:part_id>/", JourneyNodeView.as_view(), name="journeyNode"),
    path("journeyEdges/", JourneyEdgesView.as_view(), name="journeyEdges"),
    path("journeyEdges/<str:part_id>/", JourneyEdgeView.as_view(), name="journeyEdge"),
]
