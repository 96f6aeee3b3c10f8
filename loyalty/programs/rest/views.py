"""Routes of programs; every write goes through the program's one document."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.kernel import clock
from loyalty.foundation.web import scoping
from loyalty.foundation.web.etag import check_if_match
from loyalty.foundation.web.languages import language_in
from loyalty.foundation.web.views import AllowListedOrdering, ReadOnlyApiViewSet
from loyalty.foundation.web.waiting import WaitingAnswer, or_waiting
from loyalty.programs import api, policy
from loyalty.programs.contracts import ExpiryKind
from loyalty.programs.models import EarnCapRow, ExpiryRuleRow, Program, ProgramVersion, RuleRow, Tier
from loyalty.programs.queries import current_versions, get_version, list_versions, programs_with_members
from loyalty.programs.rest import filters, serializers

IF_MATCH = OpenApiParameter(
    "If-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, description="The ETag of the program that was read."
)

NUMBER = OpenApiParameter("number", OpenApiTypes.INT, OpenApiParameter.PATH, description="The number of the version.")


def expected_version(request: Request, program: Program) -> int | None:
    """Give the edit count that the writer has read, or None when the writer does not say."""
    check_if_match(request, program.version)
    wanted = request.headers.get("If-Match", "").strip()
    return program.version if wanted and wanted != "*" else None


class ProgramViewSet(ReadOnlyApiViewSet):
    """Programs, each one document."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "programs.view",
        "retrieve": "programs.view",
        "versions": "programs.view",
        "version": "programs.view",
        "cancel_version": "programs.change",
        "diff": "programs.view",
        "create": "programs.create",
        "update": "programs.change",
        "partial_update": "programs.change",
        "destroy": "programs.delete",
        "leave": "programs.leave",
    }
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": "public_id", "own": "owner_ref"}
    own_acts: ClassVar[tuple[str, ...]] = ("create",)
    queryset = Program.objects.none()
    serializer_class = serializers.ProgramSerializer
    filter_backends: Any = (DjangoFilterBackend, AllowListedOrdering)
    filterset_class = filters.ProgramFilter
    ordering_fields: ClassVar[list[str]] = ["name", "code", "status", "start_date", "created_at", "updated_at"]

    def get_queryset(self) -> Any:
        """All programs, newest first."""
        return programs_with_members().order_by("-id")

    def get_serializer(self, *arguments: Any, **options: Any) -> Any:
        """Hand the versions in effect of what is shown to the serializer."""
        shown = arguments[0] if arguments else []
        programs = list(shown) if isinstance(shown, list | tuple) else [shown]
        context = {**self.get_serializer_context(), "versions": current_versions(programs)}
        return self.get_serializer_class()(*arguments, **{**options, "context": context})

    @extend_schema(request=serializers.ProgramWrite, responses={201: serializers.ProgramSerializer, 202: WaitingAnswer})
    def create(self, request: Request) -> Response:
        """Create a program with its tiers, rules, cap and expiry."""
        body = serializers.ProgramWrite(data=request.data)
        body.is_valid(raise_exception=True)
        program_id = api.create_program(document=body.document(), actor=self.actor, now=clock.now())
        return self.respond_with(self.get_queryset().get(public_id=program_id), status=201)

    @extend_schema(
        request=serializers.ProgramPut,
        responses={200: serializers.ProgramSerializer, 202: WaitingAnswer},
        parameters=[IF_MATCH],
    )
    def update(self, request: Request, **kwargs: Any) -> Response:
        """Write the whole document; an active program's change begins a new version, at once or at effective_at."""
        return self._change(request, partial=False)

    @extend_schema(
        request=serializers.ProgramPatch,
        responses={200: serializers.ProgramSerializer, 202: WaitingAnswer},
        parameters=[IF_MATCH],
    )
    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        """Write some fields; ``tiers`` is always the whole list."""
        return self._change(request, partial=True)

    def _change(self, request: Request, *, partial: bool) -> Response:
        program = self.get_object()
        body = serializers.ProgramPatch(data=request.data) if partial else serializers.ProgramPut(data=request.data)
        body.is_valid(raise_exception=True)
        changes = body.changes()
        if not partial:
            whole = body.document()
            changes = {name: getattr(whole, name) for name in whole.__dataclass_fields__}
            changes["code"] = body.validated_data.get("code") or program.code
        api.update_program(
            program_id=program.public_id,
            changes=changes,
            expected_version=expected_version(request, program),
            actor=self.actor,
            now=clock.now(),
            effective_at=body.validated_data.get("effective_at"),
        )
        return self.respond_with(self.get_object())

    @extend_schema(responses={204: None}, parameters=[IF_MATCH])
    def destroy(self, request: Request, **kwargs: Any) -> Response:
        """Delete a draft that nobody is a member of."""
        program = self.get_object()
        api.delete_program(
            program_id=program.public_id,
            expected_version=expected_version(request, program),
            actor=self.actor,
            now=clock.now(),
        )
        return Response(status=204)

    @extend_schema(responses={200: serializers.VersionSerializer(many=True)}, filters=False)
    @action(detail=True, methods=["get"])
    def versions(self, request: Request, **kwargs: Any) -> Response:
        """Which versions there are and what each changed; the one that begins last comes first."""
        page: Any = self.paginate_queryset(list_versions(self.get_object()))
        return self.get_paginated_response(
            serializers.VersionSerializer(page, many=True, context=self.get_serializer_context()).data
        )

    @extend_schema(responses={200: serializers.VersionSerializer}, parameters=[NUMBER])
    @action(detail=True, methods=["get"], url_path="versions/(?P<number>[0-9]{1,9})")
    def version(self, request: Request, number: str, **kwargs: Any) -> Response:
        """One version, whole."""
        return Response(
            serializers.VersionSerializer(
                get_version(self.get_object(), int(number)), context=self.get_serializer_context()
            ).data
        )

    @extend_schema(responses={204: None}, parameters=[NUMBER, IF_MATCH])
    @version.mapping.delete
    def cancel_version(self, request: Request, number: str, **kwargs: Any) -> Response:
        """Take a version back that is scheduled; versions that begin later lose its changes too."""
        program = self.get_object()
        api.cancel_version(
            program_id=program.public_id,
            number=int(number),
            expected_version=expected_version(request, program),
            actor=self.actor,
            now=clock.now(),
        )
        return Response(status=204)

    @extend_schema(responses={200: serializers.DiffAnswer}, parameters=[serializers.DiffQuery], filters=False)
    @action(detail=True, methods=["get"], url_path="versions/diff", pagination_class=None)
    def diff(self, request: Request, **kwargs: Any) -> Response:
        """What two versions promise differently, by place and in words."""
        query = serializers.DiffQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        program = self.get_object()
        numbers = query.validated_data["from"], query.validated_data["to"]
        before, after = (get_version(program, number) for number in numbers)
        changes = policy.list_differences(before.document, after.document, language_in({"request": request}))
        answer = {"from_number": numbers[0], "to_number": numbers[1], "changes": changes}
        return Response(serializers.DiffAnswer(answer).data)

    @extend_schema(request=serializers.LeaveWrite, responses={200: serializers.MembershipSerializer})
    @action(detail=True, methods=["post"])
    def leave(self, request: Request, **kwargs: Any) -> Response:
        """Take a member out; its account stays, and enrolling again leads back to it."""
        body = serializers.LeaveWrite(data=request.data)
        body.is_valid(raise_exception=True)
        left = api.leave(
            program_id=self.get_object().public_id, actor=self.actor, now=clock.now(), **body.validated_data
        )
        return Response(serializers.MembershipSerializer(left).data)


def scheduled(program_id: uuid.UUID, effective_at: datetime) -> Response:
    """Answer a change that begins later: it is in no list yet, because those show the version in effect."""
    version = ProgramVersion.objects.filter(program__public_id=program_id, starts_at=effective_at).first()
    told = {
        "program": program_id,
        "program_version": version.number if version else None,
        "effective_at": effective_at,
    }
    return Response(serializers.ScheduledChange(told).data, status=202)


class OfProgramViewSet(ReadOnlyApiViewSet):
    """Base of the lists that are read out of programs."""

    permissions: ClassVar[dict[str, str]] = {"list": "programs.view", "retrieve": "programs.view"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {
        "program": "program__public_id",
        "own": "program__owner_ref",
    }
    scoped_names: ClassVar[Mapping[str, str]] = {"program": "owned_program"}
    filter_backends: Any = (DjangoFilterBackend, AllowListedOrdering)


class TierViewSet(OfProgramViewSet):
    """Tiers; they are written through their program."""

    queryset = Tier.objects.filter(retired_ref=0).select_related("program").order_by("program_id", "min_points")
    serializer_class = serializers.TierSerializer
    filterset_class = filters.TierFilter
    ordering_fields: ClassVar[list[str]] = ["min_points", "priority", "name"]


class RuleViewSet(OfProgramViewSet):
    """Earn and burn rules; they are written through their program."""

    queryset = RuleRow.objects.select_related("program").order_by("program_id", "-kind", "code")
    serializer_class = serializers.RuleSerializer
    filterset_class = filters.RuleFilter


class EarnCapViewSet(OfProgramViewSet):
    """Caps; adding one changes its program."""

    permissions: ClassVar[dict[str, str]] = {**OfProgramViewSet.permissions, "create": "programs.change"}
    queryset = EarnCapRow.objects.select_related("program").order_by("program_id", "code")
    serializer_class = serializers.EarnCapSerializer
    filterset_class = filters.EarnCapFilter

    @extend_schema(
        request=serializers.EarnCapWrite,
        responses={201: serializers.EarnCapSerializer, 202: or_waiting("CapChange", serializers.ScheduledChange)},
    )
    def create(self, request: Request) -> Response:
        """Add a cap to a program; an active one gets a new version at this instant, or a scheduled one (202)."""
        body = serializers.EarnCapWrite(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        program_id, cap, effective_at = given["program"], given["cap"], given["effective_at"]
        api.add_cap(program_id=program_id, cap=cap, actor=self.actor, now=clock.now(), effective_at=effective_at)
        if effective_at is not None:
            return scheduled(program_id, effective_at)
        return self.respond_with(self.get_queryset().get(program__public_id=program_id, code=cap.code), status=201)


class ExpiryRuleViewSet(OfProgramViewSet):
    """Expiry rules, one in a program; writing one changes its program."""

    permissions: ClassVar[dict[str, str]] = {**OfProgramViewSet.permissions, "create": "programs.change"}
    queryset = ExpiryRuleRow.objects.select_related("program").order_by("program_id")
    serializer_class = serializers.ExpiryRuleSerializer
    filterset_class = filters.ExpiryRuleFilter

    @extend_schema(
        request=serializers.ExpiryRuleWrite,
        responses={
            201: serializers.ExpiryRuleSerializer,
            202: or_waiting("ExpiryRuleChange", serializers.ScheduledChange),
        },
    )
    def create(self, request: Request) -> Response:
        """Say how long a program's points last; an active one gets a new version at this instant, or later (202)."""
        body = serializers.ExpiryRuleWrite(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        program_id, expiry, effective_at = given["program"], given["expiry"], given["effective_at"]
        if expiry.kind is ExpiryKind.NEVER:
            raise ValidationError({"kind": ["A rule by which points go is any kind but never."]})
        api.update_program(
            program_id=program_id, changes={"expiry": expiry}, expected_version=None, actor=self.actor,
            now=clock.now(), effective_at=effective_at,
        )  # fmt: skip
        if effective_at is not None:
            return scheduled(program_id, effective_at)
        return self.respond_with(self.get_queryset().get(program__public_id=program_id), status=201)
