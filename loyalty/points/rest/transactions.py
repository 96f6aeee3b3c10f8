"""Transactions over HTTP: list and read with the trace, caps used, expiries."""

import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.kernel.errors import NotFound
from loyalty.foundation.kernel.ids import PublicIdInvalid, parse_public_id
from loyalty.foundation.web import scoping
from loyalty.foundation.web.permissions import SIGNED_IN, require
from loyalty.foundation.web.serializers import ExactJSONField
from loyalty.foundation.web.views import ApiViewSet
from loyalty.foundation.web.waiting import WaitingAnswer
from loyalty.ledger import api as ledger
from loyalty.points import api
from loyalty.points.models import AccountRow
from loyalty.points.rest import verbs
from loyalty.points.rest.calls import ACCOUNT_NAMES, IDEMPOTENCY_KEY, MEMBER_QUERY
from loyalty.points.rest.filters import (
    CURSOR,
    PAGE_SIZE,
    KeysetList,
    keyset_page,
    read_id,
    read_page_size,
    refuse_filter,
)
from loyalty.points.rest.serializers import TransactionWrite

KINDS = tuple(kind.value for kind in ledger.TransactionKind)
CAP_USAGES_MAX = 500


class TransactionSerializer(serializers.Serializer[Any]):
    """A transaction."""

    id = serializers.UUIDField(source="transaction_id")
    account_id = serializers.UUIDField()
    customer_id = serializers.UUIDField(source="customer_ref")
    program_id = serializers.UUIDField(source="program_ref")
    program_version_id = serializers.CharField(source="program_version_ref")
    wallet = serializers.CharField()
    kind = serializers.CharField()
    is_pending = serializers.BooleanField()
    points_amount = serializers.SerializerMethodField()
    points_change = serializers.IntegerField()
    points_balance = serializers.IntegerField()
    points_lost_to_caps = serializers.IntegerField()
    points_reversed = serializers.IntegerField()
    reverses = serializers.UUIDField(allow_null=True)
    occurred_at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()
    confirms = serializers.UUIDField(allow_null=True)
    hold_id = serializers.UUIDField(allow_null=True)
    actor_ref = serializers.CharField()
    reason_code = serializers.CharField()
    reason = serializers.CharField()
    # DRF collects declared fields, so the name does not hide the serializer's own context.
    context = ExactJSONField(allow_null=True)  # type: ignore[assignment]

    def get_points_amount(self, view: ledger.TransactionView) -> int:
        """The points moved, without sign."""
        return abs(view.points_change)


class TracedTransactionSerializer(TransactionSerializer):
    """A transaction with the trace of the decision behind it, and what each cap left of it."""

    trace = serializers.SerializerMethodField()

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_trace(self, view: ledger.TransactionView) -> dict[str, Any] | None:
        """The decision as it was told, with what the caps counted."""
        return api.trace_of(view)


class TransactionPage(KeysetList):
    """A page of transactions."""

    results = TransactionSerializer(many=True)


class CapUsageSerializer(serializers.Serializer[Any]):
    """How much of a cap an account has used in one window."""

    account_id = serializers.UUIDField()
    cap = serializers.CharField(source="cap_ref")
    window_start = serializers.DateField()
    points_used = serializers.IntegerField(source="units_used")
    points_max = serializers.IntegerField(source="units_max")


class CapUsagePage(serializers.Serializer[Any]):
    """Caps used."""

    count = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = CapUsageSerializer(many=True)


OF_MEMBER = [
    OpenApiParameter("account_id", OpenApiTypes.UUID),
    OpenApiParameter("customer_id", OpenApiTypes.UUID),
    OpenApiParameter("customer_ref", OpenApiTypes.STR),
    OpenApiParameter("program", OpenApiTypes.UUID),
]


def accounts_asked_for(request: Request) -> list[uuid.UUID] | None:
    """Give the accounts that the filters narrow to, or None when they name no member."""
    account_id, customer_id = read_id(request, "account_id", "account"), read_id(request, "customer_id", "customer")
    customer_ref, program_id = request.query_params.get("customer_ref", ""), read_id(request, "program")
    if "\x00" in customer_ref:
        raise refuse_filter("customer_ref", "This is not a reference.")
    if account_id is None and customer_id is None and not customer_ref:
        return None
    rows = AccountRow.objects.all()
    if account_id is not None:
        rows = rows.filter(public_id=account_id)
    if customer_id is not None:
        rows = rows.filter(customer_public_id=customer_id)
    if customer_ref:
        rows = rows.filter(customer_ref=customer_ref)
    if program_id is not None:
        rows = rows.filter(program_public_id=program_id)
    return list(rows.values_list("public_id", flat=True))


class TransactionList(ApiViewSet):
    """Base of the lists of transactions, newest first."""

    kinds: ClassVar[tuple[str, ...]] = KINDS
    lookup_value_regex = "[^/.]+"

    def page(self, request: Request) -> Response:
        """Answer with one page."""
        kind = request.query_params.get("kind") or (self.kinds[0] if len(self.kinds) == 1 else "")
        if kind and kind not in self.kinds:
            raise refuse_filter("kind", f"Give one of {', '.join(self.kinds)}.")
        size, before = read_page_size(request), read_id(request, "cursor")
        narrowed: dict[str, Any] = {
            "account_ids": accounts_asked_for(request),
            "program_ref": read_id(request, "program"),
            "kind": ledger.TransactionKind(kind) if kind else None,
        }
        rows = ledger.list_transactions(**narrowed, limit=size + 1, before=before)
        shown = rows[:size]
        count, is_exact = ledger.count_transactions(**narrowed)
        last = str(shown[-1].transaction_id) if len(rows) > size else None
        told = list(TransactionSerializer(shown, many=True).data)
        return Response(keyset_page(request, told, last, count, is_exact))


class TransactionViewSet(TransactionList):
    """All transactions."""

    # Posting needs the permission of the verb that the kind names, checked when it is known.
    permissions: ClassVar[dict[str, str]] = {"list": "points.view", "retrieve": "points.view", "create": SIGNED_IN}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {**MEMBER_QUERY, "id": "transaction", **ACCOUNT_NAMES}
    serializer_class = TransactionSerializer

    @extend_schema(
        request=TransactionWrite,
        responses={201: OpenApiTypes.OBJECT, 200: OpenApiTypes.OBJECT, 202: WaitingAnswer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def create(self, request: Request) -> Response:
        """Earn, burn, transfer, adjust or reverse, as ``kind`` says; the rest of the body is what that verb takes."""
        sent: dict[str, Any] = dict(request.data) if isinstance(request.data, dict) else {}
        kind = sent.pop("kind", None)
        if not isinstance(kind, str) or kind not in verbs.VERBS:
            TransactionWrite(data=request.data).is_valid(raise_exception=True)
        post, permission = verbs.VERBS[str(kind)]
        require(request, permission)
        return post(request, sent, self.actor)

    @extend_schema(
        responses={200: TransactionPage},
        parameters=[*OF_MEMBER, OpenApiParameter("kind", OpenApiTypes.STR, enum=KINDS), CURSOR, PAGE_SIZE],
        filters=False,
    )
    def list(self, request: Request) -> Response:
        """List transactions, newest first."""
        return self.page(request)

    @extend_schema(
        responses={200: TracedTransactionSerializer},
        parameters=[OpenApiParameter("id", OpenApiTypes.UUID, OpenApiParameter.PATH)],
    )
    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """Read one transaction with the trace of its decision."""
        try:
            wanted = parse_public_id(self.kwargs["id"])
        except PublicIdInvalid as refusal:
            raise NotFound("There is no such transaction.") from refusal
        return Response(TracedTransactionSerializer(ledger.get_transaction(wanted)).data)


class ExpiryEventViewSet(TransactionList):
    """Points that expired: the transactions of kind expire."""

    permissions: ClassVar[dict[str, str]] = {"list": "points.view"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = MEMBER_QUERY
    serializer_class = TransactionSerializer
    kinds = (ledger.TransactionKind.EXPIRE.value,)

    @extend_schema(responses={200: TransactionPage}, parameters=[*OF_MEMBER, CURSOR, PAGE_SIZE], filters=False)
    def list(self, request: Request) -> Response:
        """List expiries, newest first."""
        return self.page(request)


class CapUsageViewSet(ApiViewSet):
    """What members have used of their caps."""

    permissions: ClassVar[dict[str, str]] = {"list": "points.view"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = MEMBER_QUERY
    serializer_class = CapUsageSerializer

    @extend_schema(responses={200: CapUsagePage}, parameters=OF_MEMBER, filters=False)
    def list(self, request: Request) -> Response:
        """List the caps used of one member, newest window first; name the account or the customer."""
        account_ids = accounts_asked_for(request)
        if account_ids is None:
            raise refuse_filter("account_id", "Name an account or a customer.")
        usages = [one for account in account_ids for one in ledger.list_cap_usage(account, limit=CAP_USAGES_MAX)]
        rows = CapUsageSerializer(usages, many=True).data
        return Response({"count": len(rows), "next": None, "previous": None, "results": rows})
