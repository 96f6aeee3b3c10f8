"""Routes of tokens: one's own, those of services, and the keys of partners."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.access import operations
from loyalty.foundation.access.contracts import IssuedToken, UserKind
from loyalty.foundation.access.errors import UserNotFound
from loyalty.foundation.access.models import ApiToken, User
from loyalty.foundation.access.operations.tokens import OVERLAP_DEFAULT
from loyalty.foundation.access.rest import auditing, serializers
from loyalty.foundation.access.rest.roles import user_of
from loyalty.foundation.access.rest.views import signed_in, token_of
from loyalty.foundation.kernel import clock
from loyalty.foundation.web.permissions import grant_for
from loyalty.foundation.web.views import ReadOnlyApiViewSet

MANAGE = "access.manage_tokens"
MANAGE_PARTNERS = "access.manage_partner_keys"


def end_of(data: dict[str, Any], now: datetime) -> datetime | None:
    """Give when a token of so many days ends; None for one that does not."""
    days = data["expires_in_days"]
    return now + timedelta(days=days) if days else None


class IssuingViewSet(ReadOnlyApiViewSet):
    """Base of the routes that issue, rotate and revoke tokens."""

    queryset = ApiToken.objects.none()
    serializer_class: Any = serializers.TokenSerializer
    act: ClassVar[str] = MANAGE

    def answer(self, issued: IssuedToken) -> Response:
        """Answer with the token and its secret, which is never told again."""
        token = self.get_queryset().get(public_id=issued.id)
        return Response({**self.get_serializer(token).data, "secret": issued.secret}, status=201)

    def note(self, issued: IssuedToken, after: dict[str, Any]) -> None:
        """Write the audit row of a token that was issued."""
        auditing.record(self.actor, self.act, ("token", issued.id), after=after)

    def rotated(self, request: Request) -> Response:
        """Issue the token that takes another's place."""
        old = self.get_object()
        body = serializers.RotationSerializer(data=request.data or {})
        body.is_valid(raise_exception=True)
        hours = body.validated_data["overlap_hours"]
        overlap = OVERLAP_DEFAULT if hours is None else timedelta(hours=hours)
        with transaction.atomic():
            issued = operations.rotate_token(
                token=old, overlap=overlap, now=clock.now(), granter=signed_in(request), narrowed_by=token_of(request)
            )
            self.note(issued, {"replaces": str(old.public_id), "overlap_hours": overlap.total_seconds() / 3600})
        return self.answer(issued)

    def revoked(self) -> Response:
        """End a token at once."""
        token, now = self.get_object(), clock.now()
        with transaction.atomic():
            operations.revoke_token(token=token, now=now)
            auditing.record(self.actor, self.act, ("token", token.public_id), after={"revoked": True})
        return Response(status=204)


class ApiTokenViewSet(IssuingViewSet):
    """API tokens: the caller's own, and those of services for who manages users."""

    permissions: ClassVar[dict[str, str]] = {
        "list": MANAGE,
        "retrieve": MANAGE,
        "create": MANAGE,
        "rotate": MANAGE,
        "destroy": MANAGE,
    }
    scoped_by = {"own": "user__public_id"}  # noqa: RUF012 - declared by the base
    # A token outlives the session that made it, so its maker proves again who they are.
    needs_recent_proof: ClassVar[frozenset[str]] = frozenset({"create", "rotate"})

    def get_queryset(self) -> QuerySet[ApiToken]:
        """The caller's own; those of services too for who may manage users everywhere."""
        users = grant_for(self.request, "access.manage_users")
        wanted = Q(user=self.request.user.pk)
        if users is not None and users.is_everywhere:
            wanted |= Q(user__kind=UserKind.SERVICE)
        return ApiToken.objects.select_related("user", "replaced_by").filter(wanted).order_by("-id")

    @extend_schema(request=serializers.NewTokenSerializer, responses={201: serializers.IssuedTokenSerializer})
    def create(self, request: Request) -> Response:
        """Issue a token for oneself or a service; its secret is in this answer and never again."""
        body = serializers.NewTokenSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        data, granter = body.validated_data, signed_in(request)
        with transaction.atomic():
            issued = operations.issue_token(
                user=self._owner(data, granter),
                name=data["name"],
                scopes=data["scopes"],
                networks=data["networks"],
                expires_at=end_of(data, clock.now()),
                narrowed_by=token_of(request),
                granter=granter,
            )
            self.note(issued, {"name": data["name"], "scopes": data["scopes"], "networks": data["networks"]})
        return self.answer(issued)

    def _owner(self, data: dict[str, Any], granter: User) -> User:
        """Find whose token it is to be: one's own, or a service's that the caller may manage.

        :raises NotFound: no such user, or one for whom the caller issues none.
        """
        if data["user"] in (None, granter.public_id):
            return granter
        if grant_for(self.request, "access.manage_users") is None:
            raise UserNotFound()
        return user_of(data["user"], kind=UserKind.SERVICE)

    @extend_schema(request=serializers.RotationSerializer, responses={201: serializers.IssuedTokenSerializer})
    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, **kwargs: Any) -> Response:
        """Issue the token that takes this one's place; both are good until the overlap ends."""
        return self.rotated(request)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, **kwargs: Any) -> Response:
        """Revoke a token at once."""
        return self.revoked()


class PartnerKeyViewSet(IssuingViewSet):
    """The keys of partners: scopes, addresses from which they are accepted, an end."""

    permissions: ClassVar[dict[str, str]] = {
        "list": MANAGE_PARTNERS,
        "retrieve": MANAGE_PARTNERS,
        "create": MANAGE_PARTNERS,
        "rotate": MANAGE_PARTNERS,
        "destroy": MANAGE_PARTNERS,
    }
    scoped_by = {"partner": "user__partner_ref"}  # noqa: RUF012 - declared by the base
    scoped_names = {"partner_ref": "partner"}  # noqa: RUF012 - declared by the base
    serializer_class = serializers.PartnerKeySerializer
    act = MANAGE_PARTNERS

    def get_queryset(self) -> QuerySet[ApiToken]:
        """Those of all partners."""
        rows = ApiToken.objects.select_related("user", "replaced_by").filter(user__kind=UserKind.PARTNER)
        return rows.order_by("-id")

    @extend_schema(request=serializers.NewPartnerKey, responses={201: serializers.IssuedPartnerKey})
    def create(self, request: Request) -> Response:
        """Issue a key for a partner; its secret is in this answer and never again."""
        body = serializers.NewPartnerKey(data=request.data)
        body.is_valid(raise_exception=True)
        data, granter = body.validated_data, signed_in(request)
        with transaction.atomic():
            issued = operations.issue_token(
                user=operations.ensure_partner(partner_ref=data["partner_ref"], granter=granter),
                name=data["name"],
                scopes=data["scopes"],
                networks=data["networks"],
                expires_at=end_of(data, clock.now()),
                narrowed_by=token_of(request),
                granter=granter,
            )
            told = {name: data[name] for name in ("partner_ref", "name", "scopes", "networks")}
            self.note(issued, told)
        return self.answer(issued)

    @extend_schema(request=serializers.RotationSerializer, responses={201: serializers.IssuedPartnerKey})
    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, **kwargs: Any) -> Response:
        """Issue the key that takes this one's place; both are good until the overlap ends."""
        return self.rotated(request)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, **kwargs: Any) -> Response:
        """Revoke a key at once."""
        return self.revoked()
