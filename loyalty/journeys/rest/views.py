"""Routes of journeys: the list, the draft, its checks, and what a journey does."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.filters import SearchFilter
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.kernel import clock
from loyalty.foundation.web import scoping
from loyalty.foundation.web.etag import if_match
from loyalty.foundation.web.languages import language_of
from loyalty.foundation.web.views import AllowListedOrdering, ReadOnlyApiViewSet
from loyalty.foundation.web.waiting import WaitingAnswer
from loyalty.journeys import api
from loyalty.journeys.models import STATUSES, Journey
from loyalty.journeys.queries import journeys as reads
from loyalty.journeys.rest import serializers


class JourneyFilter(django_filters.FilterSet):
    """What journeys can be narrowed by."""

    status = django_filters.ChoiceFilter(choices=[(one, one) for one in STATUSES])
    program = django_filters.UUIDFilter(field_name="program_ref")

    class Meta:
        model = Journey
        fields = ("status", "program")


class JourneyViewSet(ReadOnlyApiViewSet):
    """Journeys."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "journeys.view",
        "retrieve": "journeys.view",
        "create": "journeys.change",
        "partial_update": "journeys.change",
        "destroy": "journeys.change",
        "draft": "journeys.change",
        "validate": "journeys.view",
        "activate": "journeys.activate",
        "pause": "journeys.activate",
        "archive": "journeys.activate",
        "publish": "journeys.publish",
        "rollback": "journeys.publish",
        "start": "journeys.start",
        "people": "journeys.operate",
    }
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": "program_ref", "own": "owner_ref"}
    own_acts: ClassVar[tuple[str, ...]] = ("create",)
    scoped_names: ClassVar[Mapping[str, str]] = {"program": "program"}
    serializer_class = serializers.JourneyDetailSerializer
    queryset = Journey.objects.all()
    filter_backends: Any = (DjangoFilterBackend, SearchFilter, AllowListedOrdering)
    filterset_class = JourneyFilter
    search_fields = ("name", "description")
    ordering_fields: ClassVar[list[str]] = ["name", "status", "created_at", "saved_at"]

    def get_queryset(self) -> QuerySet[Journey]:
        """Give journeys, newest first."""
        return Journey.objects.select_related("live").order_by("-id")

    def _told(self, journey: Journey, *, status: int = 200) -> Response:
        people = reads.count_people([journey.pk])[journey.pk]
        return self.respond_with_body(journey, reads.body_of(journey, people, with_draft=True), status=status)

    def respond_with_body(self, journey: Journey, body: Mapping[str, Any], *, status: int = 200) -> Response:
        """Answer with a journey as told and its ETag."""
        response = Response(serializers.JourneyDetailSerializer(body).data, status=status)
        response["ETag"] = f'"{journey.version}"'
        return response

    @extend_schema(responses={200: serializers.JourneySerializer(many=True)})
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List journeys with where their people stand."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        people = reads.count_people([one.pk for one in page])
        bodies = [reads.body_of(one, people[one.pk], with_draft=False) for one in page]
        return self.get_paginated_response(serializers.JourneySerializer(bodies, many=True).data)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Give a journey with its draft and what is wrong with it."""
        return self._told(self.get_object())

    @extend_schema(request=serializers.NewJourneySerializer, responses={201: serializers.JourneyDetailSerializer})
    def create(self, request: Request) -> Response:
        """Make a journey: empty, from a graph, or from a template."""
        body = serializers.NewJourneySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        language = language_of(request.headers.get("Accept-Language"))
        made = api.create(**body.validated_data, language=language, actor=self.actor, now=clock.now())
        return self._told(self.get_queryset().get(public_id=made), status=201)

    @extend_schema(request=serializers.ChangedJourneySerializer, responses={200: serializers.JourneyDetailSerializer})
    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        """Rename a journey, or say anew what it is for."""
        journey = self.get_object()
        body = serializers.ChangedJourneySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        api.change(
            journey_id=journey.public_id,
            changes=body.validated_data,
            actor=self.actor,
            now=clock.now(),
            check_version=if_match(request),
        )
        return self._told(self.get_object())

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, **kwargs: Any) -> Response:
        """Delete a journey that was never published."""
        api.delete(journey_id=self.get_object().public_id, actor=self.actor, now=clock.now())
        return Response(status=204)

    @extend_schema(request=serializers.SaveDraftSerializer, responses={200: serializers.SavedDraftSerializer})
    @action(detail=True, methods=["put"])
    def draft(self, request: Request, **kwargs: Any) -> Response:
        """Keep a draft, unfinished as it may be; 409 with the one that counts when another was saved meanwhile."""
        body = serializers.SaveDraftSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        journey_id = self.get_object().public_id
        saved = api.save_draft(journey_id=journey_id, **body.validated_data, actor=self.actor, now=clock.now())
        problems = reads.problem_bodies(api.problems_of(saved.draft))
        return Response({"revision": saved.revision, "saved_at": saved.saved_at.isoformat(), "problems": problems})

    @extend_schema(
        request=serializers.JourneyValidateSerializer, responses={200: serializers.JourneyProblemsSerializer}
    )
    @action(detail=True, methods=["post"])
    def validate(self, request: Request, **kwargs: Any) -> Response:
        """Say everything wrong with a graph, or with the draft."""
        body = serializers.JourneyValidateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        journey, graph = self.get_object(), body.validated_data["graph"]
        problems = api.problems_of(journey.draft if graph is None else graph)
        return Response({"problems": reads.problem_bodies(problems)})

    @extend_schema(request=None, responses={200: serializers.JourneyDetailSerializer})
    @action(detail=True, methods=["post"])
    def activate(self, request: Request, **kwargs: Any) -> Response:
        """Let it run."""
        api.activate(journey_id=self.get_object().public_id, actor=self.actor, now=clock.now())
        return self._told(self.get_object())

    @extend_schema(request=serializers.JourneyPauseSerializer, responses={200: serializers.JourneyDetailSerializer})
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, **kwargs: Any) -> Response:
        """Have it stand still; timers run on, or stand still too."""
        body = serializers.JourneyPauseSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        is_frozen = body.validated_data["timers"] == "freeze"
        journey_id = self.get_object().public_id
        api.pause(journey_id=journey_id, is_frozen=is_frozen, actor=self.actor, now=clock.now())
        return self._told(self.get_object())

    @extend_schema(request=None, responses={200: serializers.JourneyArchivedSerializer})
    @action(detail=True, methods=["post"])
    def archive(self, request: Request, **kwargs: Any) -> Response:
        """Put it away for good; whoever is inside leaves."""
        ended = api.archive(journey_id=self.get_object().public_id, actor=self.actor, now=clock.now())
        return Response({"status": "ARCHIVED", "people_out": ended})

    @extend_schema(
        request=serializers.JourneyPublishSerializer,
        responses={200: serializers.JourneyPublishedSerializer, 202: WaitingAnswer},
    )
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, **kwargs: Any) -> Response:
        """Publish the draft and lead the people inside as the plan says; a dry run only tells what would be."""
        body = serializers.JourneyPublishSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        told = api.publish(
            journey_id=self.get_object().public_id, revision=given["revision"], comment=given["comment"],
            plan=serializers.plan_of(given["plan"]), is_dry_run=given["dry_run"], actor=self.actor, now=clock.now(),
        )  # fmt: skip
        return Response(published_body(told))

    @extend_schema(
        request=serializers.JourneyRollBackSerializer, responses={200: serializers.JourneyPublishedSerializer}
    )
    @action(detail=True, methods=["post"])
    def rollback(self, request: Request, **kwargs: Any) -> Response:
        """Have an earlier version count again."""
        body = serializers.JourneyRollBackSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        told = api.roll_back(
            journey_id=self.get_object().public_id, to_version=given["to_version"],
            plan=serializers.plan_of(given["plan"]), takes_back=given["takes_back"], is_dry_run=given["dry_run"],
            actor=self.actor, now=clock.now(),
        )  # fmt: skip
        return Response(published_body(told))

    @extend_schema(request=serializers.JourneyLeadPeopleSerializer, responses={200: serializers.JourneyLedSerializer})
    @action(detail=True, methods=["post"])
    def people(self, request: Request, **kwargs: Any) -> Response:
        """Lead everybody at a node to another one, or out of the journey; a dry run only counts them."""
        body = serializers.JourneyLeadPeopleSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = dict(body.validated_data)
        is_dry_run = given.pop("dry_run")
        journey_id = self.get_object().public_id
        led = api.lead_many(journey_id=journey_id, **given, is_dry_run=is_dry_run, actor=self.actor, now=clock.now())
        return Response({"dry_run": is_dry_run, "people": led})

    @extend_schema(
        request=serializers.JourneyStartSerializer, responses={201: serializers.JourneyExecutionAnswerSerializer}
    )
    @action(detail=True, methods=["post"])
    def start(self, request: Request, **kwargs: Any) -> Response:
        """Lead a customer in; the same Idempotency-Key gives the same execution."""
        body = serializers.JourneyStartSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = dict(body.validated_data)
        given["idempotency_key"] = request.headers.get("Idempotency-Key") or given["idempotency_key"]
        execution = api.start(journey_id=self.get_object().public_id, **given, now=clock.now())
        return Response(reads.answer_of(execution), status=201)


def published_body(told: api.Published) -> dict[str, Any]:
    """Give what a publication came to as it is told."""
    return {
        "dry_run": told.is_dry_run,
        "version": told.version,
        "people": [
            {
                "version": one.place.version,
                "node_id": one.place.node.id,
                "node_name": one.place.node.name,
                "count": one.place.count,
                "fate": one.fate.value,
                "target": one.target,
            }
            for one in told.people
        ],
        "returned": [asdict(one) for one in told.returned],
        "problems": reads.problem_bodies(told.problems),
    }
