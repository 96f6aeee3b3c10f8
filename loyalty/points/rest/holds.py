"""Holds and pending points over HTTP."""

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.ids import PublicIdInvalid, parse_public_id
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.foundation.web import scoping
from loyalty.foundation.web.idempotency import require_key
from loyalty.foundation.web.serializers import PointsField, WholeNumberField
from loyalty.foundation.web.views import ApiView
from loyalty.ledger import api as ledger
from loyalty.ledger.api import HoldNotFound, HoldReceipt, TransactionNotFound
from loyalty.points import api
from loyalty.points.rest.calls import IDEMPOTENCY_KEY, MEMBER_NAMES, answer, burn_body, has_limit, key_of
from loyalty.points.rest.moves import MovementAnswer, Reasoned
from loyalty.points.rest.serializers import BurnAnswer, ContextField, MemberNamed

MINUTES_DEFAULT = 30
MINUTES_MAX = 90 * 24 * 60


class HoldWrite(MemberNamed):
    """Points to set aside until ``expires_at`` or for so many minutes; with ``pool_id`` those of a household."""

    points = PointsField()
    pool_id = serializers.UUIDField(required=False)
    expires_at = serializers.DateTimeField(required=False)
    expires_in_minutes = WholeNumberField(required=False, min_value=1, max_value=MINUTES_MAX)
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    idempotency_key = serializers.CharField(max_length=200, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Take one of the two ways to say how long."""
        if "expires_at" in attrs and "expires_in_minutes" in attrs:
            raise serializers.ValidationError({"expires_at": ["Give one of the two."]}, code="invalid")
        return attrs


class CaptureWrite(Reasoned):
    """How many of the held points to burn; all of them when left out. The rest is free again."""

    points = PointsField(required=False)
    transaction_context = ContextField(required=False)


class ReasonWrite(Reasoned):
    """Why."""


class HoldAnswer(serializers.Serializer[Any]):
    """A hold and what the account has now."""

    hold_id = serializers.UUIDField()
    account_id = serializers.UUIDField()
    points_amount = serializers.IntegerField()
    points_balance = serializers.IntegerField()
    points_available = serializers.SerializerMethodField()
    points_held = serializers.IntegerField()
    state = serializers.CharField()
    held_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()

    def get_points_available(self, receipt: HoldReceipt) -> int:
        """Points not held right after; a repeated call gets the same number, so overdue lots are among them."""
        return receipt.points_balance - receipt.points_held


def hold_id_of(text: str) -> uuid.UUID:
    """Read the id of a hold in an address.

    :raises HoldNotFound: it is none.
    """
    try:
        return parse_public_id(text)
    except PublicIdInvalid as refusal:
        raise HoldNotFound("There is no such hold.") from refusal


def transaction_id_of(text: str) -> uuid.UUID:
    """Read the id of a transaction in an address.

    :raises TransactionNotFound: it is none.
    """
    try:
        return parse_public_id(text)
    except PublicIdInvalid as refusal:
        raise TransactionNotFound("There is no such transaction.") from refusal


def hold_request(given: Mapping[str, Any], key: api.Key, now: datetime) -> api.HoldRequest:
    """Put what was sent into the words of the domain."""
    until = given.get("expires_at") or now + timedelta(minutes=given.get("expires_in_minutes", MINUTES_DEFAULT))
    return api.HoldRequest(
        member=MemberNamed.member(dict(given)),
        pool_id=given.get("pool_id"),
        points=given["points"],
        expires_at=until,
        reason=given["reason"],
        key=key,
    )


def end_request(given: Mapping[str, Any], hold_id: uuid.UUID, key: api.Key) -> api.EndHoldRequest:
    """Put what was sent of the end of a hold into the words of the domain."""
    return api.EndHoldRequest(
        hold_id=hold_id,
        points=given.get("points"),
        reason=given["reason"],
        context=given.get("transaction_context", {}),
        key=key,
    )


class HoldView(ApiView):
    """Set points aside."""

    permissions: ClassVar[dict[str, str]] = {"post": "points.hold"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {**MEMBER_NAMES, "pool_id": "pool"}
    limited_by: ClassVar[tuple[str, ...]] = ("points",)

    @extend_schema(request=HoldWrite, responses={201: HoldAnswer, 200: HoldAnswer}, parameters=[IDEMPOTENCY_KEY])
    def post(self, request: Request) -> Response:
        """Hold points for a purchase that is not final; after its time they are free again by themselves."""
        body = HoldWrite(data=request.data)
        body.is_valid(raise_exception=True)
        now, key = clock.now(), key_of("hold", require_key(request), request.data, request=request)
        receipt = api.hold(request=hold_request(body.validated_data, key, now), actor=self.actor, now=now)
        maybe_fail("hold.committed")
        return answer(HoldAnswer(receipt).data, is_replay=receipt.is_replay, is_created=True)


class CaptureView(ApiView):
    """Burn held points."""

    permissions: ClassVar[dict[str, str]] = {"post": "points.hold"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"hold_id": "hold"}
    limited_by: ClassVar[tuple[str, ...]] = ("points",)

    @extend_schema(request=CaptureWrite, responses={201: BurnAnswer, 200: BurnAnswer}, parameters=[IDEMPOTENCY_KEY])
    def post(self, request: Request, hold_id: str) -> Response:
        """Burn held points, all or some; the burn rule says what they are worth."""
        body = CaptureWrite(data=request.data)
        body.is_valid(raise_exception=True)
        key = key_of("capture", require_key(request), request.data, hold_id=hold_id, request=request)
        asked = end_request(body.validated_data, hold_id_of(hold_id), key)
        if asked.points is None and has_limit(request):
            scoping.check_amount(request, ledger.get_hold(asked.hold_id).points_amount)
        receipt = api.capture(request=asked, actor=self.actor, now=clock.now())
        maybe_fail("capture.committed")
        return answer(burn_body(receipt), is_replay=receipt.is_replay, is_created=True)


class ReleaseView(ApiView):
    """Free held points."""

    permissions: ClassVar[dict[str, str]] = {"post": "points.hold"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"hold_id": "hold"}
    limited_by: ClassVar[tuple[str, ...]] = ("points",)

    @extend_schema(request=ReasonWrite, responses={200: HoldAnswer}, parameters=[IDEMPOTENCY_KEY])
    def post(self, request: Request, hold_id: str) -> Response:
        """Free held points again."""
        body = ReasonWrite(data=request.data)
        body.is_valid(raise_exception=True)
        key = key_of("release", require_key(request), request.data, hold_id=hold_id, request=request)
        asked = end_request(body.validated_data, hold_id_of(hold_id), key)
        receipt = api.release(request=asked, actor=self.actor, now=clock.now())
        maybe_fail("release.committed")
        return answer(HoldAnswer(receipt).data, is_replay=receipt.is_replay, is_created=False)


class ConfirmView(ApiView):
    """Confirm pending points."""

    permissions: ClassVar[dict[str, str]] = {"post": "points.confirm"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"transaction_id": "transaction"}
    limited_by: ClassVar[tuple[str, ...]] = ("points",)

    @extend_schema(
        request=ReasonWrite, responses={201: MovementAnswer, 200: MovementAnswer}, parameters=[IDEMPOTENCY_KEY]
    )
    def post(self, request: Request, transaction_id: str) -> Response:
        """Post a pending earn: its points can be spent from now on."""
        asked = pending_request(request, "confirm", transaction_id)
        receipt = api.confirm(request=asked, actor=self.actor, now=clock.now())
        maybe_fail("confirm.committed")
        return answer(MovementAnswer(receipt).data, is_replay=receipt.is_replay, is_created=True)


class CancelView(ApiView):
    """Cancel pending points."""

    permissions: ClassVar[dict[str, str]] = {"post": "points.confirm"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"transaction_id": "transaction"}
    limited_by: ClassVar[tuple[str, ...]] = ("points",)

    @extend_schema(
        request=ReasonWrite, responses={201: MovementAnswer, 200: MovementAnswer}, parameters=[IDEMPOTENCY_KEY]
    )
    def post(self, request: Request, transaction_id: str) -> Response:
        """Drop a pending earn; the caps have room again."""
        asked = pending_request(request, "cancel", transaction_id)
        receipt = api.cancel(request=asked, actor=self.actor, now=clock.now())
        return answer(MovementAnswer(receipt).data, is_replay=receipt.is_replay, is_created=True)


def pending_request(request: Request, verb: str, transaction_id: str) -> api.PendingRequest:
    """Read a call that confirms or cancels."""
    body = ReasonWrite(data=request.data)
    body.is_valid(raise_exception=True)
    wanted = transaction_id_of(transaction_id)
    return api.PendingRequest(
        transaction_id=wanted,
        reason=body.validated_data["reason"],
        key=key_of(verb, require_key(request), request.data, transaction_id=str(wanted), request=request),
    )
