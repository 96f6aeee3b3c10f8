"""Routes of approvals: workflows, the inbox, decisions, delegations."""

from typing import Any, ClassVar

import django_filters
from django.db.models import Q, QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.access import api as access
from loyalty.foundation.approvals import api, queries
from loyalty.foundation.approvals.errors import NotChecker, RequestNotFound
from loyalty.foundation.approvals.models import ApprovalDecision, ApprovalDelegation, ApprovalRequest, ApprovalWorkflow
from loyalty.foundation.approvals.operations.deciding import seats_of
from loyalty.foundation.approvals.operations.workflows import FIELDS
from loyalty.foundation.approvals.policy import differences
from loyalty.foundation.approvals.rest import serializers
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.approving import find_subject, subjects
from loyalty.foundation.web.actors import HasActor
from loyalty.foundation.web.etag import check_if_match
from loyalty.foundation.web.pagination import KeysetPages
from loyalty.foundation.web.permissions import grant_for
from loyalty.foundation.web.views import AllowListedOrdering, ReadOnlyApiViewSet
from loyalty.foundation.web.waiting import WaitingAnswer


class WorkflowViewSet(ReadOnlyApiViewSet):
    """Which changes wait for whom."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "approvals.view",
        "retrieve": "approvals.view",
        "kinds": "approvals.view",
        "create": "approvals.manage",
        "partial_update": "approvals.manage",
        "destroy": "approvals.manage",
    }
    queryset = ApprovalWorkflow.objects.order_by("kind", "-id")
    serializer_class = serializers.WorkflowSerializer
    filter_backends: Any = (DjangoFilterBackend, AllowListedOrdering)
    filterset_fields = ("kind", "is_active")
    ordering_fields: ClassVar[list[str]] = ["kind", "name", "created_at"]

    @extend_schema(
        request=serializers.WorkflowWrite, responses={201: serializers.WorkflowSerializer, 202: WaitingAnswer}
    )
    def create(self, request: Request) -> Response:
        """Put changes of a kind under approval; 202 when changes of workflows wait for others themselves."""
        body = serializers.WorkflowWrite(data=request.data)
        body.is_valid(raise_exception=True)
        made = api.save_workflow(
            workflow_id=None, draft=serializers.draft_of(body.validated_data), expected_version=None, actor=self.actor,
            now=clock.now(),
        )  # fmt: skip
        return self.respond_with(ApprovalWorkflow.objects.get(public_id=made), status=201)

    @extend_schema(
        request=serializers.WorkflowChange, responses={200: serializers.WorkflowSerializer, 202: WaitingAnswer}
    )
    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        """Change a workflow; requests that wait go on by what it said when they were asked for."""
        row = self.get_object()
        check_if_match(request, row.version)
        body = serializers.WorkflowChange(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        now_said = {name: getattr(row, name) for name in (*FIELDS, "kind", "steps")}
        api.save_workflow(
            workflow_id=row.public_id, draft=serializers.draft_of({**now_said, **body.validated_data}),
            expected_version=row.version, actor=self.actor, now=clock.now(),
        )  # fmt: skip
        return self.respond_with(self.get_object())

    @extend_schema(responses={204: None, 202: WaitingAnswer})
    def destroy(self, request: Request, **kwargs: Any) -> Response:
        """Delete a workflow."""
        row = self.get_object()
        check_if_match(request, row.version)
        api.delete_workflow(workflow_id=row.public_id, expected_version=row.version, actor=self.actor, now=clock.now())
        return Response(status=204)

    @extend_schema(responses={200: serializers.KindSerializer(many=True)}, filters=False)
    @action(detail=False, methods=["get"], pagination_class=None)
    def kinds(self, request: Request) -> Response:
        """List the kinds of changes that may be put under approval."""
        return Response(serializers.KindSerializer(subjects(), many=True).data)


class RequestFilter(django_filters.FilterSet):
    """What requests can be narrowed by; ``box`` is to_decide, mine or decided."""

    box = django_filters.ChoiceFilter(
        choices=[(name, name) for name in ("to_decide", "mine", "decided")], method="in_box"
    )
    created_after = django_filters.IsoDateTimeFilter(field_name="requested_at", lookup_expr="gte")
    created_before = django_filters.IsoDateTimeFilter(field_name="requested_at", lookup_expr="lt")

    class Meta:
        model = ApprovalRequest
        fields = ("state", "kind", "subject_kind", "subject_ref")

    def in_box(self, rows: QuerySet[ApprovalRequest], name: str, box: str) -> QuerySet[ApprovalRequest]:
        """Leave what waits for the caller, what the caller asked for, or what the caller decided."""
        person = person_of(self.request)
        if person is None:
            return rows.none()
        if box == "to_decide":
            return queries.to_decide(rows, person, clock.now())
        if box == "mine":
            return rows.filter(Q(maker_ref=str(person.id)) | Q(maker_keys__overlap=list(queries.keys_of(person))))
        return rows.filter(pk__in=ApprovalDecision.objects.filter(checker_ref=str(person.id)).values("request_id"))


def person_of(request: Any) -> access.PersonView | None:
    """Give the account behind a request."""
    user = getattr(request, "user", None)
    return access.find_person_behind(user.as_actor()) if isinstance(user, HasActor) else None


class RequestViewSet(ReadOnlyApiViewSet):
    """What was asked for, and how it stands."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "approvals.view",
        "retrieve": "approvals.view",
        "cancel": "approvals.view",
        "bypass": "approvals.bypass",
    }
    queryset = ApprovalRequest.objects.select_related("review_of").prefetch_related("decisions__request", "reviews")
    serializer_class = serializers.RequestSerializer
    pagination_class = KeysetPages
    keyset = ("-id",)
    filter_backends: Any = (DjangoFilterBackend,)
    filterset_class = RequestFilter

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        """Say beside each row what the caller can do with it."""
        rows = args[0] if args and isinstance(args[0], list) else [args[0]] if args else []
        person, now = person_of(self.request), clock.now()
        for row in rows:
            if isinstance(row, ApprovalRequest):
                complete(row, person, now)
        return super().get_serializer(*args, **kwargs)

    @extend_schema(responses={200: serializers.WholeRequestSerializer})
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer with one request and what it changes."""
        return Response(whole(self.get_object(), request))

    @extend_schema(request=serializers.DecisionReasonWrite, responses={200: serializers.WholeRequestSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, **kwargs: Any) -> Response:
        """Take a request back: whoever asked, or who manages approvals."""
        body = serializers.DecisionReasonWrite(data=request.data)
        body.is_valid(raise_exception=True)
        api.cancel(
            request_id=self.get_object().public_id, actor=self.actor, reason=body.validated_data["reason"],
            now=clock.now(),
        )  # fmt: skip
        return Response(whole(self.get_object(), request))

    @extend_schema(request=serializers.DecisionReasonWrite, responses={200: serializers.WholeRequestSerializer})
    @action(detail=True, methods=["post"])
    def bypass(self, request: Request, **kwargs: Any) -> Response:
        """Have the change made at once, in an emergency; the checkers are asked to review it afterwards."""
        body = serializers.DecisionReasonWrite(data=request.data)
        body.is_valid(raise_exception=True)
        api.bypass(
            request_id=self.get_object().public_id, actor=self.actor, reason=body.validated_data["reason"],
            now=clock.now(),
        )  # fmt: skip
        return Response(whole(self.get_object(), request))


def complete(row: Any, person: access.PersonView | None, now: Any) -> None:
    """Put beside a request what is not in its row."""
    subject = find_subject(row.kind)
    row.title = subject.title if subject else row.kind
    row.amount_unit = subject.amount_unit if subject else ""
    row.link = audit.link_of(row.subject_kind, row.subject_ref)
    owners, row.why_not = seats_of(row, person, now)
    row.seats = [{"id": str(one.id), "name": one.username} for one in owners]
    row.can_decide = row.why_not == ""
    reviews = list(row.reviews.all())
    row.review_request = reviews[0].public_id if reviews else None


def whole(row: Any, asked: Request) -> dict[str, Any]:
    """Give a request with what it changes, to who asked for it."""
    complete(row, person_of(asked), clock.now())
    row.diff = differences(row.before, row.after)
    return dict(serializers.WholeRequestSerializer(row, context={"request": asked}).data)


class DecisionFilter(django_filters.FilterSet):
    """What decisions can be narrowed by."""

    request = django_filters.UUIDFilter(field_name="request__public_id")

    class Meta:
        model = ApprovalDecision
        fields = ("verdict", "checker_ref")


class DecisionViewSet(ReadOnlyApiViewSet):
    """Decisions, newest first."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "approvals.view",
        "retrieve": "approvals.view",
        "create": "approvals.decide",
    }
    queryset = ApprovalDecision.objects.select_related("request")
    serializer_class = serializers.DecisionSerializer
    pagination_class = KeysetPages
    keyset = ("-id",)
    filter_backends: Any = (DjangoFilterBackend,)
    filterset_class = DecisionFilter

    @extend_schema(request=serializers.DecisionWrite, responses={201: serializers.DecisionAnswer})
    def create(self, request: Request) -> Response:
        """Approve or reject; the last approval makes the change in the same transaction, or nothing is decided."""
        body = serializers.DecisionWrite(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        outcome = api.decide(
            request_id=given["request"], verdict=api.Verdict(given["verdict"]), payload_hash=given["payload_hash"],
            comment=given["comment"], actor=self.actor, now=clock.now(), on_behalf_of=str(given["on_behalf_of"] or ""),
        )  # fmt: skip
        decision = self.get_queryset().get(public_id=outcome.decision_id)
        row = RequestViewSet.queryset.filter(public_id=outcome.request_id).first()
        if row is None:
            raise RequestNotFound("There is no such request.")
        told = serializers.DecisionSerializer(decision).data
        return Response({**told, "request": whole(row, request)}, status=201)


class DelegationViewSet(ReadOnlyApiViewSet):
    """Who stands in for whom: the caller's own, or everybody's for who manages approvals."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "approvals.decide",
        "retrieve": "approvals.decide",
        "candidates": "approvals.decide",
        "create": "approvals.decide",
        "destroy": "approvals.decide",
    }
    queryset = ApprovalDelegation.objects.none()
    serializer_class = serializers.DelegationSerializer
    pagination_class = KeysetPages
    keyset = ("-id",)

    def get_queryset(self) -> Any:
        """Give those that the caller may see."""
        person = person_of(self.request)
        if person is None:
            return ApprovalDelegation.objects.none()
        rows = ApprovalDelegation.objects.all()
        if grant_for(self.request, "approvals.manage") is not None:
            return rows
        return rows.filter(Q(user_ref=str(person.id)) | Q(delegate_ref=str(person.id)))

    @extend_schema(request=serializers.DelegationWrite, responses={201: serializers.DelegationSerializer})
    def create(self, request: Request) -> Response:
        """Hand decisions over for a time."""
        body = serializers.DelegationWrite(data=request.data)
        body.is_valid(raise_exception=True)
        given, person = body.validated_data, person_of(request)
        if person is None:
            raise NotChecker("Only people hand decisions over.")
        made = api.create_delegation(
            user_ref=str(given["user"] or person.id), delegate_ref=str(given["delegate"]),
            starts_at=given["starts_at"], ends_at=given["ends_at"], reason=given["reason"], actor=self.actor,
            now=clock.now(),
        )  # fmt: skip
        return self.respond_with(ApprovalDelegation.objects.get(public_id=made), status=201)

    @extend_schema(responses={200: serializers.NamedSerializer(many=True)}, filters=False)
    @action(detail=False, methods=["get"], pagination_class=None)
    def candidates(self, request: Request) -> Response:
        """List to whom decisions may be handed over: everybody who may decide."""
        people = queries.list_deciders()
        return Response([{"id": str(one.id), "name": one.username} for one in people])

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, **kwargs: Any) -> Response:
        """Take decisions back."""
        api.end_delegation(delegation=self.get_object(), actor=self.actor, now=clock.now())
        return Response(status=204)
