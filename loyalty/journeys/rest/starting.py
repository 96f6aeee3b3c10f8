"""Leading many people into a journey at once: a list, a CSV file, or a segment."""

import dataclasses
import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from django.urls import URLPattern, path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.kernel import clock
from loyalty.foundation.web import scoping
from loyalty.foundation.web.idempotency import require_key
from loyalty.foundation.web.parsers import ExactJSONParser
from loyalty.foundation.web.serializers import ExactJSONField, StrictSerializer
from loyalty.foundation.web.views import ApiView
from loyalty.journeys import api
from loyalty.journeys.rest.serializers import ObjectField

# A body of JSON holds no more; a file does.
NAMES_MAX = 50_000
# What names the people; one of these is given.
SOURCES = ("customers", "file", "segment")


class JourneyStartManySerializer(StrictSerializer):
    """Who is led in: public ids or references, a CSV file, or the members of a segment; and what they bring along."""

    customers = serializers.ListField(
        child=serializers.CharField(allow_blank=True), required=False, allow_empty=False, max_length=NAMES_MAX
    )
    file = serializers.FileField(required=False)
    column = serializers.CharField(max_length=100, required=False, default="", allow_blank=True)
    segment = serializers.UUIDField(required=False)
    context = ObjectField(required=False, default=dict)  # type: ignore[assignment]
    reason = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)
    dry_run = serializers.BooleanField(required=False, default=False)
    idempotency_key = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for one way of naming people."""
        told = [name for name in SOURCES if name in attrs]
        if len(told) != 1:
            words = "Give one of customers, file and segment."
            raise serializers.ValidationError(dict.fromkeys(told or SOURCES, words), code="one_of")
        return attrs


class JourneyEntryOutcomeSerializer(serializers.Serializer[Any]):
    """What became of how many, or would."""

    code = serializers.ChoiceField(choices=[(one.value, one.value) for one in api.EntryOutcome])
    people = serializers.IntegerField()


class JourneyUnknownNameSerializer(serializers.Serializer[Any]):
    """A name that leads to no customer, and its line: of a list its place, of a file with the first line counted."""

    line = serializers.IntegerField()
    value = serializers.CharField()


class JourneyManyStartedSerializer(serializers.Serializer[Any]):
    """How many were named and what became of them; ``run`` tells how far it is where they are many."""

    dry_run = serializers.BooleanField()
    complete = serializers.BooleanField()
    named = serializers.IntegerField()
    outcomes = JourneyEntryOutcomeSerializer(many=True)
    unknown = JourneyUnknownNameSerializer(many=True)
    run = ExactJSONField(allow_null=True)


class StartManyView(ApiView):
    """People led into a journey at once."""

    permissions: ClassVar[dict[str, str]] = {"post": "journeys.start"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED, "own": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"id": "journey", "segment": "segment"}
    parser_classes = (ExactJSONParser, MultiPartParser)

    @extend_schema(
        request={
            "application/json": JourneyStartManySerializer,
            "multipart/form-data": JourneyStartManySerializer,
        },
        responses={200: JourneyManyStartedSerializer, 202: JourneyManyStartedSerializer},
    )
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Lead them in, or count only (dry run). 202 with a run where they are many; the same key, the same answer."""
        body = JourneyStartManySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        told = api.start_many(
            journey_id=id,
            source=_source_of(given),
            context=given["context"],
            reason=given["reason"],
            key="" if given["dry_run"] else require_key(request),
            is_dry_run=given["dry_run"],
            actor=self.actor,
            now=clock.now(),
        )
        return Response(_body_of(told), status=202 if told.run is not None else 200)


def _source_of(given: Mapping[str, Any]) -> api.PeopleSource:
    if "file" in given:
        return api.read_file(given["file"], given["column"])
    if "segment" in given:
        return api.SegmentPeople(given["segment"])
    return api.ListedPeople(tuple(given["customers"]))


def _body_of(told: api.ManyStarted) -> dict[str, Any]:
    return {
        "dry_run": told.is_dry_run,
        "complete": told.is_complete,
        "named": told.named,
        "outcomes": [{"code": outcome, "people": people} for outcome, people in told.outcomes.items()],
        "unknown": [dataclasses.asdict(one) for one in told.unknown],
        "run": None if told.run is None else dataclasses.asdict(told.run),
    }


paths: list[URLPattern] = [path("journeys/<uuid:id>/start-many/", StartManyView.as_view(), name="journeys-start-many")]
