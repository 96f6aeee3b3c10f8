"""What can be asked about segments beside their definition: why, since when, and against each other."""

import dataclasses
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers as drf
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.ids import PublicIdInvalid, parse_public_id
from loyalty.foundation.web.languages import language_in
from loyalty.foundation.web.serializers import ExactJSONField, StrictSerializer
from loyalty.foundation.web.views import ApiView
from loyalty.segments import api
from loyalty.segments.errors import SegmentNotFound, SegmentRulesMissing
from loyalty.segments.models import Segment
from loyalty.segments.operations.comparing import overlap
from loyalty.segments.rest.personal import refuse_personal
from loyalty.segments.rest.serializers import TogetherSerializer


class UnsavedExplanationSerializer(StrictSerializer):
    """Rules that are not saved and the customer to try them with; a limit is taken and has no say for one customer."""

    rules = ExactJSONField()
    limit = ExactJSONField(required=False, allow_null=True, default=None)
    customer_id = drf.UUIDField()


class UnsavedExplanationView(ApiView):
    """What rules that are not saved yet come to for one customer."""

    permissions: ClassVar[dict[str, str]] = {"post": "segments.view"}

    @extend_schema(operation_id="segments_explain_unsaved", request=UnsavedExplanationSerializer, responses={200: dict})
    def post(self, request: Request) -> Response:
        """Say why the customer would be in or not."""
        body = UnsavedExplanationSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        if not body.validated_data["rules"]:
            raise SegmentRulesMissing("There are no rules to try.")
        refuse_personal(request, body.validated_data["rules"])
        asked, language = body.validated_data, language_in({"request": request})
        told = api.explain_unsaved(asked["rules"], asked["customer_id"], now=clock.now(), language=language)
        return Response(dataclasses.asdict(told))


class OverlapView(ApiView):
    """How many customers are in exactly which of some segments."""

    permissions: ClassVar[dict[str, str]] = {"get": "segments.view"}

    @extend_schema(
        operation_id="segments_overlap",
        parameters=[OpenApiParameter("segments", str, required=True, description="Ids, with commas between them.")],
        responses={200: dict},
    )
    def get(self, request: Request) -> Response:
        """Count every combination."""
        try:
            wanted = [parse_public_id(one) for one in request.query_params.get("segments", "").split(",") if one]
        except PublicIdInvalid as fault:
            raise ValidationError({"segments": "Ids of segments, with commas between them."}) from fault
        found = overlap(wanted)
        return Response(
            {
                "segments": [
                    {"id": str(one.public_id), "name": one.name, "member_count": one.member_count}
                    for one in found.segments
                ],
                "regions": [{"segments": [str(one) for one in ids], "count": count} for ids, count in found.regions],
            }
        )


class TogetherView(ApiView):
    """The recalculation of several segments, which share one scan of the warehouse."""

    permissions: ClassVar[dict[str, str]] = {"post": "segments.recalculate"}

    @extend_schema(operation_id="segments_recalculate_together", request=TogetherSerializer, responses={202: dict})
    def post(self, request: Request) -> Response:
        """Bring several segments up to date, as one run."""
        body = TogetherSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wanted: list[Any] = list(dict.fromkeys(body.validated_data["segments"]))
        known = {one.public_id: one for one in Segment.objects.filter(public_id__in=wanted)}
        if len(known) != len(wanted):
            raise SegmentNotFound()
        run = api.start_together(
            segments=[known[one] for one in wanted],
            actor=self.actor,
            now=clock.now(),
            announces_first_fill=body.validated_data["announces_first_fill"],
        )
        return Response({"run": dataclasses.asdict(run)}, status=202)
