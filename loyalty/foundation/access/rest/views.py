"""Routes of access for the one who is signed in: signing in and out, who am I, may I."""

from datetime import timedelta
from typing import Any, ClassVar

from django.contrib.auth import login, logout
from django.middleware.csrf import get_token as get_csrf_token
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.access import operations
from loyalty.foundation.access.errors import CredentialsInvalid
from loyalty.foundation.access.models import ApiToken, User
from loyalty.foundation.access.queries import view_of
from loyalty.foundation.access.rest import serializers
from loyalty.foundation.kernel import clock
from loyalty.foundation.web.permissions import PUBLIC, SIGNED_IN
from loyalty.foundation.web.views import ApiView

# A working day; the console's own session lasts as long.
LOGIN_LIFETIME = timedelta(hours=12)


def signed_in(request: Request) -> User:
    """Give the user of a request that passed its permission.

    :raises CredentialsInvalid: nobody is signed in.
    """
    if not isinstance(request.user, User):
        raise CredentialsInvalid()
    return request.user


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


class LoginView(ApiView):
    """Sign in with user name and password."""

    permissions: ClassVar[dict[str, str]] = {"post": PUBLIC}
    authentication_classes = ()

    @extend_schema(request=serializers.LoginSerializer, responses={200: dict})
    def post(self, request: Request) -> Response:
        """Answer with a token and set the session cookie."""
        body = serializers.LoginSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        user = User.objects.filter(username=body.validated_data["username"]).first()
        known = user or User(password="")
        # An unknown name costs one hashing too, so that names cannot be told apart by time.
        fits = known.check_password(body.validated_data["password"]) if user else self._spend(body.validated_data)
        if user is None or not fits or not user.is_active:
            raise CredentialsInvalid()
        login(request._request, user, backend="django.contrib.auth.backends.ModelBackend")
        now = clock.now()
        token = operations.create_token(user_id=user.public_id, name="login", now=now, lifetime=LOGIN_LIFETIME)
        return Response({"token": token.secret, "expires_at": token.expires_at, "user": user_body(user)})

    @staticmethod
    def _spend(data: dict[str, Any]) -> bool:
        User().set_password(data["password"])
        return False


class LogoutView(ApiView):
    """Sign out."""

    permissions: ClassVar[dict[str, str]] = {"post": SIGNED_IN}

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """End the session and the token that was used."""
        if isinstance(request.auth, ApiToken):
            operations.revoke_token(token=request.auth, now=clock.now())
        logout(request._request)
        return Response(status=204)


class MeView(ApiView):
    """Who is signed in."""

    permissions: ClassVar[dict[str, str]] = {"get": SIGNED_IN}

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
