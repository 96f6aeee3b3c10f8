"""Households over HTTP."""

import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.ids import PublicIdInvalid, parse_public_id
from loyalty.foundation.web import scoping
from loyalty.foundation.web.etag import check_if_match, etag_for
from loyalty.foundation.web.serializers import PointsField, StrictSerializer
from loyalty.foundation.web.views import ReadOnlyApiViewSet
from loyalty.ledger import api as ledger
from loyalty.points import api, queries
from loyalty.points.models import Pool, PoolMember

ROLES = [(role.value, role.value) for role in api.PoolRole]
PLACE = OpenApiParameter("member_id", OpenApiTypes.UUID, OpenApiParameter.PATH, description="A place in the household.")
IF_MATCH = OpenApiParameter(
    "If-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, description="The ETag of the place that was read."
)


class PoolSerializer(serializers.Serializer[Pool]):
    """A household and what its account has."""

    id = serializers.UUIDField(source="public_id")
    account_id = serializers.UUIDField(source="account_public_id")
    program = serializers.UUIDField(source="program_public_id")
    name = serializers.CharField()
    status = serializers.CharField()
    points_balance = serializers.SerializerMethodField()
    points_available = serializers.SerializerMethodField()
    member_count = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()

    def _account(self, pool: Pool) -> ledger.AccountView:
        found: ledger.AccountView = self.context["accounts"][pool.account_public_id]
        return found

    def get_points_balance(self, pool: Pool) -> int:
        """Points posted."""
        return self._account(pool).points_posted

    def get_points_available(self, pool: Pool) -> int:
        """Points that can be spent now."""
        overdue: dict[uuid.UUID, int] = self.context["overdue"]
        return self._account(pool).points_available - overdue.get(pool.account_public_id, 0)

    def get_member_count(self, pool: Pool) -> int:
        """How many customers are in it."""
        counts: dict[int, int] = self.context["counts"]
        return counts.get(pool.pk, 0)


class PoolMemberSerializer(serializers.Serializer[Any]):
    """A customer's place in a household."""

    id = serializers.UUIDField(source="public_id")
    customer_id = serializers.UUIDField(source="customer_public_id")
    customer_ref = serializers.SerializerMethodField()
    role = serializers.ChoiceField(choices=ROLES)
    points_daily_max = serializers.IntegerField(allow_null=True)
    is_earning_into_pool = serializers.BooleanField()
    joined_at = serializers.DateTimeField()
    left_at = serializers.DateTimeField(allow_null=True)

    def get_customer_ref(self, member: PoolMember) -> str:
        """The BSS's own id of the customer."""
        refs: dict[Any, str] = self.context["refs"]
        return refs.get(member.customer_public_id, "")


class PoolMemberPage(serializers.Serializer[Any]):
    """All places of a household."""

    results = PoolMemberSerializer(many=True)


class CustomerNamed(StrictSerializer):
    """A customer, by one of its names."""

    customer_id = serializers.UUIDField(required=False)
    customer_ref = serializers.CharField(max_length=100, required=False)

    @staticmethod
    def customer(given: dict[str, Any]) -> api.MemberRef:
        """Give the reference."""
        return api.MemberRef(**{name: given[name] for name in ("customer_id", "customer_ref") if name in given})


class PoolWrite(CustomerNamed):
    """A household to make, with its owner."""

    program_id = serializers.UUIDField()
    name = serializers.CharField(max_length=100)


class PoolMemberWrite(CustomerNamed):
    """Somebody to take in."""

    role = serializers.ChoiceField(choices=ROLES, default=api.PoolRole.SPENDER.value)
    points_daily_max = PointsField(required=False, allow_null=True, default=None)
    is_earning_into_pool = serializers.BooleanField(required=False, default=False)


class PoolMemberChange(StrictSerializer):
    """What to change of a place; what is left out stays."""

    role = serializers.ChoiceField(choices=ROLES, required=False)
    points_daily_max = PointsField(required=False, allow_null=True)
    is_earning_into_pool = serializers.BooleanField(required=False)


class ReasonGiven(StrictSerializer):
    """Why."""

    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class PoolFilter(django_filters.FilterSet):
    """By program, state and customer."""

    program = django_filters.UUIDFilter(field_name="program_public_id")
    status = django_filters.CharFilter(field_name="status")
    customer_id = django_filters.UUIDFilter(method="of_customer")

    class Meta:
        model = Pool
        fields: list[str] = []

    def of_customer(self, rows: QuerySet[Pool], name: str, value: Any) -> QuerySet[Pool]:
        """Narrow to the households in which a customer is now."""
        return rows.filter(members__customer_public_id=value, members__left_at__isnull=True)


def document_of(given: dict[str, Any]) -> api.PoolMemberDocument:
    """Put what was sent into the words of the domain."""
    return api.PoolMemberDocument(
        role=api.PoolRole(given["role"]),
        points_daily_max=given["points_daily_max"],
        is_earning_into_pool=given["is_earning_into_pool"],
    )


class PoolViewSet(ReadOnlyApiViewSet):
    """Households: members of a program who share an account."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "pools.view",
        "retrieve": "pools.view",
        "create": "pools.manage",
        "close": "pools.manage",
        "members": "pools.view",
        "add": "pools.manage",
        "change": "pools.manage",
        "leave": "pools.manage",
    }
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": "program_public_id"}
    scoped_names: ClassVar[Mapping[str, str]] = {"program_id": "program"}
    queryset = Pool.objects.order_by("-id")
    serializer_class = PoolSerializer
    filter_backends: Any = (DjangoFilterBackend,)
    filterset_class = PoolFilter

    def get_serializer(self, *arguments: Any, **options: Any) -> Any:
        """Hand the accounts and numbers of members of the households shown to the serializer."""
        shown = arguments[0] if arguments else []
        rows = list(shown) if isinstance(shown, list | tuple) else [shown]
        ids = [row.account_public_id for row in rows]
        accounts = ledger.list_accounts(account_ids=ids) if rows else []
        context = {
            **self.get_serializer_context(),
            "accounts": {one.account_id: one for one in accounts},
            "overdue": ledger.list_points_overdue(ids, now=clock.now()) if rows else {},
            "counts": queries.count_pool_members([row.pk for row in rows]),
        }
        return self.get_serializer_class()(*arguments, **{**options, "context": context})

    @extend_schema(request=PoolWrite, responses={201: PoolSerializer})
    def create(self, request: Request) -> Response:
        """Make a household; its owner is a member of the program and in no other household of it."""
        body = PoolWrite(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        pool = api.create_pool(
            name=given["name"],
            program_id=given["program_id"],
            owner=CustomerNamed.customer(given),
            actor=self.actor,
            now=clock.now(),
        )
        return self.respond_with(pool, status=201)

    @extend_schema(request=ReasonGiven, responses={200: PoolSerializer})
    @action(detail=True, methods=["post"])
    def close(self, request: Request, **kwargs: Any) -> Response:
        """Close an empty household for good."""
        body = ReasonGiven(data=request.data)
        body.is_valid(raise_exception=True)
        pool = api.close_pool(
            pool_id=self.get_object().public_id,
            reason=body.validated_data["reason"],
            actor=self.actor,
            now=clock.now(),
        )
        return self.respond_with(pool)

    @extend_schema(responses={200: PoolMemberPage}, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def members(self, request: Request, **kwargs: Any) -> Response:
        """List who is in the household, and who was."""
        rows = list(self.get_object().members.order_by("left_at", "id"))
        return Response({"results": self._told(rows)})

    @extend_schema(request=PoolMemberWrite, responses={201: PoolMemberSerializer})
    @members.mapping.post
    def add(self, request: Request, **kwargs: Any) -> Response:
        """Take somebody in; a new owner makes the old one a spender."""
        body = PoolMemberWrite(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        member = api.add_pool_member(
            pool_id=self.get_object().public_id,
            customer=CustomerNamed.customer(given),
            document=document_of(given),
            actor=self.actor,
            now=clock.now(),
        )
        return self._answer(member, 201)

    @extend_schema(request=PoolMemberChange, responses={200: PoolMemberSerializer}, parameters=[PLACE, IF_MATCH])
    @action(detail=True, methods=["patch"], url_path="members/(?P<member_id>[^/.]+)")
    def change(self, request: Request, member_id: str, **kwargs: Any) -> Response:
        """Give somebody another role, limit or choice."""
        body = PoolMemberChange(data=request.data)
        body.is_valid(raise_exception=True)
        pool, member = self._place(member_id)
        check_if_match(request, member.version)
        before = {
            "role": member.role,
            "points_daily_max": member.points_daily_max,
            "is_earning_into_pool": member.is_earning_into_pool,
        }
        changed = api.change_pool_member(
            pool_id=pool.public_id,
            member_id=member.public_id,
            document=document_of({**before, **body.validated_data}),
            expected_version=member.version,
            actor=self.actor,
            now=clock.now(),
        )
        return self._answer(changed, 200)

    @extend_schema(request=None, responses={204: None}, parameters=[PLACE])
    @change.mapping.delete
    def leave(self, request: Request, member_id: str, **kwargs: Any) -> Response:
        """Let somebody go; the points stay in the household."""
        pool, member = self._place(member_id)
        api.leave_pool(pool_id=pool.public_id, member_id=member.public_id, reason="", actor=self.actor, now=clock.now())
        return Response(status=204)

    def _place(self, member_id: str) -> tuple[Pool, PoolMember]:
        pool: Pool = self.get_object()
        try:
            wanted = parse_public_id(member_id)
        except PublicIdInvalid as refusal:
            raise api.PoolMemberNotFound("There is no such place.") from refusal
        found = pool.members.filter(public_id=wanted, left_at__isnull=True).first()
        if found is None:
            raise api.PoolMemberNotFound("There is no such place in this household.")
        return pool, found

    def _told(self, rows: list[PoolMember]) -> Any:
        refs = queries.list_customer_refs([row.customer_public_id for row in rows])
        return PoolMemberSerializer(rows, many=True, context={"refs": refs}).data

    def _answer(self, member: PoolMember, status: int) -> Response:
        return Response(self._told([member])[0], status=status, headers={"ETag": etag_for(member.version)})
