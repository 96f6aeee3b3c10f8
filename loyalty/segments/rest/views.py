"""Routes of segments."""

import dataclasses
import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

import django_filters
from django.db.models import Avg, BooleanField, ExpressionWrapper, Max, Min, Q
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.filters import SearchFilter
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.customers import api as customers
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.errors import NotFound
from loyalty.foundation.kernel.ids import PublicIdInvalid, parse_public_id
from loyalty.foundation.web import scoping
from loyalty.foundation.web.etag import if_match
from loyalty.foundation.web.languages import language_in
from loyalty.foundation.web.views import AllowListedOrdering, ApiView, ApiViewSet, ReadOnlyApiViewSet
from loyalty.segments import api
from loyalty.segments.errors import SegmentRulesMissing
from loyalty.segments.models import Segment, SegmentSnapshot
from loyalty.segments.operations.comparing import compare, find_snapshot, moved_within, trend
from loyalty.segments.rest import paging, serializers
from loyalty.segments.rest.personal import refuse_personal


class SegmentFilter(django_filters.FilterSet):
    """What segments can be narrowed by."""

    class Meta:
        model = Segment
        fields = ("kind",)


def preview_body(preview: api.Preview) -> dict[str, Any]:
    """Give a preview as answered."""
    return {**dataclasses.asdict(preview), "sample": list(preview.sample)}


class SegmentViewSet(ReadOnlyApiViewSet):
    """Segments."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "segments.view",
        "retrieve": "segments.view",
        "create": "segments.create",
        "partial_update": "segments.change",
        "destroy": "segments.delete",
        "recalculate": "segments.recalculate",
        "preview": "segments.view",
        "members": "segments.view",
        "metrics": "segments.view",
        "explain": "segments.view",
        "compare": "segments.view",
        "trend": "segments.view",
        "upload": "segments.change",
    }
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"own": "owner_ref"}
    own_acts: ClassVar[tuple[str, ...]] = ("create",)
    queryset = Segment.objects.order_by("-id")
    serializer_class = serializers.SegmentSerializer
    filter_backends: Any = (DjangoFilterBackend, SearchFilter, AllowListedOrdering)
    filterset_class = SegmentFilter
    search_fields = ("name", "description")
    ordering_fields: ClassVar[list[str]] = ["name", "member_count", "last_calculated_at", "created_at"]

    def get_serializer_context(self) -> dict[str, Any]:
        """Tell the serializer whether it writes a list."""
        return {**super().get_serializer_context(), "is_list": self.action == "list"}

    @extend_schema(request=serializers.NewSegmentSerializer, responses={201: serializers.SegmentSerializer})
    def create(self, request: Request) -> Response:
        """Create a segment."""
        body = serializers.NewSegmentSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        refuse_personal(request, body.validated_data.get("rules"))
        made = api.create(**body.validated_data, actor=self.actor, now=clock.now())
        return self.respond_with(Segment.objects.get(public_id=made), status=201)

    @extend_schema(request=serializers.ChangedSegmentSerializer, responses={200: serializers.SegmentSerializer})
    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        """Change a segment."""
        segment = self.get_object()
        body = serializers.ChangedSegmentSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        refuse_personal(request, body.validated_data.get("rules"))
        api.change(
            segment=segment,
            changes=body.validated_data,
            actor=self.actor,
            now=clock.now(),
            check_version=if_match(request),
        )
        return self.respond_with(self.get_object())

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, **kwargs: Any) -> Response:
        """Delete a segment that nothing uses."""
        api.delete(segment=self.get_object(), actor=self.actor, now=clock.now())
        return Response(status=204)

    @extend_schema(request=serializers.RecalculationSerializer, responses={202: dict})
    @action(detail=True, methods=["post"])
    def recalculate(self, request: Request, **kwargs: Any) -> Response:
        """Bring the members up to date, as a run."""
        body = serializers.RecalculationSerializer(data=request.data or {})
        body.is_valid(raise_exception=True)
        run = api.start_recalculation(
            segment=self.get_object(), actor=self.actor, now=clock.now(), **body.validated_data
        )
        return Response({"run": dataclasses.asdict(run)}, status=202)

    @extend_schema(request=serializers.PreviewSerializer, responses={200: dict})
    @action(detail=True, methods=["post"])
    def preview(self, request: Request, **kwargs: Any) -> Response:
        """Count whom the rules select now."""
        body = serializers.PreviewSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        segment = self.get_object()
        rules = body.validated_data["rules"] or segment.rules
        refuse_personal(request, rules)
        if not rules:
            raise SegmentRulesMissing("There are no rules to preview.")
        limit = body.validated_data["limit"] if body.validated_data["rules"] else segment.limit
        return Response(
            preview_body(api.preview(rules, now=clock.now(), limit=limit, language=language_in({"request": request})))
        )

    @extend_schema(
        parameters=[
            OpenApiParameter("as_of", str),
            OpenApiParameter("cursor", str),
            OpenApiParameter("page_size", int),
        ],
        responses={200: serializers.MemberSerializer(many=True)},
    )
    @action(detail=True, methods=["get"], filter_backends=[])
    def members(self, request: Request, **kwargs: Any) -> Response:
        """List the members now, or as of an instant or the end of a date."""
        return Response(paging.members_page(self.get_object(), request))

    @extend_schema(responses={200: dict})
    @action(detail=True, methods=["get"])
    def metrics(self, request: Request, **kwargs: Any) -> Response:
        """Give figures on the segment's size over its snapshots."""
        segment = self.get_object()
        sizes = segment.snapshots.aggregate(
            smallest=Min("member_count"), largest=Max("member_count"), average=Avg("member_count")
        )
        last = segment.snapshots.order_by("-taken_at").first()
        return Response(
            {
                "member_count": segment.member_count,
                "last_calculated_at": segment.last_calculated_at,
                "snapshots": segment.snapshots.count(),
                "smallest": sizes["smallest"],
                "largest": sizes["largest"],
                "average": float(sizes["average"]) if sizes["average"] is not None else None,
                "last_added": last.added_count if last else None,
                "last_removed": last.removed_count if last else None,
                **moved_within(segment, now=clock.now(), days=30),
            }
        )

    @extend_schema(parameters=[OpenApiParameter("since", str)], responses={200: dict})
    @action(detail=True, methods=["get"], filter_backends=[])
    def trend(self, request: Request, **kwargs: Any) -> Response:
        """Give the segment's size over its snapshots, oldest first."""
        told = request.query_params.get("since", "")
        points = trend(self.get_object(), since=paging.read_instant(told) if told else None)
        return Response({"points": points})

    @extend_schema(
        parameters=[OpenApiParameter("from", str, required=True), OpenApiParameter("to", str, required=True)],
        responses={200: dict},
    )
    @action(detail=True, methods=["get"], filter_backends=[])
    def compare(self, request: Request, **kwargs: Any) -> Response:
        """Tell who came and went between two snapshots, each named by its id, a date or an instant."""
        segment = self.get_object()
        told = [request.query_params.get(name, "") for name in ("from", "to")]
        old, new = (find_snapshot(segment, name, paging.find_instant(name)) for name in told)
        return Response(compare(old, new))

    @extend_schema(
        request={"multipart/form-data": serializers.UploadSerializer},
        responses={200: dict},
    )
    @action(detail=True, methods=["post"], parser_classes=[MultiPartParser])
    def upload(self, request: Request, **kwargs: Any) -> Response:
        """Add the customers of a CSV file to a static segment and report what became of each line."""
        body = serializers.UploadSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        report = api.upload(segment=self.get_object(), actor=self.actor, now=clock.now(), **body.validated_data)
        return Response({**dataclasses.asdict(report), "unmatched_sample": list(report.unmatched_sample)})

    @extend_schema(parameters=[OpenApiParameter("customer_id", str, required=True)], responses={200: dict})
    @action(detail=True, methods=["get"])
    def explain(self, request: Request, **kwargs: Any) -> Response:
        """Say why a customer is in or not."""
        customer_id = parse_public_id(request.query_params.get("customer_id", ""))
        segment = self.get_object()
        refuse_personal(request, segment.rules)
        explanation = api.explain(segment, customer_id, now=clock.now(), language=language_in({"request": request}))
        return Response(dataclasses.asdict(explanation))


class UnsavedPreviewView(ApiView):
    """Preview of rules that are not saved yet."""

    permissions: ClassVar[dict[str, str]] = {"post": "segments.view"}
    # What is counted is the caller's own to be: rules that are nobody's yet.
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"own": scoping.NAMED}
    own_acts: ClassVar[tuple[str, ...]] = ("post",)

    @extend_schema(
        operation_id="segments_preview_unsaved", request=serializers.PreviewSerializer, responses={200: dict}
    )
    def post(self, request: Request) -> Response:
        """Count whom the rules would select."""
        body = serializers.PreviewSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        if not body.validated_data["rules"]:
            raise SegmentRulesMissing("There are no rules to preview.")
        wanted = body.validated_data
        refuse_personal(request, wanted["rules"])
        told = api.preview(
            wanted["rules"], now=clock.now(), limit=wanted["limit"], language=language_in({"request": request})
        )
        return Response(preview_body(told))


class SegmentMemberViewSet(ApiViewSet):
    """Members of static segments."""

    permissions: ClassVar[dict[str, str]] = {"create": "segments.change", "destroy": "segments.change"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"own": "owner_ref"}
    scoped_names: ClassVar[Mapping[str, str]] = {"segment": "segment"}
    queryset = Segment.objects.none()
    serializer_class = serializers.MemberSerializer
    lookup_value_regex = "[^/]+"

    @extend_schema(request=serializers.NewMembersSerializer, responses={201: dict})
    def create(self, request: Request) -> Response:
        """Add customers to a static segment."""
        body = serializers.NewMembersSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        segment = self._segment(data["segment"])
        ids = customers.resolve_ids(
            [str(data["customer_id"])] if data.get("customer_id") else data.get("customers") or [data["customer_ref"]]
        )
        added = api.add_members(segment=segment, customer_ids=ids, actor=self.actor, now=clock.now())
        names = [f"{segment.public_id}:{one}" for one in ids]
        return Response({"segment": str(segment.public_id), "added": added, "ids": names}, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, **kwargs: Any) -> Response:
        """Remove a customer from a static segment; the id is ``<segment>:<customer>``."""
        try:
            segment_text, customer_text = str(kwargs["id"]).split(":")
            segment_id, customer_id = parse_public_id(segment_text), parse_public_id(customer_text)
        except (ValueError, PublicIdInvalid) as fault:
            raise NotFound("There is no such membership.") from fault
        segment = self._segment(segment_id)
        if not api.remove_member(segment=segment, customer_id=customer_id, actor=self.actor, now=clock.now()):
            raise NotFound("There is no such membership.")
        return Response(status=204)

    def _segment(self, segment_id: uuid.UUID) -> Segment:
        rows = scoping.narrow(Segment.objects.all(), self, self.grant)
        segment: Segment | None = rows.filter(public_id=segment_id).first()
        if segment is None:
            raise api.SegmentNotFound()
        return segment


class SnapshotFilter(django_filters.FilterSet):
    """What snapshots can be narrowed by."""

    segment = django_filters.UUIDFilter(field_name="segment__public_id")


class SegmentSnapshotViewSet(ReadOnlyApiViewSet):
    """Snapshots, newest first."""

    permissions: ClassVar[dict[str, str]] = {"list": "segments.view", "retrieve": "segments.view"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"own": "segment__owner_ref"}
    queryset = (
        SegmentSnapshot.objects.select_related("segment")
        .annotate(knows_members=ExpressionWrapper(Q(added__isnull=False), output_field=BooleanField()))
        .defer("added", "removed", "members")
        .order_by("-taken_at", "-id")
    )
    serializer_class = serializers.SnapshotSerializer
    filter_backends: Any = (DjangoFilterBackend,)
    filterset_class = SnapshotFilter
