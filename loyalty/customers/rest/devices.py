"""Routes of a customer's devices, for the operator's app."""

import uuid
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.customers import api
from loyalty.customers.models import PLATFORMS, Device
from loyalty.customers.queries import devices_of
from loyalty.foundation.kernel import clock
from loyalty.foundation.web.serializers import StrictSerializer
from loyalty.foundation.web.views import ApiView


class DeviceSerializer(serializers.ModelSerializer[Device]):
    """A device as answered; its token is never shown, because whoever has it can write to the telephone."""

    id = serializers.UUIDField(source="public_id")

    class Meta:
        model = Device
        fields = (
            "id",
            "device_ref",
            "platform",
            "app_version",
            "language",
            "seen_at",
            "disabled_at",
            "disabled_reason",
            "created_at",
        )


class DeviceWrite(StrictSerializer):
    """What the app knows of itself."""

    device_ref = serializers.CharField(max_length=200, help_text="The app's own name for itself; stays with it.")
    platform = serializers.ChoiceField(choices=PLATFORMS)
    token = serializers.CharField(max_length=4_096, trim_whitespace=False)
    app_version = serializers.CharField(max_length=50, required=False, allow_blank=True, default="")
    language = serializers.CharField(max_length=10, required=False, allow_blank=True, default="")


def customer_named(name: str) -> uuid.UUID:
    """Give the customer that an address names by public id or by reference.

    :raises CustomerNotFound: there is none.
    """
    found = api.find_named_customer(name)
    if found is None:
        raise api.CustomerNotFound()
    return found.id


class DevicesView(ApiView):
    """All devices of a customer."""

    permissions: ClassVar[dict[str, str]] = {"get": "customers.view", "post": "customers.manage_devices"}

    @extend_schema(responses={200: DeviceSerializer(many=True)})
    def get(self, request: Request, id: str) -> Response:
        """List them, the last seen first."""
        rows = devices_of(customer_named(id))
        return Response(DeviceSerializer(rows, many=True).data)

    @extend_schema(request=DeviceWrite, responses={200: DeviceSerializer})
    def post(self, request: Request, id: str) -> Response:
        """Register a device, or its new token."""
        body = DeviceWrite(data=request.data)
        body.is_valid(raise_exception=True)
        given: dict[str, Any] = body.validated_data
        device = api.register_device(customer_id=customer_named(id), **given, actor=self.actor, now=clock.now())
        return Response(DeviceSerializer(device).data)


class DeviceView(ApiView):
    """One device of a customer, by the app's own name for itself."""

    permissions: ClassVar[dict[str, str]] = {"delete": "customers.manage_devices"}

    @extend_schema(responses={204: None})
    def delete(self, request: Request, id: str, device_ref: str) -> Response:
        """Let nothing reach it any more."""
        api.remove_device(customer_id=customer_named(id), device_ref=device_ref, actor=self.actor, now=clock.now())
        return Response(status=204)
