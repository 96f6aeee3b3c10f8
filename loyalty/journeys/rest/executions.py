"""Routes of executions: who is where, by which way, and what an operator or another system does about it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar

import django_filters
from django.db.models import Q, QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.errors import NotFound
from loyalty.foundation.kernel.ids import PublicIdInvalid, parse_public_id
from loyalty.foundation.web import scoping
from loyalty.foundation.web.languages import language_of
from loyalty.foundation.web.pagination import KeysetPages
from loyalty.foundation.web.views import ApiView, ReadOnlyApiViewSet
from loyalty.journeys import api
from loyalty.journeys.models import STATES, Execution
from loyalty.journeys.queries import journeys as reads
from loyalty.journeys.rest import serializers


class ExecutionFilter(django_filters.FilterSet):
    """What executions can be narrowed by."""

    journey = django_filters.UUIDFilter(field_name="journey__public_id")
    state = django_filters.MultipleChoiceFilter(choices=[(one, one) for one in STATES])
    node = django_filters.CharFilter(field_name="node__code")
    version = django_filters.NumberFilter(field_name="version__number")
    customer_id = django_filters.UUIDFilter(method="of_customer")
    is_held_out = django_filters.BooleanFilter()

    class Meta:
        model = Execution
        fields = ("journey", "state", "node", "version", "customer_id", "is_held_out")

    def of_customer(self, rows: QuerySet[Execution], name: str, value: Any) -> QuerySet[Execution]:
        """Narrow to one customer."""
        return rows.filter(customer_id__in=reads.internal_ids([value]))


def of_journeys_in(program_refs: Sequence[str]) -> Q:
    """Narrow executions to those of journeys of some programs."""
    return Q(journey__program_ref__in=program_refs)


class JourneyExecutionViewSet(ReadOnlyApiViewSet):
    """Executions, newest first."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "journeys.view",
        "retrieve": "journeys.view",
        "exit": "journeys.operate",
        "move": "journeys.operate",
    }
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {
        "program": of_journeys_in,
        "own": "journey__owner_ref",
    }
    queryset = Execution.objects.all()
    serializer_class = serializers.JourneyExecutionSerializer
    pagination_class = KeysetPages
    lookup_field = "pk"
    keyset = ("-id",)
    filter_backends: Any = (DjangoFilterBackend,)
    filterset_class = ExecutionFilter

    def get_queryset(self) -> QuerySet[Execution]:
        """Give executions with what they belong to."""
        return Execution.objects.select_related("journey", "version", "node").order_by("-id")

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List executions."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        reads.name_customers(page, language_of(request.headers.get("Accept-Language")))
        return self.get_paginated_response(serializers.JourneyExecutionSerializer(page, many=True).data)

    @extend_schema(responses={200: serializers.JourneyExecutionDetailSerializer})
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Give an execution with its context and its steps."""
        return self._told(self.get_object())

    def _told(self, execution: Execution) -> Response:
        language = language_of(self.request.headers.get("Accept-Language"))
        reads.name_customers([execution], language)
        told = serializers.JourneyExecutionSerializer(execution).data
        steps = serializers.JourneyStepSerializer(reads.list_steps(execution, language), many=True).data
        return Response({**told, "context": reads.context_of(execution), "steps": steps})

    @extend_schema(
        request=serializers.JourneyReasonSerializer, responses={200: serializers.JourneyExecutionDetailSerializer}
    )
    @action(detail=True, methods=["post"])
    def exit(self, request: Request, **kwargs: Any) -> Response:
        """Let a customer out of the journey."""
        body = serializers.JourneyReasonSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        execution_id = self.get_object().pk
        return self._told(
            api.let_go(execution_id=execution_id, **body.validated_data, actor=self.actor, now=clock.now())
        )

    @extend_schema(
        request=serializers.JourneyMoveSerializer, responses={200: serializers.JourneyExecutionDetailSerializer}
    )
    @action(detail=True, methods=["post"])
    def move(self, request: Request, **kwargs: Any) -> Response:
        """Lead a customer to another node of the same version."""
        body = serializers.JourneyMoveSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        execution_id = self.get_object().pk
        return self._told(api.move(execution_id=execution_id, **body.validated_data, actor=self.actor, now=clock.now()))


class ContinueView(ApiView):
    """An execution that waits for an event."""

    permissions: ClassVar[dict[str, str]] = {"post": "journeys.start"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED, "own": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"execution_id": "journey_execution"}

    @extend_schema(
        request=serializers.JourneyContinueSerializer, responses={200: serializers.JourneyExecutionAnswerSerializer}
    )
    def post(self, request: Request, execution_id: str, **kwargs: Any) -> Response:
        """Tell it that the event happened."""
        body = serializers.JourneyContinueSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            wanted = parse_public_id(execution_id)
        except PublicIdInvalid as refusal:
            raise NotFound("There is no such execution.") from refusal
        execution = api.go_on(execution_id=wanted, event=body.validated_data["event_data"], now=clock.now())
        return Response(reads.answer_of(execution))


class StuckView(ApiView):
    """People whose time came and who have not gone on."""

    permissions: ClassVar[dict[str, str]] = {"get": "journeys.view"}

    @extend_schema(responses={200: serializers.JourneyStuckSerializer(many=True)})
    def get(self, request: Request) -> Response:
        """List those more than ten minutes overdue, at most 500, with the reason as far as it is known."""
        language = language_of(request.headers.get("Accept-Language"))
        told = [asdict(one) for one in api.list_stuck(now=clock.now(), language=language)]
        return Response(serializers.JourneyStuckSerializer(told, many=True).data)
