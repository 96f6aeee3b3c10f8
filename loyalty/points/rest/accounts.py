"""Accounts over HTTP: list, read, enrol, statement, what expires."""

import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, ClassVar

import django_filters
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.kernel import clock
from loyalty.foundation.web import scoping
from loyalty.foundation.web.idempotency import require_key
from loyalty.foundation.web.serializers import ExactJSONField
from loyalty.foundation.web.views import AllowListedOrdering, ReadOnlyApiViewSet
from loyalty.ledger import api as ledger
from loyalty.points import api, queries
from loyalty.points.models import AccountRow
from loyalty.points.rest.books import PeriodAnswer
from loyalty.points.rest.calls import IDEMPOTENCY_KEY, answer, key_of
from loyalty.points.rest.filters import (
    CURSOR,
    PAGE_SIZE,
    KeysetList,
    keyset_page,
    read_basis,
    read_instant,
    read_page_size,
    read_whole,
    refuse_filter,
)
from loyalty.points.rest.pools import ReasonGiven
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
    points_available = serializers.SerializerMethodField()
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

    def get_points_available(self, row: AccountRow) -> int:
        """Points that can be spent now; those whose time is over are not among them, swept or not."""
        overdue: dict[uuid.UUID, int] = self.context["overdue"]
        return row.points_available - overdue.get(row.public_id, 0)

    def get_points_expiring(self, row: AccountRow) -> int:
        """Points told to expire within thirty days that can still be spent."""
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
    """Points earned together that will expire together; ``spendable_until`` is the end of the grace behind that."""

    transaction_id = serializers.UUIDField()
    earned_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    spendable_until = serializers.DateTimeField(allow_null=True)
    points_original = serializers.IntegerField()
    points_remaining = serializers.IntegerField()
    points_held = serializers.IntegerField()


class LotList(serializers.Serializer[Any]):
    """Lots in the order in which they are spent."""

    results = LotSerializer(many=True)


class ExpiringAnswer(serializers.Serializer[Any]):
    """What expires until when, lot by lot, and with ``by`` summed up."""

    points_expiring = serializers.IntegerField()
    until = serializers.DateTimeField()
    groups = PeriodAnswer(many=True)
    results = LotSerializer(many=True)


class HoldSerializer(serializers.Serializer[Any]):
    """A hold as it stands."""

    id = serializers.UUIDField(source="hold_id")
    points_amount = serializers.IntegerField()
    points_captured = serializers.IntegerField()
    state = serializers.CharField()
    reason = serializers.CharField()
    held_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    captured_by = serializers.UUIDField(allow_null=True)


class HoldList(serializers.Serializer[Any]):
    """Holds, newest first."""

    results = HoldSerializer(many=True)


class PendingSerializer(serializers.Serializer[Any]):
    """A pending earn as it stands; ``points_amount`` is what is left of it."""

    transaction_id = serializers.UUIDField()
    points_amount = serializers.IntegerField()
    points_original = serializers.IntegerField()
    state = serializers.CharField()
    occurred_at = serializers.DateTimeField(source="earned_at")
    activates_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    spendable_until = serializers.DateTimeField(allow_null=True)
    ended_by = serializers.UUIDField(allow_null=True)


class PendingList(serializers.Serializer[Any]):
    """Pending earns, newest first."""

    results = PendingSerializer(many=True)


class MergeWrite(ReasonGiven):
    """The account that takes all of this one."""

    into_account_id = serializers.UUIDField()
    idempotency_key = serializers.CharField(max_length=200, required=False)


class MergeAnswer(serializers.Serializer[Any]):
    """What was moved, and what both have now."""

    transaction_id = serializers.UUIDField()
    account_id = serializers.UUIDField()
    points_amount = serializers.IntegerField()
    into_account_id = serializers.UUIDField(source="to_account_id")
    into_points_balance = serializers.IntegerField(source="to_points_balance")


AS_OF = OpenApiParameter("as_of", OpenApiTypes.DATETIME, description="An instant, with its offset.")
BASIS = OpenApiParameter(
    "basis",
    OpenApiTypes.STR,
    enum=[one.value for one in ledger.AsOfBasis],
    description="With `as_of`: what the book knew then (recorded, the default), or what had happened (occurred).",
)
BY = OpenApiParameter("by", OpenApiTypes.STR, enum=["day", "month"], description="Also sum up by day or month.")
DAYS = OpenApiParameter("days", OpenApiTypes.INT, description="How far to look ahead; 30 when left out.")


class AccountViewSet(ReadOnlyApiViewSet):
    """Members' accounts."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "points.view",
        "retrieve": "points.view",
        "statement": "points.view",
        "expiring": "points.view",
        "lots": "points.view",
        "holds": "points.view",
        "pending": "points.view",
        "freeze": "ledger.freeze",
        "unfreeze": "ledger.freeze",
        "close": "ledger.close",
        "merge": "ledger.merge",
        "create": "programs.enroll",
    }
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": "program_public_id"}
    scoped_names: ClassVar[Mapping[str, str]] = {"program_id": "program"}
    queryset = AccountRow.objects.order_by("-id")
    serializer_class = AccountSerializer
    filter_backends: Any = (DjangoFilterBackend, AllowListedOrdering)
    filterset_class = AccountFilter
    ordering_fields: ClassVar[list[str]] = ["points_posted", "lifetime_points_earned", "enrolled_at"]

    def get_serializer(self, *arguments: Any, **options: Any) -> Any:
        """Hand what expires soon of the accounts shown, and what is overdue, to the serializer; one statement each."""
        shown = arguments[0] if arguments else []
        rows = list(shown) if isinstance(shown, list | tuple) else [shown]
        now = clock.now()
        ids = [row.public_id for row in rows]
        expiring = ledger.list_points_expiring(ids, now=now, until=now + queries.EXPIRING_WITHIN) if ids else {}
        overdue = ledger.list_points_overdue(ids, now=now) if ids else {}
        context = {**self.get_serializer_context(), "expiring": expiring, "overdue": overdue}
        return self.get_serializer_class()(*arguments, **{**options, "context": context})

    @extend_schema(parameters=[AS_OF, BASIS])
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Read one account; with ``as_of`` also the balance of then, and the tier that was in force."""
        row, basis = self.get_object(), read_basis(request)
        body = dict(self.get_serializer(row).data)
        raw = request.query_params.get("as_of")
        if raw:
            at = read_instant(raw)
            tier = queries.find_tier_as_of(row.public_id, at=at)
            body |= {
                "as_of": at,
                "points_balance_as_of": ledger.get_balance_as_of(row.public_id, as_of=at, basis=basis),
                "tier_as_of": tier,
            }
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

    @extend_schema(responses={200: ExpiringAnswer}, parameters=[DAYS, BY], filters=False)
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def expiring(self, request: Request, **kwargs: Any) -> Response:
        """Tell which points expire soon, soonest first; with ``by`` also how many a day or a month."""
        row, now = self.get_object(), clock.now()
        until = now + timedelta(days=read_whole(request, "days", queries.EXPIRING_WITHIN.days, 1, DAYS_MAX))
        by = request.query_params.get("by", "")
        if by not in ("", "day", "month"):
            raise refuse_filter("by", "Give day or month.")
        account_id = row.public_id
        total = ledger.list_points_expiring([account_id], now=now, until=until).get(account_id, 0)
        lots = ledger.list_expiring(account_id, now=now, until=until, limit=LOTS_MAX)
        groups = queries.list_expiring_by(account_id, by=by, now=now, until=until) if by else []
        body = {"points_expiring": total, "until": until, "groups": groups}
        return Response({**body, "results": LotSerializer(lots, many=True).data})

    @extend_schema(responses={200: LotList}, parameters=[AS_OF, BASIS], filters=False)
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def lots(self, request: Request, **kwargs: Any) -> Response:
        """List the lots with points left, now or at an instant."""
        account_id, raw, basis = self.get_object().public_id, request.query_params.get("as_of"), read_basis(request)
        found = (
            ledger.list_lots_as_of(account_id, as_of=read_instant(raw), basis=basis, limit=LOTS_MAX)
            if raw
            else ledger.list_lots(account_id, limit=LOTS_MAX)
        )
        return Response({"results": LotSerializer(found, many=True).data})

    @extend_schema(responses={200: HoldList}, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def holds(self, request: Request, **kwargs: Any) -> Response:
        """List the account's holds, newest first."""
        found = ledger.list_holds(self.get_object().public_id, limit=LOTS_MAX)
        return Response({"results": HoldSerializer(found, many=True).data})

    @extend_schema(responses={200: PendingList}, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def pending(self, request: Request, **kwargs: Any) -> Response:
        """List the account's pending earns, newest first."""
        found = ledger.list_pending(self.get_object().public_id, is_any_state=True, limit=LOTS_MAX)
        return Response({"results": PendingSerializer(found, many=True).data})

    @extend_schema(request=ReasonGiven, responses={200: AccountSerializer})
    @action(detail=True, methods=["post"])
    def freeze(self, request: Request, **kwargs: Any) -> Response:
        """Refuse earns, burns, transfers and holds from now on; reversals and expiry go on."""
        return self._set(request, ledger.freeze_account)

    @extend_schema(request=ReasonGiven, responses={200: AccountSerializer})
    @action(detail=True, methods=["post"])
    def unfreeze(self, request: Request, **kwargs: Any) -> Response:
        """Take postings again."""
        return self._set(request, ledger.unfreeze_account)

    @extend_schema(request=ReasonGiven, responses={200: AccountSerializer})
    @action(detail=True, methods=["post"])
    def close(self, request: Request, **kwargs: Any) -> Response:
        """Close an empty account for good."""
        return self._set(request, ledger.close_account)

    def _set(self, request: Request, change: Callable[..., None]) -> Response:
        body = ReasonGiven(data=request.data)
        body.is_valid(raise_exception=True)
        row = self.get_object()
        change(account_id=row.public_id, reason=body.validated_data["reason"], actor=self.actor, now=clock.now())
        return self.respond_with(self.get_queryset().get(pk=row.pk))

    @extend_schema(request=MergeWrite, responses={200: MergeAnswer}, parameters=[IDEMPOTENCY_KEY])
    @action(detail=True, methods=["post"])
    def merge(self, request: Request, **kwargs: Any) -> Response:
        """Move all that the account has into another, and close it; its id leads there from now on."""
        body = MergeWrite(data=request.data)
        body.is_valid(raise_exception=True)
        account_id = self.get_object().public_id
        movement = api.merge_accounts(
            account_id=account_id,
            key=key_of("merge", require_key(request), request.data, account_id=str(account_id), request=request),
            into_account_id=body.validated_data["into_account_id"],
            reason=body.validated_data["reason"],
            actor=self.actor,
            now=clock.now(),
        )
        return answer(MergeAnswer(movement).data, is_replay=movement.is_replay, is_created=False)
