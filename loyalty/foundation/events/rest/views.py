"""The event store and the dead letters."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import unquote

import django_filters
from django.db import transaction
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.events import operations, queries, registry
from loyalty.foundation.events.contracts import Sighting, TypeView
from loyalty.foundation.events.models import InboxEntry, InboxState, StoredEvent
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.errors import NotFound
from loyalty.foundation.web import masking, permissions
from loyalty.foundation.web.pagination import KeysetPages
from loyalty.foundation.web.parsers import ExactJSONParser
from loyalty.foundation.web.serializers import ExactJSONField, StrictSerializer
from loyalty.foundation.web.views import ApiViewSet, ReadOnlyApiViewSet

# Events that name no source themselves and are posted without one share one space of ids.
SOURCE, SOURCE_LENGTH_MAX = "api", 200
# Before the attributes of an event whose data are the body.
ATTRIBUTE = "ce-"
# A bigint has nineteen digits at most, and no letter has a number that long.
NUMBER_LENGTH_MAX = 18


class EventSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One fact."""

    id = serializers.UUIDField(source="event_id")
    type = serializers.CharField()
    version = serializers.IntegerField()
    key = serializers.CharField()
    subject_kind = serializers.CharField()
    subject_ref = serializers.CharField()
    occurred_at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()
    correlation_id = serializers.UUIDField(allow_null=True)
    causation_id = serializers.UUIDField(allow_null=True)
    data = ExactJSONField()  # type: ignore[assignment]

    def to_representation(self, instance: StoredEvent) -> dict[str, Any]:
        """Give the fact; what others sent about a person is masked but for a caller who may see it."""
        told: dict[str, Any] = super().to_representation(instance)
        return told if self.context.get("is_revealed") else masking.masked(told)


class RefusedEventSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """An event that was not taken in."""

    index = serializers.IntegerField()
    id = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()
    field = serializers.CharField()


class IntakeReportSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What became of the events of a call."""

    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    refused = RefusedEventSerializer(many=True)


class FactsReplaySerializer(StrictSerializer):
    """Which facts a handler takes in once more."""

    handler = serializers.CharField(max_length=100)
    since = serializers.DateTimeField()
    key = serializers.CharField(max_length=200, allow_blank=True, default="")


class FactsReplayedSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """How many facts are in line again; those recorded before ``missing_until`` are kept no longer."""

    count = serializers.IntegerField()
    missing_until = serializers.DateTimeField(allow_null=True)


class CloudEventParser(ExactJSONParser):
    """One CloudEvent."""

    media_type = "application/cloudevents+json"


class CloudEventBatchParser(ExactJSONParser):
    """A list of CloudEvents."""

    media_type = "application/cloudevents-batch+json"


def events_of(request: Request) -> Sequence[Any]:
    """Give the events of a request as they came (HTTP protocol binding of CloudEvents 1.0, 3.1 to 3.3)."""
    is_binary = f"{ATTRIBUTE}specversion" in request.headers
    if is_binary and not str(request.content_type).startswith("application/cloudevents"):
        named = {name.lower(): text for name, text in request.headers.items()}
        attributes = {
            name.removeprefix(ATTRIBUTE): unquote(text).replace("\x00", "\ufffd")
            for name, text in named.items()
            if name.startswith(ATTRIBUTE)
        }
        return [{**attributes, "data": request.data}]
    return request.data if isinstance(request.data, list) else [request.data]


class EventFilter(django_filters.FilterSet):
    """What the store can be narrowed by."""

    class Meta:
        model = StoredEvent
        fields = ("type", "key", "subject_kind", "subject_ref", "event_id")


class EventViewSet(ReadOnlyApiViewSet):
    """Published facts, newest first."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "events.view",
        "retrieve": "events.view",
        "create": "events.receive",
        "replay": "events.replay",
    }
    queryset = StoredEvent.objects.all()
    serializer_class = EventSerializer
    parser_classes = (ExactJSONParser, CloudEventParser, CloudEventBatchParser)
    lookup_field = "event_id"
    pagination_class = KeysetPages
    keyset = ("-position",)
    filter_backends: Any = (DjangoFilterBackend,)
    filterset_class = EventFilter

    def get_serializer(self, *arguments: Any, **options: Any) -> Any:
        """Reveal facts that tell of a person to a caller who may see it, noted once for the whole answer."""
        shown = arguments[0] if arguments else []
        rows = list(shown) if isinstance(shown, list | tuple) else [shown]
        personal = [row.subject_ref for row in rows if masking.masked(row.data) != row.data]
        context = {**self.get_serializer_context(), "is_revealed": masking.reveal(self.request, personal)}
        return self.get_serializer_class()(*arguments, **{**options, "context": context})

    @extend_schema(
        parameters=[
            OpenApiParameter("source", str, description="Chooses the mappings of events that are no CloudEvents")
        ],
        request=OpenApiTypes.ANY,
        responses={202: IntakeReportSerializer},
    )
    def create(self, request: Request) -> Response:
        """Take one event of another system in, or a list of up to 5,000; each counts once per source and id.

        CloudEvents come in the structured, the batched or the binary mode (attributes in headers ``ce-…``).
        """
        intake = registry.find_intake()
        if intake is None:
            raise NotFound("Nothing takes events in here.")
        raw = events_of(request)
        source = request.query_params.get("source", "")[:SOURCE_LENGTH_MAX] or SOURCE

        def is_allowed(code: str) -> bool:
            """Tell whether the sender holds a permission everywhere: what events name cannot be kept within bounds."""
            grant = permissions.grant_for(request, code)
            return grant is not None and grant.is_everywhere

        report = intake(raw=raw, source=source, actor=self.actor, now=clock.now(), is_allowed=is_allowed)
        return Response(dataclasses.asdict(report), status=202)

    @extend_schema(request=FactsReplaySerializer, responses={202: FactsReplayedSerializer})
    @action(detail=False, methods=["post"])
    def replay(self, request: Request) -> Response:
        """Have a handler take facts in once more: from an instant on, of one key (a customer) or of all."""
        body = FactsReplaySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        told = {
            "count": operations.replay_facts(**body.validated_data, now=clock.now()),
            "missing_until": queries.find_missing_until(body.validated_data["since"]),
        }
        return Response(FactsReplayedSerializer(told).data, status=202)


class EventTypeSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A type of fact; ``schema`` is the JSON Schema of its data.

    ``seen_count`` and ``last_seen_at`` tell of the newest 50,000 facts of the store, of every type together.
    """

    type = serializers.CharField(source="name")
    version = serializers.IntegerField()
    title = serializers.CharField()
    handled_by = serializers.ListField(source="handlers", child=serializers.CharField())
    schema = serializers.DictField()
    seen_count = serializers.SerializerMethodField()
    last_seen_at = serializers.SerializerMethodField()

    def get_seen_count(self, kind: TypeView) -> int:
        """Count the newest facts of the type."""
        found = self._sighting(kind)
        return found.count if found else 0

    def get_last_seen_at(self, kind: TypeView) -> datetime | None:
        """Give when the last one was recorded; nothing when none of the newest is of this type."""
        found = self._sighting(kind)
        return found.last_at if found else None

    def _sighting(self, kind: TypeView) -> Sighting | None:
        sightings: dict[str, Sighting] = self.context["sightings"]
        return sightings.get(kind.name)


class EventTypeViewSet(ApiViewSet):
    """The catalogue of the facts that the platform publishes."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "events.view",
        "retrieve": "events.view",
        "data_schema": "events.view",
    }
    serializer_class = EventTypeSerializer
    lookup_url_kwarg = "type"
    lookup_value_regex = "[a-z_.]+"
    pagination_class = None

    def get_serializer_context(self) -> dict[str, Any]:
        """Bring along when types were seen."""
        return {**super().get_serializer_context(), "sightings": queries.list_sightings()}

    def get_object(self) -> TypeView:
        """Give the type that the address names.

        :raises NotFound: there is none.
        """
        found = queries.find_type(self.kwargs[self.lookup_url_kwarg])
        if found is None:
            raise NotFound("There is no such type of event.")
        return found

    @extend_schema(responses=EventTypeSerializer(many=True))
    def list(self, request: Request) -> Response:
        """Every type, by name."""
        return Response(self.get_serializer(queries.list_types(), many=True).data)

    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """One type."""
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(
        parameters=[OpenApiParameter("version", int, description="Of the type; without one the present version")],
        responses={200: OpenApiTypes.OBJECT},
    )
    @action(detail=True, methods=["get"], url_path="schema")
    def data_schema(self, request: Request, **kwargs: Any) -> Response:
        """Its JSON Schema alone, which the events name as their ``dataschema``."""
        found = self.get_object()
        if request.query_params.get("version", str(found.version)) != str(found.version):
            raise NotFound(f"This version of the platform publishes version {found.version} of {found.name}.")
        return Response(found.schema, content_type="application/schema+json")


class DeadLetterSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A fact that a handler refused too often."""

    id = serializers.IntegerField()
    handler = serializers.CharField()
    event_id = serializers.UUIDField()
    type = serializers.CharField()
    key = serializers.CharField()
    attempts = serializers.IntegerField()
    last_error = serializers.CharField()
    due_at = serializers.DateTimeField()


class DeadLetterFilter(django_filters.FilterSet):
    """What dead letters can be narrowed by."""

    class Meta:
        model = InboxEntry
        fields = ("handler", "type", "key", "event_id")


class DeadLetterViewSet(ReadOnlyApiViewSet):
    """Dead letters, and putting them back in line."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "events.view",
        "retrieve": "events.view",
        "replay": "events.replay",
    }
    queryset = InboxEntry.objects.filter(state=InboxState.DEAD)
    serializer_class = DeadLetterSerializer
    pagination_class = KeysetPages
    keyset = ("-id",)
    lookup_field = "id"
    filter_backends: Any = (DjangoFilterBackend,)
    filterset_class = DeadLetterFilter

    def get_object(self) -> InboxEntry:
        """Find the letter by its number: one fact may be the dead letter of several handlers.

        :raises NotFound: there is no such letter, or it is none any more.
        """
        number = str(self.kwargs[self.lookup_url_kwarg])
        is_number = number.isascii() and number.isdigit() and len(number) <= NUMBER_LENGTH_MAX
        found: InboxEntry | None = self.get_queryset().filter(pk=int(number)).first() if is_number else None
        if found is None:
            raise NotFound("There is no such dead letter.")
        return found

    @extend_schema(request=None, responses={200: DeadLetterSerializer})
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, **kwargs: Any) -> Response:
        """Try again, from the first try."""
        entry = self.get_object()
        body = DeadLetterSerializer(entry).data
        with transaction.atomic():
            operations.replay_dead(entry=entry, now=clock.now())
        return Response(body)
