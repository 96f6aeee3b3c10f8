"""Routes of roles: what they give, and to whom. Nobody grants beyond what they hold, in permission, scope and limit."""

import uuid
from typing import Any, ClassVar

import django_filters
from django.db import transaction
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.access import operations, policy
from loyalty.foundation.access.contracts import PatternGiven, UserKind
from loyalty.foundation.access.errors import RoleUnknown, UserNotFound
from loyalty.foundation.access.models import SCOPES, Role, RolePermission, User, UserRole
from loyalty.foundation.access.operations import asking
from loyalty.foundation.access.rest import auditing, serializers
from loyalty.foundation.access.rest.views import granter_of
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.grants import Scope
from loyalty.foundation.web.etag import if_match
from loyalty.foundation.web.views import ApiViewSet, ReadOnlyApiViewSet
from loyalty.foundation.web.waiting import WaitingAnswer

MANAGE = "access.manage_roles"
MANAGE_USERS = "access.manage_users"


def pattern_of(given: dict[str, Any]) -> PatternGiven:
    """Put what was sent into the words of the domain."""
    return PatternGiven(given["permission"], Scope(given["scope"]), given["points_max"])


class RoleViewSet(ReadOnlyApiViewSet):
    """Roles."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "access.view",
        "retrieve": "access.view",
        "create": MANAGE,
        "partial_update": MANAGE,
        "destroy": MANAGE,
    }
    queryset = Role.objects.prefetch_related("grants").order_by("code")
    serializer_class = serializers.RoleSerializer

    @extend_schema(
        request=serializers.NewRoleSerializer, responses={201: serializers.RoleSerializer, 202: WaitingAnswer}
    )
    def create(self, request: Request) -> Response:
        """Create a role; nobody grants beyond what they hold. 202 where changes of roles wait for others."""
        body = serializers.NewRoleSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        made = asking.create_role(
            code=data["code"],
            name=data["name"],
            description=data["description"],
            patterns=[pattern_of(one) for one in data["permissions"]],
            granter=granter_of(request),
            actor=self.actor,
            now=clock.now(),
        )
        return self.respond_with(self.get_queryset().get(public_id=made), status=201)

    @extend_schema(
        request=serializers.ChangedRoleSerializer, responses={200: serializers.RoleSerializer, 202: WaitingAnswer}
    )
    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        """Change a role of one's own making; ``permissions`` is always the whole list."""
        role = self.get_object()
        body = serializers.ChangedRoleSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        data = dict(body.validated_data)
        patterns = data.pop("permissions", None)
        asking.change_role(
            role=role,
            granter=granter_of(request),
            patterns=None if patterns is None else [pattern_of(one) for one in patterns],
            actor=self.actor,
            now=clock.now(),
            check_version=if_match(request),
            **data,
        )
        return self.respond_with(self.get_object())

    @extend_schema(responses={204: None, 202: WaitingAnswer})
    def destroy(self, request: Request, **kwargs: Any) -> Response:
        """Delete a role that nobody holds."""
        asking.delete_role(role=self.get_object(), granter=granter_of(request), actor=self.actor, now=clock.now())
        return Response(status=204)


class PermissionViewSet(ApiViewSet):
    """The catalogue of permissions."""

    permissions: ClassVar[dict[str, str]] = {"list": "access.view"}
    serializer_class = serializers.PermissionSerializer

    def list(self, request: Request) -> Response:
        """List all permissions that domains registered."""
        rows = serializers.PermissionSerializer(policy.catalogue(), many=True).data
        return Response({"count": len(rows), "next": None, "previous": None, "results": rows})


class RolePermissionFilter(django_filters.FilterSet):
    """By role, pattern and scope."""

    role = django_filters.CharFilter(field_name="role__code")
    permission = django_filters.CharFilter(field_name="pattern")
    scope = django_filters.ChoiceFilter(choices=SCOPES)

    class Meta:
        model = RolePermission
        fields: list[str] = []


class RolePermissionViewSet(ReadOnlyApiViewSet):
    """Which role gives which permission, where and up to how many points."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "access.view",
        "retrieve": "access.view",
        "create": MANAGE,
        "destroy": MANAGE,
    }
    queryset = RolePermission.objects.select_related("role").order_by("role__code", "pattern", "scope")
    serializer_class = serializers.RolePermissionSerializer
    filter_backends: Any = (DjangoFilterBackend,)
    filterset_class = RolePermissionFilter

    @extend_schema(
        request=serializers.NewRolePermission, responses={201: serializers.RolePermissionSerializer, 202: WaitingAnswer}
    )
    def create(self, request: Request) -> Response:
        """Give a role one more permission; the same again with another limit changes the limit."""
        body = serializers.NewRolePermission(data=request.data)
        body.is_valid(raise_exception=True)
        made = asking.add_pattern(
            role=role_of(body.validated_data["role"]),
            given=pattern_of(body.validated_data),
            granter=granter_of(request),
            actor=self.actor,
            now=clock.now(),
        )
        return self.respond_with(made, status=201)

    @extend_schema(responses={204: None, 202: WaitingAnswer})
    def destroy(self, request: Request, **kwargs: Any) -> Response:
        """Take a permission from a role."""
        asking.remove_pattern(granted=self.get_object(), granter=granter_of(request), actor=self.actor, now=clock.now())
        return Response(status=204)


class UserRoleFilter(django_filters.FilterSet):
    """By user and role."""

    user = django_filters.UUIDFilter(field_name="user__public_id")
    role = django_filters.CharFilter(field_name="role__code")

    class Meta:
        model = UserRole
        fields: list[str] = []


class UserRoleViewSet(ReadOnlyApiViewSet):
    """Who holds which role, and for which programs and partners."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "access.view",
        "retrieve": "access.view",
        "create": MANAGE_USERS,
        "destroy": MANAGE_USERS,
    }
    scoped_by = {"own": "user__public_id"}  # noqa: RUF012 - declared by the base
    queryset = UserRole.objects.select_related("user", "role").order_by("user__username", "role__code")
    serializer_class = serializers.UserRoleSerializer
    filter_backends: Any = (DjangoFilterBackend,)
    filterset_class = UserRoleFilter

    @extend_schema(request=serializers.NewUserRole, responses={201: serializers.UserRoleSerializer, 202: WaitingAnswer})
    def create(self, request: Request) -> Response:
        """Have a user hold a role, for the programs and partners named; it counts with the user's next request."""
        body = serializers.NewUserRole(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        user, role = user_of(data["user"]), role_of(data["role"])
        asking.assign_role(
            user=user,
            role=role,
            scope_refs=data["scope_refs"],
            granter=granter_of(request),
            actor=self.actor,
            now=clock.now(),
        )
        return self.respond_with(UserRole.objects.select_related("user", "role").get(user=user, role=role), status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, **kwargs: Any) -> Response:
        """Take a role from a user, with effect from the user's next request."""
        held = self.get_object()
        with transaction.atomic():
            before = {"role": held.role.code, "scope_refs": list(held.scope_refs)}
            operations.take_role(held=held, granter=granter_of(request))
            auditing.record(self.actor, MANAGE_USERS, ("user", held.user.public_id), before=before)
        return Response(status=204)


def role_of(code: str) -> Role:
    """Find a role by its code.

    :raises RoleUnknown: there is none.
    """
    role = Role.objects.filter(code=code).first()
    if role is None:
        raise RoleUnknown(f"There is no role {code!r}.")
    return role


def user_of(user_id: uuid.UUID, *, kind: UserKind | None = None) -> User:
    """Find a user by public id, of a kind when one is asked for.

    :raises UserNotFound: there is none.
    """
    rows = User.objects.all() if kind is None else User.objects.filter(kind=kind)
    user = rows.filter(public_id=user_id).first()
    if user is None:
        raise UserNotFound()
    return user
