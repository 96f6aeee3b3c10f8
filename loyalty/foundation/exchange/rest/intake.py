"""Mappings of foreign events with a test box, and the dead messages of topics."""

from dataclasses import asdict
from typing import Any, ClassVar

import django_filters
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.exchange import api
from loyalty.foundation.exchange.contracts import EventTrial
from loyalty.foundation.exchange.models import DeadMessage, EventMapping
from loyalty.foundation.kernel import clock
from loyalty.foundation.web import masking
from loyalty.foundation.web.etag import if_match
from loyalty.foundation.web.pagination import KeysetPages
from loyalty.foundation.web.serializers import ExactJSONField, StrictSerializer
from loyalty.foundation.web.views import ApiView, ReadOnlyApiViewSet

SOURCE_LENGTH_MAX = 200


class EventMappingSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A mapping."""

    id = serializers.UUIDField(source="public_id")
    source = serializers.CharField()  # type: ignore[assignment]
    name = serializers.CharField()
    rank = serializers.IntegerField()
    matches = serializers.DictField()
    type = serializers.CharField()
    id_path = serializers.CharField()
    subject_path = serializers.CharField()
    time_path = serializers.CharField()
    data_paths = serializers.DictField(child=serializers.CharField())
    is_active = serializers.BooleanField()
    version = serializers.IntegerField()


class EventMappingChangeSerializer(StrictSerializer):
    """What a mapping is made of; paths read ``$.order.lines[0].amount``."""

    source = serializers.CharField(max_length=SOURCE_LENGTH_MAX)  # type: ignore[assignment]
    name = serializers.CharField(max_length=100)
    rank = serializers.IntegerField(min_value=0, max_value=1000, default=0)
    matches = serializers.DictField(default=dict)
    type = serializers.CharField(max_length=80)
    id_path = serializers.CharField(max_length=200)
    subject_path = serializers.CharField(max_length=200)
    time_path = serializers.CharField(max_length=200, allow_blank=True, default="")
    data_paths = serializers.DictField(child=serializers.CharField(max_length=200), default=dict)
    is_active = serializers.BooleanField(default=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse what is no path and no type."""
        problems = api.list_mapping_problems(attrs)
        if problems:
            raise serializers.ValidationError(
                {one.field: [serializers.ErrorDetail(one.message, code=one.code)] for one in problems}
            )
        return attrs


class EventTrialSerializer(StrictSerializer):
    """A sample of a source, and a mapping that is not saved yet (or none: then the saved ones are tried)."""

    source = serializers.CharField(max_length=SOURCE_LENGTH_MAX)  # type: ignore[assignment]
    sample = ExactJSONField()
    mapping = EventMappingChangeSerializer(required=False)


class EventTrialAnswerSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What would be taken in, or why nothing would, with the place; nothing is written.

    ``field`` is the place in the event as it was read (``data.birth_date``), ``path`` where in the sample that stood.
    """

    is_taken = serializers.SerializerMethodField()
    event = serializers.SerializerMethodField()
    code = serializers.CharField(source="refused.code", default="")
    message = serializers.CharField(source="refused.message", default="")
    field = serializers.CharField(source="refused.field", default="")
    path = serializers.CharField()
    is_duplicate = serializers.BooleanField()
    is_passed_on = serializers.BooleanField()
    permission = serializers.CharField()

    def get_is_taken(self, trial: EventTrial) -> bool:
        """Tell whether it would be taken in, also a second time without effect."""
        return trial.refused is None

    def get_event(self, trial: EventTrial) -> dict[str, Any] | None:
        """Give the event as it was read, without its place among others."""
        if trial.event is None:
            return None
        return {name: value for name, value in asdict(trial.event).items() if name != "index"}


class EventMappingFilter(django_filters.FilterSet):
    """What mappings can be narrowed by."""

    class Meta:
        model = EventMapping
        fields = ("source", "type", "is_active")


class EventMappingViewSet(ReadOnlyApiViewSet):
    """How events of a source are read."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "exchange.view",
        "retrieve": "exchange.view",
        "create": "exchange.manage",
        "partial_update": "exchange.manage",
        "destroy": "exchange.manage",
    }
    queryset = EventMapping.objects.order_by("source", "rank", "id")
    serializer_class = EventMappingSerializer
    filter_backends: Any = (DjangoFilterBackend,)
    filterset_class = EventMappingFilter

    @extend_schema(request=EventMappingChangeSerializer, responses={201: EventMappingSerializer})
    def create(self, request: Request) -> Response:
        """Make a mapping."""
        body = EventMappingChangeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        made = api.create_mapping(values=body.validated_data, actor=self.actor, now=clock.now())
        return self.respond_with(made, status=201)

    @extend_schema(request=EventMappingChangeSerializer, responses={200: EventMappingSerializer})
    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        """Change a mapping: what is left out stays."""
        held = self.get_object()
        before = {str(name): getattr(held, str(name)) for name in EventMappingChangeSerializer().fields}
        # What is no object is refused as such.
        given = {**before, **request.data} if isinstance(request.data, dict) else request.data
        body = EventMappingChangeSerializer(data=given)
        body.is_valid(raise_exception=True)
        api.change_mapping(
            mapping=held,
            values=body.validated_data,
            actor=self.actor,
            now=clock.now(),
            check_version=if_match(request, read=held.version),
        )
        return self.respond_with(self.get_object())

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, **kwargs: Any) -> Response:
        """Remove a mapping."""
        api.remove_mapping(
            mapping=self.get_object(), actor=self.actor, now=clock.now(), check_version=if_match(request)
        )
        return Response(status=204)


class EventTrialView(ApiView):
    """The test box of mappings."""

    permissions: ClassVar[dict[str, str]] = {"post": "exchange.view"}

    @extend_schema(request=EventTrialSerializer, responses={200: EventTrialAnswerSerializer})
    def post(self, request: Request) -> Response:
        """Read a sample and say what would become of it if it came; nothing is written."""
        body = EventTrialSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        values = body.validated_data
        tried = api.try_reading(
            source=values["source"],
            sample=values["sample"],
            values=values.get("mapping"),
            actor=self.actor,
            now=clock.now(),
        )
        return Response(EventTrialAnswerSerializer(tried).data)


class DeadMessageSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A message that could not be taken in."""

    id = serializers.UUIDField(source="public_id")
    topic = serializers.CharField()
    partition = serializers.IntegerField()
    offset = serializers.IntegerField()
    headers = serializers.DictField()
    body = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()
    died_at = serializers.DateTimeField()

    def to_representation(self, instance: DeadMessage) -> dict[str, Any]:
        """Give the message; what it tells of a person is masked but for a caller who may see it."""
        told: dict[str, Any] = super().to_representation(instance)
        if self.context.get("is_revealed"):
            return told
        return {**told, "headers": masking.masked(told["headers"]), "body": masking.masked_text(told["body"])}


class ReplayedMessageSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """Whether the message was taken this time, and if not, why."""

    is_taken = serializers.BooleanField()
    code = serializers.CharField()
    message = serializers.CharField()


class DeadMessageFilter(django_filters.FilterSet):
    """What dead messages can be narrowed by."""

    class Meta:
        model = DeadMessage
        fields = ("topic", "code")


class DeadMessageViewSet(ReadOnlyApiViewSet):
    """Messages of topics that could not be taken in, newest first."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "exchange.view",
        "retrieve": "exchange.view",
        "replay": "exchange.replay",
    }
    queryset = DeadMessage.objects.all()
    serializer_class = DeadMessageSerializer
    pagination_class = KeysetPages
    keyset = ("-id",)
    filter_backends: Any = (DjangoFilterBackend,)
    filterset_class = DeadMessageFilter

    def get_serializer(self, *arguments: Any, **options: Any) -> Any:
        """Reveal what messages tell of people to a caller who may see it, noted once for the whole answer."""
        shown = arguments[0] if arguments else []
        rows = list(shown) if isinstance(shown, list | tuple) else [shown]
        hidden = [str(row.public_id) for row in rows if masking.masked_text(row.body) != row.body]
        context = {**self.get_serializer_context(), "is_revealed": masking.reveal(self.request, hidden)}
        return self.get_serializer_class()(*arguments, **{**options, "context": context})

    @extend_schema(request=None, responses={200: ReplayedMessageSerializer})
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, **kwargs: Any) -> Response:
        """Take it in once more, by the mappings of now."""
        report = api.replay_message(message=self.get_object(), actor=self.actor, now=clock.now())
        reason = report.refused[0] if report.refused else None
        return Response(
            {
                "is_taken": reason is None,
                "code": reason.code if reason else "",
                "message": reason.message if reason else "",
            }
        )
