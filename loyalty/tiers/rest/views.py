"""Routes of tiers: where a member stands, what the tier brings, moves by hand, history."""

import uuid
from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.kernel import clock
from loyalty.foundation.web.pagination import KeysetPages
from loyalty.foundation.web.serializers import StrictSerializer
from loyalty.foundation.web.views import ApiView
from loyalty.points import api as points
from loyalty.programs.api import TierPlan
from loyalty.tiers import api
from loyalty.tiers.models import TierChange


class MemberQuery(StrictSerializer):
    """A member, by ``account_id``, or by ``customer_id`` or ``customer_ref`` with ``program_id``."""

    account_id = serializers.UUIDField(required=False)
    customer_id = serializers.UUIDField(required=False)
    customer_ref = serializers.CharField(max_length=100, required=False)
    program_id = serializers.UUIDField(required=False)


class TierMoveWrite(MemberQuery):
    """A member to move by hand; without ``tier`` to the next one."""

    tier = serializers.CharField(max_length=50, required=False, allow_blank=True, default="")
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class TierAnswer(serializers.Serializer[Any]):
    """A tier with what it brings."""

    code = serializers.CharField()
    name = serializers.CharField()
    min_points = serializers.IntegerField()
    multiplier = serializers.DecimalField(max_digits=8, decimal_places=4, normalize_output=True)
    benefits = serializers.ListField(child=serializers.CharField())


class StandingAnswer(serializers.Serializer[Any]):
    """Where a member stands."""

    account_id = serializers.UUIDField()
    customer_id = serializers.UUIDField()
    program_id = serializers.UUIDField()
    points_lifetime = serializers.IntegerField()
    tier = TierAnswer(allow_null=True, source="current")
    calculated_tier = TierAnswer(allow_null=True, source="calculated")
    next_tier = TierAnswer(allow_null=True, source="following")
    points_to_next = serializers.IntegerField(allow_null=True)


class BenefitsAnswer(serializers.Serializer[Any]):
    """What a member's tier brings."""

    account_id = serializers.UUIDField()
    tier = TierAnswer(allow_null=True)
    benefits = serializers.ListField(child=serializers.CharField())


class TierChangeAnswer(serializers.Serializer[TierChange]):
    """One change of a member's tier."""

    id = serializers.UUIDField(source="public_id")
    account_id = serializers.UUIDField(source="account_public_id")
    from_tier = serializers.CharField(source="from_code", allow_null=True)
    to_tier = serializers.CharField(source="to_code", allow_null=True)
    direction = serializers.CharField()
    reason = serializers.CharField()
    note = serializers.CharField()
    points_lifetime = serializers.IntegerField()
    actor_ref = serializers.CharField()
    changed_at = serializers.DateTimeField()


class TierHistoryPage(serializers.Serializer[Any]):
    """A page of a member's history."""

    count = serializers.IntegerField()
    count_is_exact = serializers.BooleanField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = TierChangeAnswer(many=True)


OF_MEMBER = [
    OpenApiParameter("account_id", OpenApiTypes.UUID),
    OpenApiParameter("customer_id", OpenApiTypes.UUID),
    OpenApiParameter("customer_ref", OpenApiTypes.STR),
    OpenApiParameter("program_id", OpenApiTypes.UUID),
]
MEMBER_NAMES = ("account_id", "customer_id", "customer_ref", "program_id")


class TierView(ApiView):
    """Base of the routes that name one member."""

    def member(self, given: dict[str, Any]) -> points.MemberFacts:
        """Give the member that is meant."""
        ref = points.MemberRef(**{name: given[name] for name in MEMBER_NAMES if name in given})
        return points.resolve_member(ref, may_enroll=False, actor=self.actor, now=clock.now())

    def asked_for(self, request: Request) -> points.MemberFacts:
        """Give the member that the query names."""
        query = MemberQuery(
            data={name: request.query_params[name] for name in MEMBER_NAMES if name in request.query_params}
        )
        query.is_valid(raise_exception=True)
        return self.member(query.validated_data)


class CalculateView(TierView):
    """Where a member stands."""

    permissions: ClassVar[dict[str, str]] = {"get": "tiers.view"}

    @extend_schema(parameters=OF_MEMBER, responses={200: StandingAnswer})
    def get(self, request: Request) -> Response:
        """Tell the tier a member has, the one its points qualify for, and how far the next one is."""
        return Response(StandingAnswer(api.standing_of(self.asked_for(request), now=clock.now())).data)


class BenefitsView(TierView):
    """What a member's tier brings."""

    permissions: ClassVar[dict[str, str]] = {"get": "tiers.view"}

    @extend_schema(parameters=OF_MEMBER, responses={200: BenefitsAnswer})
    def get(self, request: Request) -> Response:
        """Tell the benefits of the tier a member has."""
        standing = api.standing_of(self.asked_for(request), now=clock.now())
        tier: TierPlan | None = standing.current
        told = {"account_id": standing.account_id, "tier": tier, "benefits": tier.benefits if tier else []}
        return Response(BenefitsAnswer(told).data)


class HistoryView(TierView):
    """How a member's tier changed."""

    permissions: ClassVar[dict[str, str]] = {"get": "tiers.view"}

    @extend_schema(
        parameters=[*OF_MEMBER, OpenApiParameter("cursor", OpenApiTypes.STR)], responses={200: TierHistoryPage}
    )
    def get(self, request: Request) -> Response:
        """List a member's changes of tier, newest first."""
        account_id: uuid.UUID = self.asked_for(request).account_id
        pages = KeysetPages()
        page: Any = pages.paginate_queryset(TierChange.objects.filter(account_public_id=account_id), request, self)
        return pages.get_paginated_response(TierChangeAnswer(page, many=True).data)


class UpgradeView(TierView):
    """Raise a tier by hand."""

    permissions: ClassVar[dict[str, str]] = {"post": "tiers.upgrade"}

    @extend_schema(request=TierMoveWrite, responses={200: StandingAnswer})
    def post(self, request: Request) -> Response:
        """Raise a member to the tier named or to the next one; a recalculation does not take it away."""
        body = TierMoveWrite(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        standing = api.upgrade(
            account_id=self.member(given).account_id,
            tier_code=given["tier"],
            note=given["reason"],
            actor=self.actor,
            now=clock.now(),
        )
        return Response(StandingAnswer(standing).data)


class DowngradeView(TierView):
    """Lower a tier by hand."""

    permissions: ClassVar[dict[str, str]] = {"post": "tiers.downgrade"}

    @extend_schema(request=TierMoveWrite, responses={200: StandingAnswer})
    def post(self, request: Request) -> Response:
        """Lower a member to the tier named or to the next one; the next earn looks at it again."""
        body = TierMoveWrite(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        standing = api.downgrade(
            account_id=self.member(given).account_id,
            tier_code=given["tier"],
            note=given["reason"],
            actor=self.actor,
            now=clock.now(),
        )
        return Response(StandingAnswer(standing).data)
