"""Routes of signing in by an identity provider; a browser goes through them, so refusals lead to the sign-in page."""

from typing import Any, ClassVar
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponseRedirect
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.errors import Refusal
from loyalty.foundation.signing_in import api
from loyalty.foundation.signing_in.errors import ProviderOff
from loyalty.foundation.signing_in.rest import serializers
from loyalty.foundation.signing_in.rest.entering import let_in
from loyalty.foundation.signing_in.rest.visitors import set_device_cookie, visitor_of
from loyalty.foundation.web.permissions import PUBLIC
from loyalty.foundation.web.views import ApiView

FLOW_COOKIE = "khaywe_flow"
FLOW_PATH = "/api/auth/session/oidc/"
TEXT_LENGTH_MAX = 2000


def to_sign_in(refusal: Refusal) -> Any:
    """Lead the browser back to the sign-in page, which says by the code what went wrong."""
    return HttpResponseRedirect(f"/sign-in?{urlencode({'refused': refusal.code})}")


class ProviderView(ApiView):
    """Whether one can sign in by an identity provider."""

    permissions: ClassVar[dict[str, str]] = {"get": PUBLIC}
    authentication_classes = ()

    @extend_schema(responses={200: serializers.ProviderAnswer})
    def get(self, request: Request) -> Response:
        """Tell, and what to call it."""
        try:
            return Response({"is_enabled": True, "name": api.provider_section()["name"]})
        except ProviderOff:
            return Response({"is_enabled": False, "name": ""})


class DepartView(ApiView):
    """The way to the provider."""

    permissions: ClassVar[dict[str, str]] = {"get": PUBLIC}
    authentication_classes = ()

    @extend_schema(parameters=[OpenApiParameter("next", str)], responses={302: None})
    def get(self, request: Request) -> Any:
        """Send the browser there."""
        try:
            departure = api.depart(
                next_path=request.query_params.get("next", "/"), visitor=visitor_of(request), now=clock.now()
            )
        except Refusal as refusal:
            return to_sign_in(refusal)
        response = HttpResponseRedirect(departure.url)
        # Lax, because the provider's redirect back is a navigation from another site.
        response.set_cookie(
            FLOW_COOKIE,
            departure.browser,
            max_age=600,
            path=FLOW_PATH,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
        return response


class ArriveView(ApiView):
    """The way back from the provider."""

    permissions: ClassVar[dict[str, str]] = {"get": PUBLIC}
    authentication_classes = ()

    @extend_schema(
        parameters=[OpenApiParameter(name, str) for name in ("state", "code", "iss", "error")], responses={302: None}
    )
    def get(self, request: Request) -> Any:
        """Begin the session and send the browser to where it wanted to go."""
        told = {name: request.query_params.get(name, "")[:TEXT_LENGTH_MAX] for name in ("state", "code", "iss")}
        visitor = visitor_of(request)
        try:
            arrival = api.arrive(
                state=told["state"],
                code="" if "error" in request.query_params else told["code"],
                issuer=told["iss"],
                browser=request.COOKIES.get(FLOW_COOKIE, ""),
                visitor=visitor,
                now=clock.now(),
            )
        except Refusal as refusal:
            api.note_refused_arrival(refusal.code, visitor=visitor, now=clock.now())
            return to_sign_in(refusal)
        user, _ = let_in(request._request, arrival.entry, hint=arrival.id_token)
        response = HttpResponseRedirect(arrival.next_path)
        response.delete_cookie(FLOW_COOKIE, path=FLOW_PATH)
        set_device_cookie(response, api.remember_device(user=user, visitor=visitor, now=clock.now()))
        return response
