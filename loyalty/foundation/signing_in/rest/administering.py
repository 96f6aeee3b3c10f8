"""Routes by which an administrator helps others with their sign-in."""

from typing import Any, ClassVar

from django.contrib.auth import get_user_model
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.access import api as access
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.errors import NotFound
from loyalty.foundation.kernel.ids import PublicIdInvalid, parse_public_id
from loyalty.foundation.signing_in import api
from loyalty.foundation.signing_in.rest import serializers
from loyalty.foundation.signing_in.rest.own import rows_of
from loyalty.foundation.web.views import ApiView

MANAGE = "access.manage_users"


class UserView(ApiView):
    """A route about one user; who holds more than the asker is out of reach."""

    needs_recent_proof: ClassVar[frozenset[str]] = frozenset({"post", "delete"})

    def user_of(self, id: str) -> Any:
        """Give the user that the address names.

        :raises NotFound: there is none.
        :raises GrantBeyondOwn: a change is asked for, and the user may more than the asker.
        """
        try:
            user = get_user_model().objects.filter(public_id=parse_public_id(id)).first()
        except PublicIdInvalid as refusal:
            raise NotFound("There is no such object.") from refusal
        if user is None:
            raise NotFound("There is no such object.")
        if self.request.method != "GET":
            # With a reset the account's rights would be the asker's: also those of their own account to a narrow token.
            scopes = getattr(self.request.auth, "scopes", ())
            access.check_not_above(self.request.user.narrowed_to(scopes), user)  # type: ignore[union-attr]
        return user


class SignInStateView(UserView):
    """How a user signs in."""

    permissions: ClassVar[dict[str, str]] = {"get": MANAGE}

    @extend_schema(responses={200: serializers.SignInStateAnswer})
    def get(self, request: Request, id: str) -> Response:
        """Tell password, second factor, slowing and open sessions."""
        user = self.user_of(id)
        state = api.get_state(user, clock.now())
        return Response(
            {
                "has_password": state.has_password,
                "password_changed_at": state.password_changed_at,
                "must_change_password": state.must_change_password,
                "has_second_factor": state.has_second_factor,
                "is_slowed_until": state.is_slowed_until,
                "sessions": rows_of(user, None),
            }
        )


class PasswordResetView(UserView):
    """A token for a new password."""

    permissions: ClassVar[dict[str, str]] = {"post": MANAGE}

    @extend_schema(request=None, responses={200: serializers.ResetTokenAnswer})
    def post(self, request: Request, id: str) -> Response:
        """Give it, once; the user sets the password with it within a day."""
        issued = api.issue_reset(user=self.user_of(id), actor=self.actor, now=clock.now())
        return Response({"token": issued.secret, "expires_at": issued.expires_at})


class MustChangePasswordView(UserView):
    """A password that must be changed."""

    permissions: ClassVar[dict[str, str]] = {"post": MANAGE}

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, id: str) -> Response:
        """End the user's sessions; after the next sign-in nothing goes on before the password is changed."""
        api.demand_change(user=self.user_of(id), actor=self.actor, now=clock.now())
        return Response(status=204)


class UserSecondFactorView(UserView):
    """A second factor that was lost."""

    permissions: ClassVar[dict[str, str]] = {"delete": MANAGE}

    @extend_schema(responses={204: None})
    def delete(self, request: Request, id: str) -> Response:
        """Remove it; where a role demands one, the user sets a new one up at the next sign-in."""
        api.remove(user=self.user_of(id), actor=self.actor, now=clock.now())
        return Response(status=204)


class UnlockView(UserView):
    """An account that strangers slowed down."""

    permissions: ClassVar[dict[str, str]] = {"post": MANAGE}

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, id: str) -> Response:
        """Let attempts begin anew."""
        api.unlock(user=self.user_of(id), actor=self.actor, now=clock.now())
        return Response(status=204)


class UserSessionsView(UserView):
    """All sessions of a user."""

    permissions: ClassVar[dict[str, str]] = {"delete": MANAGE}

    @extend_schema(responses={204: None})
    def delete(self, request: Request, id: str) -> Response:
        """End them at once."""
        api.end_all_of(user=self.user_of(id), actor=self.actor, now=clock.now())
        return Response(status=204)
