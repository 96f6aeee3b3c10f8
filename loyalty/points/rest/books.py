"""The book as a whole over HTTP: proof, liability by month, reconciliations and what they found."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.ids import PublicIdInvalid, parse_public_id
from loyalty.foundation.web import scoping
from loyalty.foundation.web.serializers import ExactJSONField, StrictSerializer
from loyalty.foundation.web.views import ApiView
from loyalty.ledger.api import AccountNotFound
from loyalty.points import api, queries
from loyalty.points.rest.filters import (
    CURSOR,
    PAGE_SIZE,
    KeysetList,
    keyset_page,
    read_id,
    read_page_size,
    read_whole,
    refuse_filter,
)
from loyalty.points.rest.programs import program_id_of
from loyalty.points.rest.serializers import MoneyAnswer, ReconciliationAnswer, TotalsAnswer

IDS_MAX = 10**9 - 1
DAYS_MAX = 3660
MODES = [("incremental", "incremental"), ("whole", "whole")]


class InvariantAnswer(serializers.Serializer[Any]):
    """One law of the ledger, how often it is broken, and the first cases."""

    code = serializers.CharField()
    title = serializers.CharField()
    violations = serializers.IntegerField()
    duration_ms = serializers.FloatField()
    examples = ExactJSONField()


class ProofAnswer(serializers.Serializer[Any]):
    """The ledger proved."""

    is_balanced = serializers.BooleanField()
    as_of = serializers.DateTimeField()
    totals = TotalsAnswer()
    invariants = InvariantAnswer(many=True)
    duration_ms = serializers.FloatField()


class MonthAnswer(serializers.Serializer[Any]):
    """A month: opening + issued - redeemed - expired + adjusted = closing; ``money`` is what the closing is worth."""

    month = serializers.CharField()
    opening = serializers.IntegerField()
    issued = serializers.IntegerField()
    redeemed = serializers.IntegerField()
    expired = serializers.IntegerField()
    adjusted = serializers.IntegerField()
    closing = serializers.IntegerField()
    money = MoneyAnswer(allow_null=True)


class LiabilityAnswer(serializers.Serializer[Any]):
    """What a program owes its members, month by month (UTC)."""

    program = serializers.UUIDField()
    months = MonthAnswer(many=True)
    is_reconciled = serializers.BooleanField()


class PeriodAnswer(serializers.Serializer[Any]):
    """What expires in a day (YYYY-MM-DD) or a month (YYYY-MM) of the program's zone."""

    period = serializers.CharField()
    points = serializers.IntegerField()


class ReconcileWrite(StrictSerializer):
    """The whole book, or the accounts touched since the last reconciliation that finished."""

    mode = serializers.ChoiceField(choices=MODES, default="incremental")


class RunNamed(serializers.Serializer[Any]):
    """A run and how it stands."""

    id = serializers.UUIDField()
    kind = serializers.CharField()
    status = serializers.CharField()


class RunStarted(serializers.Serializer[Any]):
    """The run that was put in line."""

    run = RunNamed()


class DiscrepancySerializer(serializers.Serializer[Any]):
    """Two figures of an account that should be equal and were not."""

    id = serializers.IntegerField()
    reconciliation_id = serializers.UUIDField()
    account_id = serializers.UUIDField()
    code = serializers.CharField()
    expected = serializers.IntegerField()
    found = serializers.IntegerField()
    found_at = serializers.DateTimeField()


class ReconciliationReportSerializer(serializers.Serializer[Any]):
    """A reconciliation as it stands."""

    id = serializers.UUIDField(source="public_id")
    mode = serializers.CharField(source="kind")
    touched_since = serializers.DateTimeField(allow_null=True)
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    accounts_checked = serializers.IntegerField()
    discrepancies_found = serializers.IntegerField()
    invariants = ExactJSONField(allow_null=True)


class DiscrepancyPage(KeysetList):
    """A page of discrepancies with the reconciliation that ran last."""

    latest = ReconciliationReportSerializer(allow_null=True)
    results = DiscrepancySerializer(many=True)


class ProofView(ApiView):
    """Prove the whole ledger."""

    permissions: ClassVar[dict[str, str]] = {"get": "points.prove"}

    @extend_schema(responses={200: ProofAnswer})
    def get(self, request: Request) -> Response:
        """Give the totals and every invariant with its number of violations."""
        return Response(ProofAnswer(api.prove(now=clock.now())).data)


class LiabilityView(ApiView):
    """What a program owes."""

    permissions: ClassVar[dict[str, str]] = {"get": "points.view"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"program": "program"}

    @extend_schema(
        responses={200: LiabilityAnswer},
        parameters=[
            OpenApiParameter("program", OpenApiTypes.UUID, required=True),
            OpenApiParameter(
                "from", OpenApiTypes.STR, description="The first month, as 2026-01; a year ago when left out."
            ),
            OpenApiParameter("until", OpenApiTypes.STR, description="The last month; this one when left out."),
        ],
    )
    def get(self, request: Request) -> Response:
        """Give the liability of a program month by month; the closing of one is the opening of the next."""
        program_id, now = read_id(request, "program"), clock.now()
        if program_id is None:
            raise refuse_filter("program", "Name the program.")
        this = now.date().replace(day=1)
        until = read_month(request, "until") or this
        first = read_month(request, "from") or until.replace(year=until.year - 1)
        months, is_reconciled = queries.list_liability(program_id, first=first, last=until, now=now)
        return Response({"program": program_id, "months": months, "is_reconciled": is_reconciled})


def read_month(request: Request, name: str) -> date | None:
    """Read a filter that is a month.

    :raises FilterInvalid: it is none.
    """
    raw = request.query_params.get(name, "")
    if not raw:
        return None
    if not re.fullmatch(r"(19[7-9]\d|20\d\d|21\d\d)-(0[1-9]|1[0-2])", raw, re.ASCII):
        raise refuse_filter(name, "Give a month such as 2026-01.")
    return date.fromisoformat(f"{raw}-01")


class ReconcileView(ApiView):
    """Hold one account against its entries and lots."""

    permissions: ClassVar[dict[str, str]] = {"get": "points.view"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"account_id": "account"}

    @extend_schema(responses={200: ReconciliationAnswer})
    def get(self, request: Request, account_id: str) -> Response:
        """Tell whether the balance equals the sums of entries and of lots."""
        try:
            wanted = parse_public_id(account_id)
        except PublicIdInvalid as refusal:
            raise AccountNotFound("There is no such account.") from refusal
        return Response(ReconciliationAnswer(api.reconcile(wanted)).data)


class ReconcileBookView(ApiView):
    """Hold the book against itself."""

    permissions: ClassVar[dict[str, str]] = {"post": "points.reconcile"}

    @extend_schema(request=ReconcileWrite, responses={202: RunStarted})
    def post(self, request: Request) -> Response:
        """Put a reconciliation in line; one at a time."""
        body = ReconcileWrite(data=request.data)
        body.is_valid(raise_exception=True)
        run = api.start_reconciliation(kind=body.validated_data["mode"], actor=self.actor, now=clock.now())
        return Response(RunStarted({"run": run}).data, status=202)


class DiscrepanciesView(ApiView):
    """What reconciliations found."""

    permissions: ClassVar[dict[str, str]] = {"get": "points.view"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"account_id": "account", "account": "account"}

    @extend_schema(
        responses={200: DiscrepancyPage},
        parameters=[CURSOR, PAGE_SIZE, OpenApiParameter("account_id", OpenApiTypes.UUID)],
    )
    def get(self, request: Request) -> Response:
        """List what did not agree, newest first, and how the last reconciliation went."""
        size, account_id = read_page_size(request), read_id(request, "account_id", "account")
        before = read_whole(request, "cursor", 0, 1, IDS_MAX) or None
        rows, count = queries.list_discrepancies(account_id=account_id, before=before, limit=size)
        last = str(rows[-1]["id"]) if len(rows) == size else None
        latest = queries.find_latest_reconciliation()
        told = keyset_page(request, list(DiscrepancySerializer(rows, many=True).data), last, count, True)
        return Response({**told, "latest": ReconciliationReportSerializer(latest).data if latest else None})


class ProgramExpiringAnswer(serializers.Serializer[Any]):
    """What expires in each day or month until when."""

    points_expiring = serializers.IntegerField()
    until = serializers.DateTimeField()
    groups = PeriodAnswer(many=True)


class ProgramExpiringView(ApiView):
    """What will expire in a program."""

    permissions: ClassVar[dict[str, str]] = {"get": "points.view"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"id": "program"}

    @extend_schema(
        responses={200: ProgramExpiringAnswer},
        parameters=[
            OpenApiParameter("days", OpenApiTypes.INT, description="How far to look ahead; 365 when left out."),
            OpenApiParameter("by", OpenApiTypes.STR, enum=["day", "month"], description="By month when left out."),
        ],
    )
    def get(self, request: Request, id: str) -> Response:
        """Tell how many points of all members expire in each day or month ahead."""
        now, by = clock.now(), request.query_params.get("by") or "month"
        if by not in ("day", "month"):
            raise refuse_filter("by", "Give day or month.")
        until = now + timedelta(days=read_whole(request, "days", 365, 1, DAYS_MAX))
        program_id = program_id_of(id)
        groups = queries.list_program_expiring_by(program_id, by=by, now=now, until=until)
        return Response({"points_expiring": sum(one["points"] for one in groups), "until": until, "groups": groups})


class DailyWorkView(ApiView):
    """The daily work of a program."""

    permissions: ClassVar[dict[str, str]] = {"post": "points.expire"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"id": "program"}

    @extend_schema(request=None, responses={202: RunStarted})
    def post(self, request: Request, id: str) -> Response:
        """Expire what is due and what sleeps, and warn of what is next, as a run; the day does it by itself once."""
        run = api.start_expiry(program_id=program_id_of(id), actor=self.actor, now=clock.now())
        return Response(RunStarted({"run": run}).data, status=202)
