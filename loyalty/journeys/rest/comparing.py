"""What is different between two versions of a journey, or a version and the draft."""

from typing import Any, ClassVar

from django.urls import URLPattern, path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.web.serializers import ExactJSONField
from loyalty.journeys import api
from loyalty.journeys.rest.versions import OfJourneyView

DRAFT = "draft"


class SideField(serializers.CharField):
    """The number of a version, or ``draft``."""

    def to_internal_value(self, data: Any) -> int | None:  # type: ignore[override]
        """Read it; None is the draft."""
        text = super().to_internal_value(data)
        if text == DRAFT:
            return None
        if not text.isascii() or not text.isdigit() or len(text) > 6:
            raise serializers.ValidationError("This is the number of a version, or draft.", code="invalid")
        return int(text)


class DiffQuerySerializer(serializers.Serializer[Any]):
    """Which two graphs."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Give the fields, one of which is named as a word of the language."""
        return {"from": SideField(), "to": SideField(required=False, default=DRAFT)}


class GraphDiffSerializer(serializers.Serializer[Any]):
    """What was added, removed and changed, and the same in words."""

    nodes = ExactJSONField()
    edges = ExactJSONField()
    settings = ExactJSONField()
    words = serializers.ListField(child=serializers.CharField())


class JourneyDiffView(OfJourneyView):
    """Two graphs of a journey compared."""

    permissions: ClassVar[dict[str, str]] = {"get": "journeys.view"}

    @extend_schema(
        parameters=[
            OpenApiParameter("from", str, required=True, description="The number of a version, or draft."),
            OpenApiParameter("to", str, description="The number of a version, or draft (also without it)."),
        ],
        responses={200: GraphDiffSerializer},
    )
    def get(self, request: Request, **kwargs: Any) -> Response:
        """Give what is different, field by field and in words."""
        query = DiffQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        given = query.validated_data
        return Response(api.compare_graphs(self.journey, before=given["from"], after=given.get("to")))


paths: list[URLPattern] = [
    path("journeys/<str:id>/versions/diff/", JourneyDiffView.as_view(), name="journeys-diff"),
]
