"""Events from outside: a batch, by a token or signed with a source's secret."""

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from loyalty.customers import api
from loyalty.customers.models import EventSource
from loyalty.customers.rest import serializers
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.web import scoping
from loyalty.foundation.web.views import ApiView

RECEIVE = "events.receive"
# Events that come by a token share one space of event ids: the same purchase sent with two tokens earns once.
TOKEN_SOURCE = "api"


class SigningSource:
    """A source as the one that asks: it may send events and nothing else."""

    is_authenticated = True

    def __init__(self, source: EventSource) -> None:
        self.source = source
        self.pk = source.pk

    def has_permission(self, code: str) -> bool:
        """Tell whether the permission is held."""
        return code == RECEIVE

    def as_actor(self) -> Actor:
        """Give the actor."""
        return Actor(kind="partner", ref=str(self.source.public_id), name=self.source.code)


class SignedBody(BaseAuthentication):
    """The headers of Standard Webhooks, with ``Webhook-Source`` for who signed."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """Give the source that signed, or None when the call is not signed.

        :raises SignatureInvalid: the source is unknown or the signature does not fit.
        :raises SignatureExpired: signed too far from now.
        """
        code = request.headers.get("Webhook-Source", "")
        if not code:
            return None
        source = api.check_signature(
            code=code,
            message_id=request.headers.get("Webhook-Id", ""),
            timestamp=request.headers.get("Webhook-Timestamp", ""),
            signatures=request.headers.get("Webhook-Signature", ""),
            body=request._request.body,
            now=clock.now(),
        )
        return SigningSource(source), None


class SignedBodyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes the signature to readers of the schema."""

    target_class = SignedBody
    name = "signedBody"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Give the definition."""
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Webhook-Signature",
            "description": "v1,base64(HMAC-SHA256(secret, id.timestamp.body)), with Webhook-Source, -Id and -Timestamp",
        }


class CustomerEventsView(ApiView):
    """Events of customers, at most 1,000 in one call."""

    permissions: ClassVar[dict[str, str]] = {"post": RECEIVE}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"partner": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"event_data.partner_ref": "partner"}
    scoped_batch = "events"
    authentication_classes = (SignedBody, *APIView.authentication_classes)

    @extend_schema(request=serializers.InboundEventsSerializer, responses={202: serializers.EventsReportSerializer})
    def post(self, request: Request) -> Response:
        """Take the events in; each counts once, and bad ones are told by their index."""
        body = serializers.EventsEnvelopeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        sender: object = request.user
        source = sender.source.code if isinstance(sender, SigningSource) else TOKEN_SOURCE
        report = api.receive_events(raw=body.validated_data["events"], source=source, now=clock.now())
        return Response(dataclasses.asdict(report), status=202)
