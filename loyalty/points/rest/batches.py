"""Burns, transfers, adjustments, holds, captures, releases and reversals of many lines over HTTP."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.kernel import clock
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.foundation.web import scoping
from loyalty.foundation.web.idempotency import require_key
from loyalty.foundation.web.serializers import StrictSerializer
from loyalty.foundation.web.views import ApiView
from loyalty.ledger import api as ledger
from loyalty.points import api
from loyalty.points.rest.calls import IDEMPOTENCY_KEY, MEMBER_NAMES, answer, burn_body, has_limit, key_of
from loyalty.points.rest.holds import CaptureWrite, HoldAnswer, HoldWrite, ReasonWrite, end_request, hold_request
from loyalty.points.rest.moves import (
    AdjustAnswer,
    AdjustWrite,
    ReversalAnswer,
    ReverseWrite,
    TransferAnswer,
    TransferWrite,
    adjust_request,
    reverse_request,
    transfer_body,
    transfer_request,
)
from loyalty.points.rest.serializers import BATCH_ITEMS_MAX, BurnAnswer, BurnWrite
from loyalty.points.rest.verbs import burn_request


class CaptureItem(CaptureWrite):
    """A hold to capture, wholly or in part."""

    hold_id = serializers.UUIDField()


class ReleaseItem(ReasonWrite):
    """A hold to release."""

    hold_id = serializers.UUIDField()


def batch_of(name: str, item: type[serializers.Serializer[Any]]) -> type[StrictSerializer]:
    """Make the serializer of a batch; each line may bring its own key, else it is the batch's key and its place."""
    fields = {
        "__doc__": "Lines to do in one transaction; a refused one does not stop the others.",
        "items": serializers.ListField(child=item(), min_length=1, max_length=BATCH_ITEMS_MAX),
        "idempotency_key": serializers.CharField(max_length=150, required=False),
    }
    return type(f"{name}BatchWrite", (StrictSerializer,), fields)


def answers_of(name: str, told: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    """Make the serializer of a batch's answer around that of a single call."""
    result = type(
        f"{name}BatchResult",
        (serializers.Serializer,),
        {
            "__doc__": "What a line came to: what a single call answers, or the refusal that it would meet.",
            "index": serializers.IntegerField(),
            "transaction_id": serializers.UUIDField(allow_null=True),
            "account_id": serializers.UUIDField(allow_null=True),
            "points_amount": serializers.IntegerField(),
            "points_balance": serializers.IntegerField(allow_null=True),
            "code": serializers.CharField(help_text="Empty when the line was done."),
            "message": serializers.CharField(),
            "facts": serializers.DictField(help_text="The figures that a single call would tell with its refusal."),
            "answer": told(allow_null=True),
        },
    )
    fields = {
        "__doc__": "What became of a batch, line by line.",
        "done": serializers.IntegerField(),
        "refused": serializers.IntegerField(),
        "points_amount": serializers.IntegerField(),
        "results": result(many=True),
    }
    return type(f"{name}BatchAnswer", (serializers.Serializer,), fields)


BurnBatchWrite, BurnBatchAnswer = batch_of("Burn", BurnWrite), answers_of("Burn", BurnAnswer)
TransferBatchWrite, TransferBatchAnswer = batch_of("Transfer", TransferWrite), answers_of("Transfer", TransferAnswer)
AdjustBatchWrite, AdjustBatchAnswer = batch_of("Adjust", AdjustWrite), answers_of("Adjust", AdjustAnswer)
ReverseBatchWrite, ReverseBatchAnswer = batch_of("Reverse", ReverseWrite), answers_of("Reverse", ReversalAnswer)
HoldBatchWrite, HoldBatchAnswer = batch_of("Hold", HoldWrite), answers_of("Hold", HoldAnswer)
CaptureBatchWrite, CaptureBatchAnswer = batch_of("Capture", CaptureItem), answers_of("Capture", BurnAnswer)
ReleaseBatchWrite, ReleaseBatchAnswer = batch_of("Release", ReleaseItem), answers_of("Release", HoldAnswer)


def post_batch(
    request: Request,
    verb: str,
    shape: type[StrictSerializer],
    *,
    read: Callable[[Mapping[str, Any], api.Key, datetime], Any],
    do: Callable[[list[Any], datetime], Sequence[api.Line[Any]]],
    tell: Callable[[Any], Mapping[str, Any]],
    sizes: Callable[[list[Any]], Mapping[Any, int]] = lambda _: {},
) -> Response:
    """Read the lines of a batch, do them and answer.

    A line's key is as of a single call with the same content, so a line may be repeated by one and the other way round.
    ``sizes`` gives how many points the things have of which lines ask for all, for callers with a limit by amount.

    :raises LimitExceeded: a line is about more points than the caller may move.
    """
    body = shape(data=request.data)
    body.is_valid(raise_exception=True)
    batch_key, now = require_key(request), clock.now()
    sent_items: Any = request.data
    requests = []
    for place, (item, sent) in enumerate(zip(body.validated_data["items"], sent_items["items"], strict=True)):
        key = key_of(verb, item.get("idempotency_key") or f"{batch_key}:{place}", sent, request=request)
        requests.append(read(item, key, now))
    whole = [one for one in requests if getattr(one, "points", 0) is None] if has_limit(request) else []
    for points in sizes(whole).values() if whole else ():
        scoping.check_amount(request, points)
    lines = do(requests, now)
    maybe_fail("batch.committed")
    is_replay = all(line.receipt is not None and line.receipt.is_replay for line in lines)
    return answer(batch_body(lines, tell), is_replay=is_replay, is_created=False)


def batch_body(lines: Sequence[api.Line[Any]], tell: Callable[[Any], Mapping[str, Any]]) -> dict[str, Any]:
    """Tell what each line of a batch came to."""
    done = [line.receipt for line in lines if line.receipt is not None]
    return {
        "done": len(done),
        "refused": len(lines) - len(done),
        "points_amount": sum(receipt.points_amount for receipt in done),
        "results": [
            {
                "index": place,
                "transaction_id": getattr(line.receipt, "transaction_id", None),
                "account_id": getattr(line.receipt, "account_id", None),
                "points_amount": getattr(line.receipt, "points_amount", 0),
                "points_balance": getattr(line.receipt, "points_balance", None),
                "code": line.code,
                "message": line.message,
                "facts": line.facts,
                "answer": tell(line.receipt) if line.receipt is not None else None,
            }
            for place, line in enumerate(lines)
        ],
    }


class BurnBatchView(ApiView):
    """Redeem points of many members."""

    permissions: ClassVar[dict[str, str]] = {"post": "points.burn"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {**MEMBER_NAMES, "pool_id": "pool"}
    limited_by: ClassVar[tuple[str, ...]] = ("points",)

    @extend_schema(request=BurnBatchWrite, responses={200: BurnBatchAnswer}, parameters=[IDEMPOTENCY_KEY])
    def post(self, request: Request) -> Response:
        """Redeem for up to 500 lines in one transaction; a refused one does not stop the others."""
        return post_batch(
            request, "burn", BurnBatchWrite, read=burn_request, tell=burn_body,
            do=lambda lines, now: api.burn_batch(requests=lines, actor=self.actor, now=now),
        )  # fmt: skip


class TransferBatchView(ApiView):
    """Give points for many members."""

    permissions: ClassVar[dict[str, str]] = {"post": "points.transfer"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"from_account_id": "account"}
    limited_by: ClassVar[tuple[str, ...]] = ("points",)

    @extend_schema(request=TransferBatchWrite, responses={200: TransferBatchAnswer}, parameters=[IDEMPOTENCY_KEY])
    def post(self, request: Request) -> Response:
        """Transfer for up to 500 lines in one transaction; a refused one does not stop the others."""
        return post_batch(
            request, "transfer", TransferBatchWrite, tell=transfer_body,
            read=lambda given, key, _: transfer_request(given, key),
            do=lambda lines, now: api.transfer_batch(requests=lines, actor=self.actor, now=now),
        )  # fmt: skip


class AdjustBatchView(ApiView):
    """Adjust many accounts."""

    permissions: ClassVar[dict[str, str]] = {"post": "points.adjust"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"account_id": "account"}
    limited_by: ClassVar[tuple[str, ...]] = ("points",)

    @extend_schema(request=AdjustBatchWrite, responses={200: AdjustBatchAnswer}, parameters=[IDEMPOTENCY_KEY])
    def post(self, request: Request) -> Response:
        """Adjust for up to 500 lines in one transaction; a refused one does not stop the others."""
        return post_batch(
            request, "adjust", AdjustBatchWrite, tell=lambda moved: AdjustAnswer(moved).data,
            read=lambda given, key, _: adjust_request(request, given, key),
            do=lambda lines, now: api.adjust_batch(requests=lines, actor=self.actor, now=now),
        )  # fmt: skip


class ReverseBatchView(ApiView):
    """Take many transactions back."""

    permissions: ClassVar[dict[str, str]] = {"post": "points.reverse"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"transaction_id": "transaction"}
    limited_by: ClassVar[tuple[str, ...]] = ("points",)

    @extend_schema(request=ReverseBatchWrite, responses={200: ReverseBatchAnswer}, parameters=[IDEMPOTENCY_KEY])
    def post(self, request: Request) -> Response:
        """Reverse for up to 500 lines in one transaction; a refused one does not stop the others."""
        return post_batch(
            request, "reverse", ReverseBatchWrite, read=reverse_request, tell=lambda moved: ReversalAnswer(moved).data,
            do=lambda lines, now: api.reverse_batch(requests=lines, actor=self.actor, now=now),
            sizes=lambda lines: {
                line.transaction_id: abs(line.points_change)
                for line in ledger.list_transactions_named([one.transaction_id for one in lines]).values()
            },
        )  # fmt: skip


class HoldBatchView(ApiView):
    """Set points of many members aside."""

    permissions: ClassVar[dict[str, str]] = {"post": "points.hold"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {**MEMBER_NAMES, "pool_id": "pool"}
    limited_by: ClassVar[tuple[str, ...]] = ("points",)

    @extend_schema(request=HoldBatchWrite, responses={200: HoldBatchAnswer}, parameters=[IDEMPOTENCY_KEY])
    def post(self, request: Request) -> Response:
        """Hold for up to 500 lines in one transaction; a refused one does not stop the others."""
        return post_batch(
            request, "hold", HoldBatchWrite, read=hold_request, tell=lambda held: HoldAnswer(held).data,
            do=lambda lines, now: api.hold_batch(requests=lines, actor=self.actor, now=now),
        )  # fmt: skip


class CaptureBatchView(ApiView):
    """Burn held points of many holds."""

    permissions: ClassVar[dict[str, str]] = {"post": "points.hold"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"hold_id": "hold"}
    limited_by: ClassVar[tuple[str, ...]] = ("points",)

    @extend_schema(request=CaptureBatchWrite, responses={200: CaptureBatchAnswer}, parameters=[IDEMPOTENCY_KEY])
    def post(self, request: Request) -> Response:
        """Capture up to 500 holds in one transaction; a refused one does not stop the others."""
        return post_batch(
            request, "capture", CaptureBatchWrite, tell=burn_body,
            read=lambda given, key, _: end_request(given, given["hold_id"], key),
            do=lambda lines, now: api.capture_batch(requests=lines, actor=self.actor, now=now),
            sizes=lambda lines: {
                one.hold_id: one.points_amount
                for one in ledger.list_holds_named([line.hold_id for line in lines]).values()
            },
        )  # fmt: skip


class ReleaseBatchView(ApiView):
    """Free held points of many holds."""

    permissions: ClassVar[dict[str, str]] = {"post": "points.hold"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"hold_id": "hold"}
    limited_by: ClassVar[tuple[str, ...]] = ("points",)

    @extend_schema(request=ReleaseBatchWrite, responses={200: ReleaseBatchAnswer}, parameters=[IDEMPOTENCY_KEY])
    def post(self, request: Request) -> Response:
        """Release up to 500 holds in one transaction; a refused one does not stop the others."""
        return post_batch(
            request, "release", ReleaseBatchWrite, tell=lambda held: HoldAnswer(held).data,
            read=lambda given, key, _: end_request(given, given["hold_id"], key),
            do=lambda lines, now: api.release_batch(requests=lines, actor=self.actor, now=now),
        )  # fmt: skip
