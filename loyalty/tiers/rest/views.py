"""Routes of tiers: where a member stands and will stand, what the tier brings, moves by hand, history."""

import dataclasses
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.kernel import clock
from loyalty.foundation.web import scoping
from loyalty.foundation.web.pagination import KeysetPages
from loyalty.foundation.web.views import ApiView
from loyalty.points import api as points
from loyalty.tiers import api
from loyalty.tiers.models import TierChange
from loyalty.tiers.rest import serializers

OF_MEMBER = [
    OpenApiParameter("account_id", OpenApiTypes.UUID),
    OpenApiParameter("customer_id", OpenApiTypes.UUID),
    OpenApiParameter("customer_ref", OpenApiTypes.STR),
    OpenApiParameter("program_id", OpenApiTypes.UUID),
]
AT_INSTANT = [
    OpenApiParameter("as_of", OpenApiTypes.DATETIME, description="The tier that was in force then."),
    OpenApiParameter("basis", OpenApiTypes.STR, enum=["occurred", "recorded"]),
]
MEMBER_NAMES = ("account_id", "customer_id", "customer_ref", "program_id")
INSTANT_NAMES = ("as_of", "basis")


class TierView(ApiView):
    """Base of the routes that name one member."""

    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"account_id": "account", "program_id": "program"}

    def member(self, given: dict[str, Any]) -> points.MemberFacts:
        """Give the member that is meant."""
        ref = points.MemberRef(**{name: given[name] for name in MEMBER_NAMES if name in given})
        return points.resolve_member(ref, may_enroll=False, actor=self.actor, now=clock.now())

    def asked_for(self, request: Request) -> points.MemberFacts:
        """Give the member that the query names."""
        query = serializers.MemberQuery(
            data={name: request.query_params[name] for name in MEMBER_NAMES if name in request.query_params}
        )
        query.is_valid(raise_exception=True)
        return self.member(query.validated_data)

    def standing(self, request: Request) -> api.TierStanding:
        """Give where the member that the query names stands, or stood at the instant that it names."""
        names = (*MEMBER_NAMES, *INSTANT_NAMES)
        query = serializers.MemberAtQuery(
            data={name: request.query_params[name] for name in names if name in request.query_params}
        )
        query.is_valid(raise_exception=True)
        given = query.validated_data
        now, at = clock.now(), given.get("as_of")
        return self._standing_at(self.member(given), at, given["basis"], now)

    @staticmethod
    def _standing_at(member: points.MemberFacts, at: datetime | None, basis: str, now: datetime) -> api.TierStanding:
        if at is None:
            return api.standing_of(member, now=now)
        return api.standing_as_of(member, at=min(at, now), basis=basis)


class CalculateView(TierView):
    """Where a member stands."""

    permissions: ClassVar[dict[str, str]] = {"get": "tiers.view"}

    @extend_schema(parameters=[*OF_MEMBER, *AT_INSTANT], responses={200: serializers.StandingAnswer})
    def get(self, request: Request) -> Response:
        """Tell the tier a member has, the one it qualifies for, and how far the next one is."""
        return Response(serializers.StandingAnswer(self.standing(request)).data)


class ProjectionView(TierView):
    """What becomes of a member's tier."""

    permissions: ClassVar[dict[str, str]] = {"get": "tiers.view"}

    @extend_schema(parameters=OF_MEMBER, responses={200: serializers.ProjectionAnswer})
    def get(self, request: Request) -> Response:
        """Tell the tier a member will have after its period when nothing more happens, and what it takes to stay."""
        projection = api.projection_of(self.asked_for(request), now=clock.now())
        return Response(serializers.ProjectionAnswer(projection).data)


class BenefitsView(TierView):
    """What a member's tier brings."""

    permissions: ClassVar[dict[str, str]] = {"get": "tiers.view"}

    @extend_schema(parameters=[*OF_MEMBER, *AT_INSTANT], responses={200: serializers.BenefitsAnswer})
    def get(self, request: Request) -> Response:
        """Tell the benefits of the tier a member has, and what its tiers have granted."""
        standing = self.standing(request)
        tier = standing.current
        told = {
            "account_id": standing.account_id,
            "tier": tier,
            "benefits": tier.benefits if tier else [],
            "granted": api.list_benefits(standing.account_id),
        }
        return Response(serializers.BenefitsAnswer(told).data)


class HistoryView(TierView):
    """How a member's tier changed."""

    permissions: ClassVar[dict[str, str]] = {"get": "tiers.view"}

    @extend_schema(
        parameters=[*OF_MEMBER, OpenApiParameter("cursor", OpenApiTypes.STR)],
        responses={200: serializers.TierHistoryPage},
    )
    def get(self, request: Request) -> Response:
        """List a member's changes of tier, newest first."""
        account_id: uuid.UUID = self.asked_for(request).account_id
        pages = KeysetPages()
        page: Any = pages.paginate_queryset(TierChange.objects.filter(account_public_id=account_id), request, self)
        return pages.get_paginated_response(serializers.TierChangeAnswer(page, many=True).data)


class UpgradeView(TierView):
    """Raise a tier by hand."""

    permissions: ClassVar[dict[str, str]] = {"post": "tiers.upgrade"}

    @extend_schema(request=serializers.TierMoveWrite, responses={200: serializers.StandingAnswer})
    def post(self, request: Request) -> Response:
        """Raise a member to the tier named or to the next one; a recalculation does not take it away."""
        body = serializers.TierMoveWrite(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        standing = api.upgrade(
            account_id=self.member(given).account_id,
            tier_code=given["tier"],
            note=given["reason"],
            actor=self.actor,
            now=clock.now(),
        )
        return Response(serializers.StandingAnswer(standing).data)


class DowngradeView(TierView):
    """Lower a tier by hand."""

    permissions: ClassVar[dict[str, str]] = {"post": "tiers.downgrade"}

    @extend_schema(request=serializers.TierMoveWrite, responses={200: serializers.StandingAnswer})
    def post(self, request: Request) -> Response:
        """Lower a member to the tier named or to the next one; the next earn looks at it again."""
        body = serializers.TierMoveWrite(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        standing = api.downgrade(
            account_id=self.member(given).account_id,
            tier_code=given["tier"],
            note=given["reason"],
            actor=self.actor,
            now=clock.now(),
        )
        return Response(serializers.StandingAnswer(standing).data)


class AssignView(TierView):
    """Give a tier by hand."""

    permissions: ClassVar[dict[str, str]] = {"post": "tiers.assign"}

    @extend_schema(request=serializers.TierAssignWrite, responses={200: serializers.StandingAnswer})
    def post(self, request: Request) -> Response:
        """Give a member a tier as a floor, a pin or once, with an end and a reason, or take it off again."""
        body = serializers.TierAssignWrite(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        standing = api.assign(
            account_id=self.member(given).account_id,
            tier_code=given["tier"],
            mode=None if given["mode"] == serializers.NO_MODE else api.ManualMode(given["mode"]),
            until=given["until"],
            note=given["reason"],
            actor=self.actor,
            now=clock.now(),
        )
        return Response(serializers.StandingAnswer(standing).data)


class RecalculateView(ApiView):
    """Look at all members of a program."""

    permissions: ClassVar[dict[str, str]] = {"post": "tiers.recalculate"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"program_id": "program"}

    @extend_schema(request=serializers.RecalculateWrite, responses={202: dict})
    def post(self, request: Request) -> Response:
        """Start a look at all members of a program; ``runs/{id}/`` tells how far it is."""
        body = serializers.RecalculateWrite(data=request.data)
        body.is_valid(raise_exception=True)
        run = api.start_recalculation(**body.validated_data, actor=self.actor, now=clock.now())
        return Response({"run": dataclasses.asdict(run)}, status=202)
