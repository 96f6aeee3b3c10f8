"""Routes of single messages to customers: what is tried again, what failed for good, what nobody knows."""

import re
from typing import Any, ClassVar

import django_filters
from django.db.models import Q, QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.delivery import api
from loyalty.delivery.contracts import ChannelCode, SendState
from loyalty.delivery.models import Send, Visit
from loyalty.foundation.kernel import clock
from loyalty.foundation.web.masking import mask_address, reveal
from loyalty.foundation.web.pagination import KeysetPages
from loyalty.foundation.web.serializers import StrictSerializer
from loyalty.foundation.web.views import ReadOnlyApiViewSet

CHANNELS = [channel.value for channel in ChannelCode]
MAIL_ADDRESS = re.compile(r"[^\s<>()\"';:,]+@[^\s<>()\"';:,]+")
RETRIED, FAILED, UNKNOWN = "retried", "failed", "unknown"
LISTS = {
    RETRIED: Q(state=SendState.QUEUED, attempts__gt=0),
    FAILED: Q(state__in=[SendState.FAILED.value, SendState.BOUNCED.value]),
    UNKNOWN: Q(state=SendState.UNKNOWN),
}


class SendFilter(django_filters.FilterSet):
    """``list``: ``retried`` waits for its next try, ``failed`` was refused for good, ``unknown`` may have gone."""

    list = django_filters.ChoiceFilter(choices=[(one, one) for one in LISTS], method="in_list")
    channel = django_filters.ChoiceFilter(choices=[(one, one) for one in CHANNELS])
    state = django_filters.ChoiceFilter(choices=[(one.value, one.value) for one in SendState])
    reason = django_filters.CharFilter(max_length=100)
    source = django_filters.UUIDFilter(field_name="source_ref")

    class Meta:
        model = Send
        fields = ("list", "channel", "state", "reason", "source")

    def in_list(self, rows: QuerySet[Send], name: str, value: str) -> QuerySet[Send]:
        """Narrow to one of the lists, in the form that its index has."""
        return rows.filter(LISTS[value])


class VisitSerializer(serializers.ModelSerializer[Visit]):
    """Who came over which link; ``machine`` is empty for a person."""

    class Meta:
        model = Visit
        fields = ("action", "target", "machine", "visits", "first_at", "last_at")


class SendSerializer(serializers.ModelSerializer[Send]):
    """One message to one customer; the address is masked for those who may not see what identifies a person."""

    id = serializers.UUIDField(source="public_id")
    address = serializers.SerializerMethodField()
    detail = serializers.SerializerMethodField()
    source_kind = serializers.CharField(source="message.source_kind")
    source_id = serializers.UUIDField(source="source_ref")
    occurrence = serializers.CharField(source="message.occurrence_key")
    purpose = serializers.CharField(source="message.purpose")
    next_try_at = serializers.SerializerMethodField()

    class Meta:
        model = Send
        fields = (
            *("id", "channel", "purpose", "state", "reason", "detail", "address", "attempts", "next_try_at"),
            *("source_kind", "source_id", "occurrence", "queued_at", "sent_at", "delivered_at", "opened_at"),
            *("clicked_at", "ended_at"),
        )

    def get_address(self, row: Send) -> str:
        """Give the address, or its mask."""
        return row.address if self.context.get("is_revealed") else mask_address(row.address) or ""

    def get_detail(self, row: Send) -> str:
        """Give what the provider said, which often names the address."""
        if self.context.get("is_revealed"):
            return row.detail
        named = row.detail.replace(row.address, mask_address(row.address) or "") if row.address else row.detail
        return MAIL_ADDRESS.sub(lambda found: mask_address(found.group()) or "", named)

    def get_next_try_at(self, row: Send) -> str | None:
        """Give when it is tried next; None when it is held or has ended."""
        return row.due_at.isoformat() if row.state == SendState.QUEUED and row.due_at else None


class OneSendSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A message with the visits that it brought."""

    send = SendSerializer(source="*")
    visits = VisitSerializer(many=True)


class RetryAll(StrictSerializer):
    """Of what everything is tried at once."""

    channel = serializers.ChoiceField(choices=CHANNELS)
    source_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    is_failed_included = serializers.BooleanField(required=False, default=False)


class RetriedAnswer(serializers.Serializer):  # type: ignore[type-arg]
    """How many messages are tried at once."""

    messages = serializers.IntegerField()


class SendViewSet(ReadOnlyApiViewSet):
    """Messages to customers, newest first."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "delivery.view",
        "retrieve": "delivery.view",
        "retry": "delivery.retry",
        "give_up": "delivery.retry",
        "retry_all": "delivery.retry",
    }
    queryset = Send.objects.select_related("message")
    serializer_class = SendSerializer
    pagination_class = KeysetPages
    keyset = ("-id",)
    filter_backends: Any = (DjangoFilterBackend,)
    filterset_class = SendFilter

    def get_serializer(self, *arguments: Any, **options: Any) -> Any:
        """Show whole addresses to those who may see them, and write down that they did, once for all rows."""
        shown = arguments[0] if arguments else []
        rows = list(shown) if isinstance(shown, list | tuple) else [shown]
        is_revealed = reveal(self.request, [str(row.public_id) for row in rows])
        context = {**self.get_serializer_context(), "is_revealed": is_revealed}
        return self.get_serializer_class()(*arguments, **{**options, "context": context})

    @extend_schema(responses={200: OneSendSerializer})
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One message, and who came to it over which link."""
        row = self.get_object()
        context = {"is_revealed": reveal(request, [str(row.public_id)])}
        return Response(OneSendSerializer(row, context=context).data)

    @extend_schema(request=None, responses={200: SendSerializer})
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, **kwargs: Any) -> Response:
        """Try it again at once."""
        api.retry_send(send_id=self.get_object().public_id, actor=self.actor, now=clock.now())
        return self.respond_with(self.get_object())

    @extend_schema(request=None, responses={200: SendSerializer})
    @action(detail=True, methods=["post"], url_path="give-up")
    def give_up(self, request: Request, **kwargs: Any) -> Response:
        """Try it no more."""
        api.give_up(send_id=self.get_object().public_id, actor=self.actor, now=clock.now())
        return self.respond_with(self.get_object())

    @extend_schema(operation_id="sends_retry_all", request=RetryAll, responses={200: RetriedAnswer})
    @action(detail=False, methods=["post"], url_path="retry")
    def retry_all(self, request: Request, **kwargs: Any) -> Response:
        """Try at once everything on a channel that waits for its next try: the provider works again.

        With `is_failed_included` also what it refused for good, as far as the contact policy still lets it go."""
        body = RetryAll(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        count = api.retry_all(
            channel=given["channel"],
            source_ref=given["source_id"],
            is_failed_included=given["is_failed_included"],
            actor=self.actor,
            now=clock.now(),
        )
        return Response({"messages": count})
