"""Webhook endpoints, their deliveries and tries."""

from datetime import timedelta
from typing import Any, ClassVar

import django_filters
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.events import api as events
from loyalty.foundation.exchange import api
from loyalty.foundation.exchange.contracts import DeliveryOrder, EndpointState
from loyalty.foundation.exchange.models import WebhookDelivery, WebhookEndpoint
from loyalty.foundation.kernel import clock
from loyalty.foundation.web import masking
from loyalty.foundation.web.etag import etag_for, if_match
from loyalty.foundation.web.pagination import KeysetPages
from loyalty.foundation.web.serializers import StrictSerializer, WholeNumberField
from loyalty.foundation.web.views import ReadOnlyApiViewSet

# Both secrets hold for a day unless somebody says otherwise, for a week at most.
OVERLAP_HOURS, OVERLAP_HOURS_MAX = 24, 168
TYPES_MAX = 50


class WebhookEndpointSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """An endpoint; its secrets are never shown again."""

    id = serializers.UUIDField(source="public_id")
    url = serializers.URLField()
    description = serializers.CharField()
    types = serializers.ListField(child=serializers.CharField())
    order = serializers.ChoiceField([one.value for one in DeliveryOrder])
    state = serializers.ChoiceField([one.value for one in EndpointState])
    state_reason = serializers.CharField()
    secret_overlaps_until = serializers.DateTimeField(source="salt_before_until")
    failures_in_a_row = serializers.IntegerField()
    circuit_open_until = serializers.DateTimeField(source="open_until")
    last_success_at = serializers.DateTimeField()
    version = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class IssuedWebhookEndpointSerializer(WebhookEndpointSerializer):
    """A new endpoint with its secret."""

    secret = serializers.CharField()


class NewWebhookEndpointSerializer(StrictSerializer):
    """What an endpoint is made of; no types mean all."""

    url = serializers.CharField(max_length=2000)
    description = serializers.CharField(max_length=200, allow_blank=True, default="")
    types = serializers.ListField(child=serializers.CharField(max_length=100), max_length=TYPES_MAX, default=list)
    order = serializers.ChoiceField([one.value for one in DeliveryOrder], default=DeliveryOrder.KEY.value)


class WebhookEndpointChangeSerializer(StrictSerializer):
    """What can be changed of an endpoint."""

    url = serializers.CharField(max_length=2000, required=False)
    description = serializers.CharField(max_length=200, allow_blank=True, required=False)
    types = serializers.ListField(child=serializers.CharField(max_length=100), max_length=TYPES_MAX, required=False)
    order = serializers.ChoiceField([one.value for one in DeliveryOrder], required=False)
    state = serializers.ChoiceField([EndpointState.ACTIVE.value, EndpointState.PAUSED.value], required=False)


class SecretRotationSerializer(StrictSerializer):
    """For how long the old secret holds beside the new one."""

    overlap_hours = WholeNumberField(min_value=0, max_value=OVERLAP_HOURS_MAX, default=OVERLAP_HOURS)


class IssuedSecretSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A new secret, told once."""

    secret = serializers.CharField()


class ReplaySerializer(StrictSerializer):
    """Which facts are sent again: recorded from an instant on, of one key (a customer's id) or of all."""

    since = serializers.DateTimeField()
    key = serializers.CharField(max_length=200, allow_blank=True, default="")


class ReplayedSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """How many facts are in line again; those recorded before ``missing_until`` are kept no longer."""

    count = serializers.IntegerField()
    missing_until = serializers.DateTimeField(allow_null=True)


class WebhookAttemptSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One try."""

    at = serializers.DateTimeField()
    status_code = serializers.IntegerField(allow_null=True)
    outcome = serializers.CharField()
    took_ms = serializers.IntegerField()
    answer = serializers.CharField()


class WebhookDeliverySerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One fact for one endpoint."""

    id = serializers.UUIDField(source="public_id")
    endpoint = serializers.UUIDField(source="endpoint.public_id")
    event_id = serializers.UUIDField()
    type = serializers.CharField()
    key = serializers.CharField()
    state = serializers.CharField()
    attempts = serializers.IntegerField()
    last_outcome = serializers.CharField()
    created_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    delivered_at = serializers.DateTimeField()


class WebhookDeliveryWithTriesSerializer(WebhookDeliverySerializer):
    """A delivery with its body and every try, oldest first."""

    body = serializers.SerializerMethodField()
    tries = serializers.SerializerMethodField()

    def get_body(self, delivery: WebhookDelivery) -> str:
        """Give what was signed and sent; what it tells of a person is masked but for a caller who may see it."""
        return delivery.body if self.context.get("is_revealed") else masking.masked_text(delivery.body)

    @extend_schema(responses=WebhookAttemptSerializer(many=True))
    def get_tries(self, delivery: WebhookDelivery) -> list[dict[str, Any]]:
        """Give the tries."""
        return list(WebhookAttemptSerializer(delivery.tries.order_by("id"), many=True).data)


class WebhookEndpointViewSet(ReadOnlyApiViewSet):
    """Who is told of facts by webhook."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "exchange.view",
        "retrieve": "exchange.view",
        "create": "exchange.manage",
        "partial_update": "exchange.manage",
        "destroy": "exchange.manage",
        "rotate": "exchange.manage",
        "test": "exchange.manage",
        "replay": "exchange.replay",
    }
    queryset = WebhookEndpoint.objects.order_by("-id")
    serializer_class = WebhookEndpointSerializer

    @extend_schema(request=NewWebhookEndpointSerializer, responses={201: IssuedWebhookEndpointSerializer})
    def create(self, request: Request) -> Response:
        """Make an endpoint; its secret is in this answer and never again."""
        body = NewWebhookEndpointSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = {**body.validated_data, "order": DeliveryOrder(body.validated_data["order"])}
        endpoint, secret = api.create_endpoint(**wanted, actor=self.actor, now=clock.now())
        told = {**self.get_serializer(endpoint).data, "secret": secret}
        return Response(told, status=201, headers={"ETag": etag_for(endpoint.version)})

    @extend_schema(request=WebhookEndpointChangeSerializer, responses={200: WebhookEndpointSerializer})
    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        """Change an endpoint; another address needs another secret, so turn it afterwards."""
        body = WebhookEndpointChangeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        api.change_endpoint(
            endpoint=self.get_object(),
            changes=body.validated_data,
            actor=self.actor,
            now=clock.now(),
            check_version=if_match(request),
        )
        return self.respond_with(self.get_object())

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, **kwargs: Any) -> Response:
        """Tell it nothing more, and forget its deliveries."""
        api.remove_endpoint(
            endpoint=self.get_object(), actor=self.actor, now=clock.now(), check_version=if_match(request)
        )
        return Response(status=204)

    @extend_schema(request=SecretRotationSerializer, responses={200: IssuedSecretSerializer})
    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, **kwargs: Any) -> Response:
        """Turn the secret; for the overlap both sign."""
        body = SecretRotationSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        secret = api.rotate_secret(
            endpoint=self.get_object(),
            overlap=timedelta(hours=body.validated_data["overlap_hours"]),
            actor=self.actor,
            now=clock.now(),
        )
        return Response({"secret": secret})

    @extend_schema(request=None, responses={202: WebhookDeliverySerializer})
    @action(detail=True, methods=["post"])
    def test(self, request: Request, **kwargs: Any) -> Response:
        """Send a test event; how it went is in the delivery."""
        delivery = api.send_test(endpoint=self.get_object(), actor=self.actor, now=clock.now())
        return Response(WebhookDeliverySerializer(delivery).data, status=202)

    @extend_schema(request=ReplaySerializer, responses={202: ReplayedSerializer})
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, **kwargs: Any) -> Response:
        """Send the facts from an instant on again, for one key or for all."""
        body = ReplaySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        count = api.replay_since(endpoint=self.get_object(), **body.validated_data, actor=self.actor, now=clock.now())
        told = {"count": count, "missing_until": events.find_missing_until(body.validated_data["since"])}
        return Response(ReplayedSerializer(told).data, status=202)


class WebhookDeliveryFilter(django_filters.FilterSet):
    """What deliveries can be narrowed by."""

    endpoint = django_filters.UUIDFilter(field_name="endpoint__public_id")

    class Meta:
        model = WebhookDelivery
        fields = ("state", "type", "key", "event_id")


class WebhookDeliveryViewSet(ReadOnlyApiViewSet):
    """The delivery log, newest first."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "exchange.view",
        "retrieve": "exchange.view",
        "replay": "exchange.replay",
    }
    queryset = WebhookDelivery.objects.select_related("endpoint")
    serializer_class = WebhookDeliverySerializer
    pagination_class = KeysetPages
    keyset = ("-id",)
    filter_backends: Any = (DjangoFilterBackend,)
    filterset_class = WebhookDeliveryFilter

    @extend_schema(responses={200: WebhookDeliveryWithTriesSerializer})
    def retrieve(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """Answer with one delivery and all its tries."""
        delivery = self.get_object()
        hidden = [str(delivery.public_id)] if masking.masked_text(delivery.body) != delivery.body else []
        context = {"is_revealed": masking.reveal(request, hidden)}
        return Response(WebhookDeliveryWithTriesSerializer(delivery, context=context).data)

    @extend_schema(request=None, responses={202: WebhookDeliverySerializer})
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, **kwargs: Any) -> Response:
        """Send it again, from the first try and with the same id."""
        api.replay_delivery(delivery=self.get_object(), actor=self.actor, now=clock.now())
        return Response(WebhookDeliverySerializer(self.get_object()).data, status=202)
