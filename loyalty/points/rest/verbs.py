"""Earning, burning and expiring over HTTP. Keys make each call once."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.foundation.web import scoping
from loyalty.foundation.web.idempotency import require_key
from loyalty.foundation.web.permissions import require
from loyalty.foundation.web.views import ApiView
from loyalty.foundation.web.waiting import WaitingAnswer
from loyalty.points import api
from loyalty.points.rest import serializers
from loyalty.points.rest.calls import IDEMPOTENCY_KEY, MEMBER_NAMES, answer, burn_body, key_of
from loyalty.points.rest.moves import post_adjust, post_reverse, post_transfer
from loyalty.programs.api import EVENT_PURCHASE, WALLET_MAIN


def earn_request(given: Mapping[str, Any], key: api.Key, now: datetime) -> api.EarnRequest:
    """Put what was sent into the words of the domain."""
    return api.EarnRequest(
        member=serializers.MemberNamed.member(dict(given)),
        key=key,
        occurred_at=given.get("occurred_at", now),
        amount=given.get("transaction_amount"),
        points=given.get("points"),
        currency=given.get("currency", ""),
        context=given.get("transaction_context", {}),
        event_type=given.get("event_type", EVENT_PURCHASE),
        wallet=given.get("wallet", WALLET_MAIN),
    )


def post_earn(request: Request, sent: Any, actor: Actor) -> Response:
    """Earn as ``sent`` says and answer."""
    given = serializers.read_earn(sent)
    key = key_of("earn", require_key(request), sent, request=request)
    if "points" in given:
        require(request, "points.earn_direct")
    now = clock.now()
    receipt = api.earn(request=earn_request(given, key, now), actor=actor, now=now)
    told = serializers.earn_answer(receipt)
    return answer(told, is_replay=receipt.is_replay, is_created=receipt.transaction_id is not None)


def burn_request(given: Mapping[str, Any], key: api.Key, now: datetime) -> api.BurnRequest:
    """Put what was sent into the words of the domain."""
    return api.BurnRequest(
        member=serializers.MemberNamed.member(dict(given)),
        key=key,
        points=given["points"],
        occurred_at=given.get("occurred_at", now),
        context=given.get("transaction_context", {}),
        pool_id=given.get("pool_id"),
    )


def post_burn(request: Request, sent: Any, actor: Actor) -> Response:
    """Burn as ``sent`` says and answer."""
    body = serializers.BurnWrite(data=sent)
    body.is_valid(raise_exception=True)
    now, key = clock.now(), key_of("burn", require_key(request), sent, request=request)
    receipt = api.burn(request=burn_request(body.validated_data, key, now), actor=actor, now=now)
    maybe_fail("burn.committed")
    return answer(burn_body(receipt), is_replay=receipt.is_replay, is_created=True)


# By the kind of transaction: what posts it, and the permission that takes.
VERBS: Mapping[str, tuple[Callable[[Request, Any, Actor], Response], str]] = {
    "earn": (post_earn, "points.earn"),
    "burn": (post_burn, "points.burn"),
    "transfer": (post_transfer, "points.transfer"),
    "adjust": (post_adjust, "points.adjust"),
    "reverse": (post_reverse, "points.reverse"),
}


class EarnView(ApiView):
    """Have a member earn."""

    permissions: ClassVar[dict[str, str]] = {"post": "points.earn"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED, "partner": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {**MEMBER_NAMES, "transaction_context.partner_ref": "partner"}
    limited_by: ClassVar[tuple[str, ...]] = ("points",)

    @extend_schema(
        request=serializers.EarnWrite,
        responses={201: serializers.EarnAnswer, 200: serializers.EarnAnswer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request) -> Response:
        """Earn for a purchase by the program's rule, or give ``points`` directly (a permission of its own)."""
        return post_earn(request, request.data, self.actor)


class EarnBatchView(ApiView):
    """Have many members earn."""

    permissions: ClassVar[dict[str, str]] = {"post": "points.earn"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED, "partner": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {**MEMBER_NAMES, "transaction_context.partner_ref": "partner"}
    limited_by: ClassVar[tuple[str, ...]] = ("points",)

    @extend_schema(
        request=serializers.EarnBatchWrite,
        responses={200: serializers.EarnBatchAnswer, 202: WaitingAnswer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request) -> Response:
        """Earn for up to 500 purchases in one transaction; a refused one does not stop the others.

        202 where so many points wait for others; then nothing is posted, and the same call later gives what came of it.
        """
        body = serializers.EarnBatchWrite(data=request.data)
        body.is_valid(raise_exception=True)
        batch_key, now = require_key(request), clock.now()
        items = body.validated_data["items"]
        if any("points" in item for item in items):
            require(request, "points.earn_direct")
        requests = []
        sent_items: Any = request.data
        for place, (item, sent) in enumerate(zip(items, sent_items["items"], strict=True)):
            key = key_of("earn", item.get("idempotency_key") or f"{batch_key}:{place}", sent, request=request)
            requests.append(earn_request(item, key, now))
        whole = key_of("earn batch", batch_key, sent_items, request=request)
        lines = api.earn_batch_or_ask(requests=requests, key=whole, actor=self.actor, now=now)
        is_replay = all(line.receipt is not None and line.receipt.is_replay for line in lines)
        return answer(batch_body(lines), is_replay=is_replay, is_created=False)


def batch_body(lines: list[api.EarnLine]) -> dict[str, Any]:
    """Tell what each line of a batch came to."""
    results = [
        {
            "index": place,
            "transaction_id": line.receipt.transaction_id if line.receipt else None,
            "account_id": line.receipt.account_id if line.receipt else None,
            "points_amount": line.receipt.points_amount if line.receipt else 0,
            "points_balance": line.receipt.points_balance if line.receipt else None,
            "code": line.code,
            "message": line.message,
            "facts": line.facts,
        }
        for place, line in enumerate(lines)
    ]
    earned = [line for line in lines if line.receipt and line.receipt.transaction_id]
    refused = [line for line in lines if line.receipt is None]
    return {
        "earned": len(earned),
        "nothing": len(lines) - len(earned) - len(refused),
        "refused": len(refused),
        "points_amount": sum(line.receipt.points_amount for line in earned if line.receipt),
        "results": results,
    }


class BurnView(ApiView):
    """Redeem a member's points."""

    permissions: ClassVar[dict[str, str]] = {"post": "points.burn"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {**MEMBER_NAMES, "pool_id": "pool"}
    limited_by: ClassVar[tuple[str, ...]] = ("points",)

    @extend_schema(
        request=serializers.BurnWrite,
        responses={201: serializers.BurnAnswer, 200: serializers.BurnAnswer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request) -> Response:
        """Redeem points; the burn rule says what they are worth."""
        return post_burn(request, request.data, self.actor)


class ExpireView(ApiView):
    """Expire what is due."""

    permissions: ClassVar[dict[str, str]] = {"post": "points.expire"}

    @extend_schema(request=serializers.NoBody, responses={200: serializers.ExpiryAnswer})
    def post(self, request: Request) -> Response:
        """Expire points that are due now; calling it twice expires nothing twice."""
        serializers.NoBody(data=request.data).is_valid(raise_exception=True)
        return Response(serializers.ExpiryAnswer(api.expire_due(actor=self.actor, now=clock.now())).data)
