"""Journeys out as a document and in again."""

import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from django.urls import URLPattern, path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.kernel import clock
from loyalty.foundation.web import scoping
from loyalty.foundation.web.serializers import ExactJSONField, StrictSerializer
from loyalty.foundation.web.views import ApiView
from loyalty.journeys import api


class JourneyDocumentSerializer(serializers.Serializer[Any]):
    """An exported journey; ``names`` say what the ids in the graph were called where it comes from."""

    format = serializers.CharField()
    exported_at = serializers.DateTimeField()
    name = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    graph = ExactJSONField()
    names = serializers.DictField(child=serializers.CharField())


class ImportSerializer(StrictSerializer):
    """A document to make a journey of."""

    document = ExactJSONField()
    name = serializers.CharField(required=False, max_length=200)
    program = serializers.UUIDField(required=False, allow_null=True, default=None)


class ImportedSerializer(serializers.Serializer[Any]):
    """The journey that was made, and what is left to mend in it."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    problems = ExactJSONField()
    mended = serializers.ListField(child=serializers.CharField())


class JourneyExportView(ApiView):
    """A journey as a document."""

    permissions: ClassVar[dict[str, str]] = {"get": "journeys.view"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED, "own": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"id": "journey"}

    @extend_schema(responses={200: JourneyDocumentSerializer})
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Give the draft as a document that another installation can read."""
        document = api.export_journey(journey_id=id, now=clock.now())
        response = Response(document)
        response["Content-Disposition"] = f'attachment; filename="journey-{id}.json"'
        return response


class JourneyImportView(ApiView):
    """A document as a new journey."""

    permissions: ClassVar[dict[str, str]] = {"post": "journeys.change"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED, "own": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"program": "program"}
    own_acts: ClassVar[tuple[str, ...]] = ("post",)

    @extend_schema(request=ImportSerializer, responses={201: ImportedSerializer})
    def post(self, request: Request) -> Response:
        """Make a draft of a document; what it names is found by name where the id is nobody's here."""
        body = ImportSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        made = api.import_journey(
            document=given["document"],
            name=given.get("name", ""),
            program=given["program"],
            actor=self.actor,
            now=clock.now(),
        )
        return Response(made, status=201)


paths: list[URLPattern] = [
    path("journeys/import/", JourneyImportView.as_view(), name="journeys-import"),
    path("journeys/<uuid:id>/export/", JourneyExportView.as_view(), name="journeys-export"),
]
