"""Routes of users: who there is, which roles they hold, and why they may what they may."""

import dataclasses
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.access.contracts import UserKind
from loyalty.foundation.access.models import User
from loyalty.foundation.access.operations import asking
from loyalty.foundation.access.queries import list_effective
from loyalty.foundation.access.rest import serializers
from loyalty.foundation.access.rest.views import granter_of
from loyalty.foundation.kernel import clock
from loyalty.foundation.web.views import ReadOnlyApiViewSet
from loyalty.foundation.web.waiting import WaitingAnswer

MANAGE = "access.manage_users"


class UserViewSet(ReadOnlyApiViewSet):
    """Users; one who manages nobody sees just themselves where their role says so."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "access.view",
        "retrieve": "access.view",
        "effective_permissions": "access.view",
        "create": MANAGE,
        "partial_update": MANAGE,
    }
    scoped_by = {"own": "public_id"}  # noqa: RUF012 - declared by the base
    queryset = User.objects.prefetch_related("held__role").order_by("username")
    serializer_class = serializers.UserSerializer
    ordering_fields: ClassVar[list[str]] = ["username", "created_at"]

    @extend_schema(
        request=serializers.NewUserSerializer, responses={201: serializers.UserSerializer, 202: WaitingAnswer}
    )
    def create(self, request: Request) -> Response:
        """Create a person, or a service that is known by its tokens alone, with roles.

        202 where roles wait for others: the user is there, and holds none yet.
        """
        body = serializers.NewUserSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = {**body.validated_data, "kind": UserKind(body.validated_data["kind"])}
        made = asking.create_user(granter=granter_of(request), actor=self.actor, now=clock.now(), **given)
        return self.respond_with(self.get_queryset().get(public_id=made), status=201)

    @extend_schema(
        request=serializers.ChangedUserSerializer, responses={200: serializers.UserSerializer, 202: WaitingAnswer}
    )
    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        """Change a user's address, state or roles; what is taken away counts with the user's next request.

        202 where a change that gives roles waits for others; then nothing of it is made yet.
        """
        user = self.get_object()
        body = serializers.ChangedUserSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        asking.change_user(
            user=user, changes=body.validated_data, granter=granter_of(request), actor=self.actor, now=clock.now()
        )
        return self.respond_with(self.get_object())

    @extend_schema(responses={200: serializers.EffectivePermissionsAnswer}, filters=False)
    @action(detail=True, methods=["get"], url_path="effectivePermissions", pagination_class=None)
    def effective_permissions(self, request: Request, **kwargs: Any) -> Response:
        """Why may she? Every permission, whether it is held, where, up to how many points, and by which roles."""
        user = self.get_object()
        rows = [dataclasses.asdict(one) for one in list_effective(user)]
        answer = {"user": user.public_id, "username": user.username, "is_active": user.is_active, "results": rows}
        return Response(serializers.EffectivePermissionsAnswer(answer).data)
