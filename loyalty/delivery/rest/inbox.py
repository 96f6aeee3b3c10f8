"""The inbox of a customer, for the operator's app."""

import uuid
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.customers import api as customers
from loyalty.delivery import api
from loyalty.delivery.models import InboxItem
from loyalty.delivery.queries.inbox import count_unread, find_customer_key, items_of
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.ids import PublicIdInvalid, parse_public_id
from loyalty.foundation.web.serializers import StrictSerializer
from loyalty.foundation.web.views import ApiView

# An app shows no more on its screens; what is older is read by its end or forgotten.
SHOWN_MAX = 200


class InboxItemSerializer(serializers.ModelSerializer[InboxItem]):
    """A message as the app shows it."""

    id = serializers.UUIDField(source="public_id")

    class Meta:
        model = InboxItem
        fields = ("id", "title", "body", "url", "created_at", "expires_at", "read_at")


class InboxSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """An inbox, the newest message first."""

    unread = serializers.IntegerField()
    items = InboxItemSerializer(many=True)


class InboxRead(serializers.Serializer):  # type: ignore[type-arg]
    """How many messages were marked."""

    read = serializers.IntegerField()


class InboxMark(StrictSerializer):
    """Whether a message is read."""

    is_read = serializers.BooleanField()


def key_of(name: str) -> int:
    """Give the inner id of the customer that an address names.

    :raises CustomerNotFound: there is none.
    """
    found = customers.find_named_customer(name)
    key = find_customer_key(found.id) if found is not None else None
    if key is None:
        raise customers.CustomerNotFound()
    return key


class InboxView(ApiView):
    """All messages that a customer is shown."""

    permissions: ClassVar[dict[str, str]] = {"get": "delivery.use_inbox", "post": "delivery.use_inbox"}

    @extend_schema(parameters=[OpenApiParameter("unread", bool)], responses={200: InboxSerializer})
    def get(self, request: Request, id: str) -> Response:
        """Give the newest 200, or the newest that are not read."""
        key, now = key_of(id), clock.now()
        rows = items_of(key, now, is_unread=request.query_params.get("unread") == "true")[:SHOWN_MAX]
        return Response(InboxSerializer({"unread": count_unread(key, now), "items": rows}).data)

    @extend_schema(request=None, responses={200: InboxRead})
    def post(self, request: Request, id: str) -> Response:
        """Mark all as read."""
        return Response(InboxRead({"read": api.mark_all_read(customer=key_of(id), now=clock.now())}).data)


class InboxItemView(ApiView):
    """One message of a customer."""

    permissions: ClassVar[dict[str, str]] = {"put": "delivery.use_inbox", "delete": "delivery.use_inbox"}

    @extend_schema(request=InboxMark, responses={200: InboxItemSerializer})
    def put(self, request: Request, id: str, item: str) -> Response:
        """Mark it as read, or as not read."""
        body = InboxMark(data=request.data)
        body.is_valid(raise_exception=True)
        given: dict[str, Any] = body.validated_data
        marked = api.mark_read(customer=key_of(id), item_id=_item(item), now=clock.now(), **given)
        return Response(InboxItemSerializer(marked).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, id: str, item: str) -> Response:
        """Take it out of the inbox."""
        api.remove_item(customer=key_of(id), item_id=_item(item), now=clock.now())
        return Response(status=204)


def _item(text: str) -> uuid.UUID:
    try:
        return parse_public_id(text)
    except PublicIdInvalid as refusal:
        raise api.InboxItemNotFound() from refusal
