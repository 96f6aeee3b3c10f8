"""Accounts over HTTP: list, read, enrol, statement, what expires."""

import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar

import django_filters
from django.utils.dateparse import parse_datetime
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.kernel import clock
from loyalty.foundation.web.serializers import ExactJSONField
from loyalty.foundation.web.views import AllowListedOrdering, ReadOnlyApiViewSet
from loyalty.ledger import api as ledger
from loyalty.points import api, queries
from loyalty.points.models import AccountRow
from loyalty.points.rest.filters import (
    CURSOR,
    PAGE_SIZE,
    KeysetList,
    keyset_page,
    read_page_size,
    read_whole,
    refuse_filter,
)
from loyalty.points.rest.serializers import EnrollWrite, TierNamed

DAYS_MAX = 3660
LOTS_MAX = 500
SEQUENCE_MAX = 10**9 - 1


class AccountSerializer(serializers.Serializer[AccountRow]):
    """A member's account."""

    id = serializers.UUIDField(source="public_id")
    customer_id = serializers.UUIDField(source="customer_public_id")
    customer_ref = serializers.CharField()
    program = serializers.UUIDField(source="program_public_id")
    program_code = serializers.CharField()
    program_name = serializers.CharField()
    kind = serializers.CharField()
    wallet = serializers.CharField()
    tier = serializers.SerializerMethodField()
    points_balance = serializers.IntegerField(source="points_posted")
    points_available = serializers.IntegerField()
    points_pending = serializers.IntegerField()
    points_held = serializers.IntegerField()
    points_debt = serializers.IntegerField()
    points_expiring = serializers.SerializerMethodField()
    lifetime_points_earned = serializers.IntegerField()
    lifetime_points_redeemed = serializers.IntegerField()
    status = serializers.CharField()
    merged_into = serializers.UUIDField(allow_null=True)
    enrolled_at = serializers.DateTimeField()

    @extend_schema_field(TierNamed(allow_null=True))
    def get_tier(self, row: AccountRow) -> dict[str, Any] | None:
        """The tier by code and name."""
        return {"code": row.tier_code, "name": row.tier_name} if row.tier_code else None

    def get_points_expiring(self, row: AccountRow) -> int:
        """Points that expire within thirty days."""
        expiring: dict[uuid.UUID, int] = self.context["expiring"]
        return expiring.get(row.public_id, 0)


class AccountFilter(django_filters.FilterSet):
    """By customer, program, wallet, tier and state; ``search`` finds a part of the customer's reference."""

    customer_id = django_filters.UUIDFilter(field_name="customer_public_id")
    customer_ref = django_filters.CharFilter(field_name="customer_ref")
    program = django_filters.UUIDFilter(field_name="program_public_id")
    tier = django_filters.CharFilter(field_name="tier_code")
    kind = django_filters.ChoiceFilter(choices=[(one.value, one.value) for one in ledger.AccountKind])
    wallet = django_filters.CharFilter(field_name="wallet")
    search = django_filters.CharFilter(field_name="customer_ref", lookup_expr="icontains")
    status = django_filters.ChoiceFilter(choices=[(one.value, one.value) for one in ledger.AccountStatus])

    class Meta:
        model = AccountRow
        fields: list[str] = []


class StatementLineSerializer(serializers.Serializer[Any]):
    """One line of a statement."""

    sequence = serializers.IntegerField(source="account_sequence")
    transaction_id = serializers.UUIDField()
    kind = serializers.CharField()
    points_change = serializers.IntegerField()
    balance_after = serializers.IntegerField()
    occurred_at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()
    reverses = serializers.UUIDField(allow_null=True)
    reason = serializers.CharField()
    # DRF collects declared fields, so the name does not hide the serializer's own context.
    context = ExactJSONField(allow_null=True)  # type: ignore[assignment]


class StatementPage(KeysetList):
    """A page of a statement."""

    results = StatementLineSerializer(many=True)


class LotSerializer(serializers.Serializer[Any]):
    """Points earned together that will expire together."""

    transaction_id = serializers.UUIDField()
    earned_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    points_original = serializers.IntegerField()
    points_remaining = serializers.IntegerField()


class ExpiringAnswer(serializers.Serializer[Any]):
    """What expires until when."""

    points_expiring = serializers.IntegerField()
    until = serializers.DateTimeField()
    results = LotSerializer(many=True)


AS_OF = OpenApiParameter("as_of", OpenApiTypes.DATETIME, description="Also give the balance as it was known then.")
DAYS = OpenApiParameter("days", OpenApiTypes.INT, description="How far to look ahead; 30 when left out.")


class AccountViewSet(ReadOnlyApiViewSet):
    """Members' accounts."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "points.view",
        "retrieve": "points.view",
        "statement": "points.view",
        "expiring": "points.view",
        "create": "programs.enroll",
    }
    queryset = AccountRow.objects.order_by("-id")
    serializer_class = AccountSerializer
    filter_backends: Any = (DjangoFilterBackend, AllowListedOrdering)
    filterset_class = AccountFilter
    ordering_fields: ClassVar[list[str]] = ["points_posted", "lifetime_points_earned", "enrolled_at"]

    def get_serializer(self, *arguments: Any, **options: Any) -> Any:
        """Hand what expires soon of the accounts shown to the serializer, read in one statement."""
        shown = arguments[0] if arguments else []
        rows = list(shown) if isinstance(shown, list | tuple) else [shown]
        now = clock.now()
        ids = [row.public_id for row in rows]
        expiring = ledger.list_points_expiring(ids, now=now, until=now + queries.EXPIRING_WITHIN) if ids else {}
        context = {**self.get_serializer_context(), "expiring": expiring}
        return self.get_serializer_class()(*arguments, **{**options, "context": context})

    @extend_schema(parameters=[AS_OF])
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Read one account; with ``as_of`` also the balance as the book knew it at that instant."""
        row = self.get_object()
        body = dict(self.get_serializer(row).data)
        raw = request.query_params.get("as_of")
        if raw:
            at = read_instant(raw)
            body |= {"as_of": at, "points_balance_as_of": ledger.get_balance_as_of(row.public_id, as_of=at)}
        return Response(body)

    @extend_schema(request=EnrollWrite, responses={201: AccountSerializer, 200: AccountSerializer})
    def create(self, request: Request) -> Response:
        """Enrol a customer in a program; one who is a member already is given back with 200."""
        body = EnrollWrite(data=request.data)
        body.is_valid(raise_exception=True)
        member, is_new = api.enroll_customer(
            ref=api.MemberRef(**body.validated_data), actor=self.actor, now=clock.now()
        )
        return self.respond_with(self.get_queryset().get(public_id=member.account_id), status=201 if is_new else 200)

    @extend_schema(responses={200: StatementPage}, parameters=[CURSOR, PAGE_SIZE], filters=False)
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def statement(self, request: Request, **kwargs: Any) -> Response:
        """List what moved, newest first; lines are numbered without a gap, so the count is exact."""
        account_id, size = self.get_object().public_id, read_page_size(request)
        before = read_whole(request, "cursor", 0, 1, SEQUENCE_MAX) or None
        newest = ledger.list_statement(account_id, limit=1)
        lines = ledger.list_statement(account_id, limit=size, before_sequence=before)
        count = newest[0].account_sequence if newest else 0
        last = str(lines[-1].account_sequence) if lines and lines[-1].account_sequence > 1 else None
        told = list(StatementLineSerializer(lines, many=True).data)
        return Response(keyset_page(request, told, last, count, True))

    @extend_schema(responses={200: ExpiringAnswer}, parameters=[DAYS], filters=False)
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def expiring(self, request: Request, **kwargs: Any) -> Response:
        """Tell which points expire soon, soonest first."""
        account_id, now = self.get_object().public_id, clock.now()
        until = now + timedelta(days=read_whole(request, "days", queries.EXPIRING_WITHIN.days, 1, DAYS_MAX))
        total = ledger.list_points_expiring([account_id], now=now, until=until).get(account_id, 0)
        lots = [lot for lot in ledger.list_expiring(account_id, until=until, limit=LOTS_MAX) if is_alive(lot, now)]
        return Response({"points_expiring": total, "until": until, "results": LotSerializer(lots, many=True).data})


def is_alive(lot: ledger.LotView, now: datetime) -> bool:
    """Tell whether a lot can still be spent; what is due but not swept yet cannot."""
    return lot.expires_at is None or lot.expires_at > now


def read_instant(raw: str) -> datetime:
    """Read an instant with its offset.

    :raises FilterInvalid: it is none.
    """
    try:
        at = parse_datetime(raw.replace(" ", "+"))
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise refuse_filter("as_of", "Give an instant with its offset, such as 2026-11-20T12:00:00Z.")
    return at
