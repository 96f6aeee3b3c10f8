"""Addresses of the benchmark: each behind the same middleware, token and permission as the platform's own."""

import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar, cast

from django.urls import include, path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from benchmarks.naive import ledger as naive
from benchmarks.naive import program
from loyalty.foundation.kernel import clock
from loyalty.foundation.web.idempotency import require_key
from loyalty.foundation.web.views import ApiView
from loyalty.ledger import api as ledger

CAP_UNITS_MAX = 1_000_000


class NoOpView(ApiView):
    """Reads the request and answers."""

    permissions: ClassVar[dict[str, str]] = {"post": "points.earn"}

    def post(self, request: Request) -> Response:
        """Do nothing."""
        return Response({"key": require_key(request), "points": _asked(request)[1]}, status=201)


class LedgerEarnView(ApiView):
    """Earns through the front door of the ledger."""

    permissions: ClassVar[dict[str, str]] = {"post": "points.earn"}

    def post(self, request: Request) -> Response:
        """Post."""
        asked, now = _asked(request), clock.now()
        receipt = ledger.earn(
            ledger.EarnPosting(
                account_id=asked[0],
                points_amount=asked[1],
                idempotency_scope="bench",
                idempotency_key=require_key(request),
                occurred_at=now,
                expires_at=now + timedelta(days=365),
                caps=(ledger.CapLine(cap_ref="daily", window_start=now.date(), units_max=CAP_UNITS_MAX),),
                context={"a": 1},
            ),
            now=now,
        )
        return Response({"points_balance": receipt.points_balance}, status=201)


class NaiveEarnView(ApiView):
    """Earns through the naive ORM."""

    permissions: ClassVar[dict[str, str]] = {"post": "points.earn"}

    def post(self, request: Request) -> Response:
        """Post."""
        account, points = _asked(request)
        now: datetime = clock.now()
        balance = naive.earn(account, points, require_key(request), CAP_UNITS_MAX, now.date(), now)
        return Response({"points_balance": balance}, status=201)


class PurchaseWrite(serializers.Serializer[Any]):
    """A purchase."""

    account_id = serializers.UUIDField()
    transaction_amount = serializers.DecimalField(max_digits=20, decimal_places=6)
    currency = serializers.CharField(max_length=3)


class PurchaseAnswer(serializers.Serializer[Any]):
    """What it earned."""

    points = serializers.IntegerField()
    balance = serializers.IntegerField()
    tier = serializers.CharField()
    trace = serializers.JSONField()


class NaivePurchaseView(ApiView):
    """Earns for a purchase through the naive ORM, rules, caps, tier, trace and audit included."""

    permissions: ClassVar[dict[str, str]] = {"post": "points.earn"}

    def post(self, request: Request) -> Response:
        """Decide and post."""
        body = PurchaseWrite(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        earned = program.earn(
            given["account_id"], given["transaction_amount"], given["currency"],
            key=require_key(request), actor=self.actor.ref, now=clock.now(),
        )  # fmt: skip
        return Response(PurchaseAnswer(earned).data, status=201)


def _asked(request: Request) -> tuple[uuid.UUID, int]:
    body = cast(dict[str, Any], request.data)
    return uuid.UUID(body["account_id"]), int(body["points"])


urlpatterns = [
    path("bench/noop/", NoOpView.as_view()),
    path("bench/ledger-earn/", LedgerEarnView.as_view()),
    path("bench/naive-earn/", NaiveEarnView.as_view()),
    path("bench/naive-purchase/", NaivePurchaseView.as_view()),
    path("", include("loyalty.config.urls")),
]
