"""Routes of access: signing in and out, users, roles, permissions, tokens."""

from datetime import timedelta
from typing import Any, ClassVar

from django.contrib.auth import login, logout
from django.db import transaction
from django.middleware.csrf import get_token as get_csrf_token
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.access import operations, policy
from loyalty.foundation.access.errors import CredentialsInvalid
from loyalty.foundation.access.models import ApiToken, Role, User
from loyalty.foundation.access.queries import view_of
from loyalty.foundation.access.rest import serializers
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel import clock
from loyalty.foundation.web.permissions import PUBLIC, SIGNED_IN
from loyalty.foundation.web.views import ApiView, ApiViewSet, ReadOnlyApiViewSet

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


class UserViewSet(ReadOnlyApiViewSet):
    """Users."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "access.view",
        "retrieve": "access.view",
        "create": "access.manage_users",
        "partial_update": "access.manage_users",
    }
    queryset = User.objects.prefetch_related("roles").order_by("username")
    serializer_class = serializers.UserSerializer
    ordering_fields: ClassVar[list[str]] = ["username", "created_at"]

    @extend_schema(request=serializers.NewUserSerializer, responses={201: serializers.UserSerializer})
    def create(self, request: Request) -> Response:
        """Create a user with roles."""
        body = serializers.NewUserSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        with transaction.atomic():
            view = operations.create_user(granter=signed_in(request), **body.validated_data)
            audit.record(
                actor=self.actor,
                act="access.manage_users",
                subject_kind="user",
                subject_ref=str(view.id),
                at=clock.now(),
                after={"username": view.username, "roles": list(view.roles)},
            )
        return self.respond_with(User.objects.get(public_id=view.id), status=201)

    @extend_schema(request=serializers.ChangedUserSerializer, responses={200: serializers.UserSerializer})
    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        """Change a user's address, state or roles."""
        user = self.get_object()
        body = serializers.ChangedUserSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        with transaction.atomic():
            before = {"email": user.email, "is_active": user.is_active, "roles": list(view_of(user).roles)}
            operations.change_user(user=user, granter=signed_in(request), **body.validated_data)
            after = {"email": user.email, "is_active": user.is_active, "roles": list(view_of(user).roles)}
            audit.record(
                actor=self.actor,
                act="access.manage_users",
                subject_kind="user",
                subject_ref=str(user.public_id),
                at=clock.now(),
                before=before,
                after=after,
            )
        return self.respond_with(self.get_object())


class RoleViewSet(ReadOnlyApiViewSet):
    """Roles."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "access.view",
        "retrieve": "access.view",
        "create": "access.manage_roles",
    }
    queryset = Role.objects.prefetch_related("grants").order_by("code")
    serializer_class = serializers.RoleSerializer

    @extend_schema(request=serializers.NewRoleSerializer, responses={201: serializers.RoleSerializer})
    def create(self, request: Request) -> Response:
        """Create a role; nobody grants beyond what they hold."""
        body = serializers.NewRoleSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        with transaction.atomic():
            role = operations.save_role(
                role=None,
                code=data["code"],
                name=data["name"],
                description=data["description"],
                patterns=data["permissions"],
                granter=signed_in(request),
            )
            audit.record(
                actor=self.actor,
                act="access.manage_roles",
                subject_kind="role",
                subject_ref=str(role.public_id),
                at=clock.now(),
                after={"code": role.code, "permissions": data["permissions"]},
            )
        return self.respond_with(role, status=201)


class PermissionViewSet(ApiViewSet):
    """The catalogue of permissions."""

    permissions: ClassVar[dict[str, str]] = {"list": "access.view"}
    serializer_class = serializers.PermissionSerializer

    def list(self, request: Request) -> Response:
        """List all permissions that domains registered."""
        rows = serializers.PermissionSerializer(policy.catalogue(), many=True).data
        return Response({"count": len(rows), "next": None, "previous": None, "results": rows})


class ApiTokenViewSet(ReadOnlyApiViewSet):
    """The caller's own API tokens."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "access.manage_tokens",
        "retrieve": "access.manage_tokens",
        "create": "access.manage_tokens",
        "destroy": "access.manage_tokens",
    }
    queryset = ApiToken.objects.none()
    serializer_class = serializers.TokenSerializer

    def get_queryset(self) -> Any:
        """Only the caller's own."""
        return ApiToken.objects.select_related("user").filter(user=self.request.user.pk).order_by("-id")

    @extend_schema(request=serializers.NewTokenSerializer, responses={201: serializers.TokenSerializer})
    def create(self, request: Request) -> Response:
        """Issue a token; its secret is in this answer and never again."""
        body = serializers.NewTokenSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        data, now = body.validated_data, clock.now()
        lifetime = timedelta(days=data["expires_in_days"]) if data["expires_in_days"] else None
        with transaction.atomic():
            issued = operations.create_token(
                user_id=signed_in(request).public_id,
                name=data["name"],
                now=now,
                scopes=data["scopes"],
                lifetime=lifetime,
            )
            audit.record(
                actor=self.actor,
                act="access.manage_tokens",
                subject_kind="token",
                subject_ref=str(issued.id),
                at=now,
                after={"name": data["name"], "scopes": data["scopes"]},
            )
        token = self.get_queryset().get(public_id=issued.id)
        return Response({**serializers.TokenSerializer(token).data, "secret": issued.secret}, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, **kwargs: Any) -> Response:
        """Revoke a token at once."""
        token, now = self.get_object(), clock.now()
        with transaction.atomic():
            operations.revoke_token(token=token, now=now)
            audit.record(
                actor=self.actor,
                act="access.manage_tokens",
                subject_kind="token",
                subject_ref=str(token.public_id),
                at=now,
                after={"revoked": True},
            )
        return Response(status=204)
