"""Transfers, adjustments, reversals and reinstatements over HTTP."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.points import POINTS_MAX
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.foundation.web import scoping
from loyalty.foundation.web.idempotency import require_key
from loyalty.foundation.web.permissions import holds
from loyalty.foundation.web.serializers import AmountField, PointsField, StrictSerializer, WholeNumberField
from loyalty.foundation.web.views import ApiView
from loyalty.foundation.web.waiting import WaitingAnswer
from loyalty.ledger import api as ledger
from loyalty.points import api
from loyalty.points.rest.calls import IDEMPOTENCY_KEY, answer, has_limit, key_of
from loyalty.points.rest.serializers import AMOUNT_MIN

LINES_MAX = 200


class Reasoned(StrictSerializer):
    """A change with a reason in words."""

    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    idempotency_key = serializers.CharField(max_length=200, required=False)


class TransferWrite(Reasoned):
    """Points to give; ``customer_id`` or ``customer_ref`` names who acts when the sender is a household."""

    from_account_id = serializers.UUIDField()
    to_account_id = serializers.UUIDField()
    points = PointsField()
    customer_id = serializers.UUIDField(required=False)
    customer_ref = serializers.CharField(max_length=100, required=False)


class AdjustWrite(Reasoned):
    """Points to add, or with a minus to take; ``expires_on`` is the last day of points that are added."""

    account_id = serializers.UUIDField()
    points = WholeNumberField(min_value=-POINTS_MAX, max_value=POINTS_MAX)
    reason_code = serializers.CharField(max_length=50)
    expires_on = serializers.DateField(required=False)


class LineWrite(StrictSerializer):
    """A line of a purchase; without ``amount`` all that is left of it."""

    line_id = serializers.CharField(max_length=100)
    amount = AmountField(required=False, min_value=AMOUNT_MIN)


class ReverseWrite(Reasoned):
    """A transaction to take back: ``points`` or ``lines`` of it, or without both all that is left."""

    transaction_id = serializers.UUIDField()
    points = PointsField(required=False)
    lines = serializers.ListField(child=LineWrite(), min_length=1, max_length=LINES_MAX, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Take either points or lines, each line once."""
        lines = attrs.get("lines", [])
        if lines and "points" in attrs:
            raise serializers.ValidationError({"lines": ["Give points or lines."]}, code="invalid")
        if len({line["line_id"] for line in lines}) < len(lines):
            raise serializers.ValidationError({"lines": ["Name each line once."]}, code="invalid")
        return attrs


class ReinstateWrite(Reasoned):
    """An expiry to take back; without ``points`` all of it, without a day for as long as the program says."""

    transaction_id = serializers.UUIDField()
    points = PointsField(required=False)
    expires_on = serializers.DateField(required=False)


class Side(serializers.Serializer[Any]):
    """An account and what it has now."""

    account_id = serializers.UUIDField()
    points_balance = serializers.IntegerField()


class MovementAnswer(serializers.Serializer[Any]):
    """What was moved, without sign, and what the account has now."""

    transaction_id = serializers.UUIDField()
    account_id = serializers.UUIDField()
    points_amount = serializers.IntegerField()
    points_balance = serializers.IntegerField()


class AdjustAnswer(MovementAnswer):
    """What was adjusted; ``points_change`` has its sign."""

    points_change = serializers.IntegerField()
    reason_code = serializers.CharField()


class WalletReversed(MovementAnswer):
    """What was taken back of a wallet beside the first, and what of it could not be."""

    wallet = serializers.CharField()
    points_unrecovered = serializers.IntegerField()
    reverses = serializers.UUIDField()


class ReversalAnswer(WalletReversed):
    """What was taken back, and what of it could not be; of a purchase also from its other wallets."""

    other_wallets = WalletReversed(many=True)


# ``from`` is a word of the language, so the fields of this one are told in a dictionary.
TransferAnswer = type(
    "TransferAnswer",
    (serializers.Serializer,),
    {
        "__doc__": "What was given, for what fee, and what both have now.",
        "transaction_id": serializers.UUIDField(),
        "points_amount": serializers.IntegerField(),
        "points_fee": serializers.IntegerField(),
        "from": Side(),
        "to": Side(),
    },
)


def reverse_request(given: Mapping[str, Any], key: api.Key, now: datetime) -> api.ReverseRequest:
    """Put what was sent into the words of the domain."""
    return api.ReverseRequest(
        transaction_id=given["transaction_id"],
        key=key,
        points=given.get("points"),
        lines=tuple(api.LineToReverse(**line) for line in given.get("lines", ())),
        reason=given["reason"],
        occurred_at=now,
    )


def post_reverse(request: Request, sent: Any, actor: Actor) -> Response:
    """Reverse as ``sent`` says and answer."""
    body = ReverseWrite(data=sent)
    body.is_valid(raise_exception=True)
    now, key = clock.now(), key_of("reverse", require_key(request), sent, request=request)
    reversal = reverse_request(body.validated_data, key, now)
    if reversal.points is None and has_limit(request):
        # What is taken back is as much as was moved, at the most.
        scoping.check_amount(request, abs(ledger.get_transaction(reversal.transaction_id).points_change))
    receipt = api.reverse(request=reversal, actor=actor, now=now)
    maybe_fail("reverse.committed")
    return answer(ReversalAnswer(receipt).data, is_replay=receipt.is_replay, is_created=True)


class ReverseView(ApiView):
    """Take a transaction back."""

    permissions: ClassVar[dict[str, str]] = {"post": "points.reverse"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"transaction_id": "transaction"}
    limited_by: ClassVar[tuple[str, ...]] = ("points",)

    @extend_schema(
        request=ReverseWrite, responses={201: ReversalAnswer, 200: ReversalAnswer}, parameters=[IDEMPOTENCY_KEY]
    )
    def post(self, request: Request) -> Response:
        """Take back a transaction, wholly, some of its points, or some lines of a purchase."""
        return post_reverse(request, request.data, self.actor)


def transfer_request(given: Mapping[str, Any], key: api.Key) -> api.TransferRequest:
    """Put what was sent into the words of the domain."""
    who = {name: given[name] for name in ("customer_id", "customer_ref") if name in given}
    return api.TransferRequest(
        from_account_id=given["from_account_id"],
        to_account_id=given["to_account_id"],
        points=given["points"],
        reason=given["reason"],
        key=key,
        customer=api.MemberRef(**who) if who else None,
    )


def transfer_body(receipt: api.Movement) -> dict[str, Any]:
    """Tell what was given and what both have now."""
    return {
        "transaction_id": receipt.transaction_id,
        "points_amount": receipt.points_amount,
        "points_fee": receipt.points_fee,
        "from": {"account_id": receipt.account_id, "points_balance": receipt.points_balance},
        "to": {"account_id": receipt.to_account_id, "points_balance": receipt.to_points_balance},
    }


def post_transfer(request: Request, sent: Any, actor: Actor) -> Response:
    """Transfer as ``sent`` says and answer."""
    body = TransferWrite(data=sent)
    body.is_valid(raise_exception=True)
    key = key_of("transfer", require_key(request), sent, request=request)
    receipt = api.transfer(request=transfer_request(body.validated_data, key), actor=actor, now=clock.now())
    maybe_fail("transfer.committed")
    return answer(transfer_body(receipt), is_replay=receipt.is_replay, is_created=True)


class TransferView(ApiView):
    """Give points to another member."""

    permissions: ClassVar[dict[str, str]] = {"post": "points.transfer"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"from_account_id": "account"}
    limited_by: ClassVar[tuple[str, ...]] = ("points",)

    @extend_schema(
        request=TransferWrite, responses={201: TransferAnswer, 200: TransferAnswer}, parameters=[IDEMPOTENCY_KEY]
    )
    def post(self, request: Request) -> Response:
        """Move points between two accounts of one program; they keep the dates on which they expire."""
        return post_transfer(request, request.data, self.actor)


def adjust_request(request: Request, given: Mapping[str, Any], key: api.Key) -> api.AdjustRequest:
    """Put what was sent into the words of the domain, with whether the caller may pass the program's limit."""
    return api.AdjustRequest(
        account_id=given["account_id"],
        points_change=given["points"],
        reason_code=given["reason_code"],
        reason=given["reason"],
        expires_on=given.get("expires_on"),
        key=key,
        is_unlimited=holds(request, "points.adjust_unlimited"),
    )


def post_adjust(request: Request, sent: Any, actor: Actor) -> Response:
    """Adjust as ``sent`` says and answer."""
    body = AdjustWrite(data=sent)
    body.is_valid(raise_exception=True)
    key = key_of("adjust", require_key(request), sent, request=request)
    receipt = api.adjust(request=adjust_request(request, body.validated_data, key), actor=actor, now=clock.now())
    maybe_fail("adjust.committed")
    return answer(AdjustAnswer(receipt).data, is_replay=receipt.is_replay, is_created=True)


class AdjustView(ApiView):
    """Adjust an account."""

    permissions: ClassVar[dict[str, str]] = {"post": "points.adjust"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"account_id": "account"}
    limited_by: ClassVar[tuple[str, ...]] = ("points",)

    @extend_schema(
        request=AdjustWrite,
        responses={201: AdjustAnswer, 200: AdjustAnswer, 202: WaitingAnswer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request) -> Response:
        """Add points or take some, with a reason code of the program's; many need a permission of their own."""
        return post_adjust(request, request.data, self.actor)


class ReinstateView(ApiView):
    """Give expired points back."""

    permissions: ClassVar[dict[str, str]] = {"post": "points.reinstate"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"transaction_id": "transaction"}
    limited_by: ClassVar[tuple[str, ...]] = ("points",)

    @extend_schema(
        request=ReinstateWrite, responses={201: ReversalAnswer, 200: ReversalAnswer}, parameters=[IDEMPOTENCY_KEY]
    )
    def post(self, request: Request) -> Response:
        """Take an expiry back, wholly or in part; the points get a new last day."""
        body = ReinstateWrite(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        asked = api.ReinstateRequest(
            transaction_id=given["transaction_id"],
            key=key_of("reinstate", require_key(request), request.data, request=request),
            points=given.get("points"),
            expires_on=given.get("expires_on"),
            reason=given["reason"],
        )
        if asked.points is None and has_limit(request):
            scoping.check_amount(request, abs(ledger.get_transaction(asked.transaction_id).points_change))
        receipt = api.reinstate(request=asked, actor=self.actor, now=clock.now())
        return answer(ReversalAnswer(receipt).data, is_replay=receipt.is_replay, is_created=True)
