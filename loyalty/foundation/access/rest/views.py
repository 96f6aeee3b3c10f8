"""Routes of access for the one who is signed in: who am I, may I."""

from typing import Any, ClassVar

from django.middleware.csrf import get_token as get_csrf_token
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.access.errors import CredentialsInvalid
from loyalty.foundation.access.models import ApiToken, User
from loyalty.foundation.access.queries import view_of
from loyalty.foundation.access.rest import serializers
from loyalty.foundation.web.permissions import SIGNED_IN
from loyalty.foundation.web.views import ApiView


def signed_in(request: Request) -> User:
    """Give the user of a request that passed its permission.

    :raises CredentialsInvalid: nobody is signed in.
    """
    if not isinstance(request.user, User):
        raise CredentialsInvalid()
    return request.user


def token_of(request: Request) -> ApiToken | None:
    """Give the token with which a request asks, if it does with one."""
    return request.auth if isinstance(request.auth, ApiToken) else None


def granter_of(request: Request) -> User:
    """Give the user of a request as one who gives rights and touches users: no more than a token that asks reaches.

    :raises CredentialsInvalid: nobody is signed in.
    """
    token = token_of(request)
    return signed_in(request).narrowed_to(token.scopes if token else ())


def user_body(user: User) -> dict[str, Any]:
    """Give the signed-in user with roles and permissions."""
    view = view_of(user)
    return {
        "id": str(view.id),
        "username": view.username,
        "email": view.email,
        "roles": list(view.roles),
        "permissions": list(view.permissions),
    }


class MeView(ApiView):
    """Who is signed in."""

    permissions: ClassVar[dict[str, str]] = {"get": SIGNED_IN}
    # Also a session that may do nothing else yet (foundation/signing_in) is told who it is.
    is_open_to_limited_sessions = True

    @extend_schema(responses={200: dict})
    def get(self, request: Request) -> Response:
        """Answer with the user, roles and permissions, and set the CSRF cookie."""
        get_csrf_token(request._request)
        return Response(user_body(signed_in(request)))


class CheckPermissionView(ApiView):
    """May I?"""

    permissions: ClassVar[dict[str, str]] = {"post": SIGNED_IN}

    @extend_schema(request=serializers.CheckPermissionSerializer, responses={200: dict})
    def post(self, request: Request) -> Response:
        """Answer whether the caller holds a permission."""
        body = serializers.CheckPermissionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        code = body.validated_data["permission"]
        holders = [holder for holder in (request.user, request.auth) if isinstance(holder, User | ApiToken)]
        return Response({"permission": code, "allowed": all(holder.has_permission(code) for holder in holders)})
