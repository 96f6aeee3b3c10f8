"""Routes about the own sign-in: password, second factor, sessions."""

from typing import Any, ClassVar

from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.password_validation import get_default_password_validators
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.ids import PublicIdInvalid, parse_public_id
from loyalty.foundation.signing_in import api, policy
from loyalty.foundation.signing_in.errors import SessionNotFound
from loyalty.foundation.signing_in.models import SecondFactor, Session
from loyalty.foundation.signing_in.queries import find_session_of_token
from loyalty.foundation.signing_in.rest import serializers
from loyalty.foundation.signing_in.rest.visitors import session_of, visitor_of
from loyalty.foundation.web.permissions import PUBLIC, SIGNED_IN
from loyalty.foundation.web.views import ApiView


def current_session(request: Request) -> Session | None:
    """Give the session that asks, by its cookie or by its token."""
    token_id = getattr(request.auth, "public_id", None)
    found: Session | None = find_session_of_token(token_id, clock.now()) if token_id else session_of(request)
    return found


def rows_of(user: Any, current: Session | None) -> list[dict[str, Any]]:
    """Give the open sessions of a user, the one that asks marked."""
    rows = list(api.list_open_sessions(user, clock.now()))
    for row in rows:
        row.is_current = current is not None and row.pk == current.pk  # type: ignore[attr-defined]
    return list(serializers.SessionRow(rows, many=True).data)


class PasswordView(ApiView):
    """The own password."""

    permissions: ClassVar[dict[str, str]] = {"get": SIGNED_IN, "post": SIGNED_IN}
    is_for_people_alone = True
    is_open_to_limited_sessions = True

    @extend_schema(responses={200: serializers.PasswordAnswer})
    def get(self, request: Request) -> Response:
        """Tell when it was changed and what a new one must be."""
        state = api.get_password_state(request.user)
        lengths = [getattr(validator, "min_length", 0) for validator in get_default_password_validators()]
        rules = {
            "length_min": max(lengths, default=0),
            "length_max": serializers.PASSWORD_LENGTH_MAX,
            "history": policy.PASSWORDS_REMEMBERED + 1,
        }
        return Response(
            {
                "has_password": request.user.has_usable_password(),  # type: ignore[union-attr]
                "changed_at": state.changed_at,
                "must_change": state.must_change,
                "rules": rules,
            }
        )

    @extend_schema(request=serializers.PasswordWrite, responses={204: None})
    def post(self, request: Request) -> Response:
        """Change it; all other sessions of yours end."""
        body = serializers.PasswordWrite(data=request.data)
        body.is_valid(raise_exception=True)
        session = current_session(request)
        api.change(
            user=request.user,
            old=body.validated_data["old_password"],
            new=body.validated_data["new_password"],
            keep=session.pk if session else None,
            visitor=visitor_of(request),
            now=clock.now(),
        )
        if request.auth is None:
            # The session that asked goes on, under a new key and with the new hash.
            update_session_auth_hash(request._request, request.user)  # type: ignore[arg-type]
            if session is not None:
                due = api.is_demanded(request.user) and not api.is_enrolled(request.user)
                api.unlimit(session=session, reason="password", then="second_factor" if due else "")
        return Response(status=204)


class ResetView(ApiView):
    """A new password with a token that an administrator gave."""

    permissions: ClassVar[dict[str, str]] = {"post": PUBLIC}
    authentication_classes = ()

    @extend_schema(request=serializers.ResetWrite, responses={204: None})
    def post(self, request: Request) -> Response:
        """Set it; all your sessions end."""
        body = serializers.ResetWrite(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        api.reset(token=data["token"], new=data["new_password"], visitor=visitor_of(request), now=clock.now())
        return Response(status=204)


class ForgottenView(ApiView):
    """A letter with a link for a new password."""

    permissions: ClassVar[dict[str, str]] = {"post": PUBLIC}
    authentication_classes = ()

    @extend_schema(request=serializers.ForgottenWrite, responses={202: None})
    def post(self, request: Request) -> Response:
        """Have it sent to whoever has this name, if they have an address; the answer does not tell whether they do."""
        body = serializers.ForgottenWrite(data=request.data)
        body.is_valid(raise_exception=True)
        api.ask_reset(username=body.validated_data["username"], visitor=visitor_of(request), now=clock.now())
        return Response(status=202)


class SecondFactorView(ApiView):
    """The own second factor."""

    permissions: ClassVar[dict[str, str]] = {"get": SIGNED_IN, "delete": SIGNED_IN}
    is_for_people_alone = True
    needs_recent_proof: ClassVar[frozenset[str]] = frozenset({"delete"})
    is_open_to_limited_sessions = True

    @extend_schema(responses={200: serializers.FactorAnswer})
    def get(self, request: Request) -> Response:
        """Tell how it stands."""
        found = SecondFactor.objects.filter(user=request.user.pk, confirmed_at__isnull=False).first()
        return Response(
            {
                "is_enrolled": found is not None,
                "enrolled_at": found.confirmed_at if found else None,
                "is_required": api.is_demanded(request.user),
                "recovery_codes_left": api.count_codes(request.user),
            }
        )

    @extend_schema(responses={204: None})
    def delete(self, request: Request) -> Response:
        """Remove it, unless a role demands it."""
        api.remove(user=request.user, now=clock.now())
        return Response(status=204)


class EnrolView(ApiView):
    """Setting a second factor up."""

    permissions: ClassVar[dict[str, str]] = {"post": SIGNED_IN}
    is_for_people_alone = True
    needs_recent_proof: ClassVar[frozenset[str]] = frozenset({"post"})
    is_open_to_limited_sessions = True

    @extend_schema(request=None, responses={200: serializers.EnrolmentAnswer})
    def post(self, request: Request) -> Response:
        """Give a secret; it counts once a code of it was given."""
        enrolment = api.enrol(user=request.user, now=clock.now())
        return Response({"secret": enrolment.secret, "uri": enrolment.uri, "qr_svg": enrolment.qr_svg})


class ConfirmView(ApiView):
    """The first code of a second factor."""

    permissions: ClassVar[dict[str, str]] = {"post": SIGNED_IN}
    is_for_people_alone = True
    needs_recent_proof: ClassVar[frozenset[str]] = frozenset({"post"})
    is_open_to_limited_sessions = True

    @extend_schema(request=serializers.CodeWrite, responses={200: serializers.RecoveryCodesAnswer})
    def post(self, request: Request) -> Response:
        """Begin to count it, and give the recovery codes, once."""
        body = serializers.CodeWrite(data=request.data)
        body.is_valid(raise_exception=True)
        code = body.validated_data["code"]
        codes = api.confirm(user=request.user, code=code, visitor=visitor_of(request), now=clock.now())
        session = current_session(request)
        if session is not None:
            api.unlimit(session=session, reason="second_factor", has_second_factor=True)
        return Response({"recovery_codes": codes})


class RecoveryCodesView(ApiView):
    """New recovery codes."""

    permissions: ClassVar[dict[str, str]] = {"post": SIGNED_IN}
    is_for_people_alone = True
    needs_recent_proof: ClassVar[frozenset[str]] = frozenset({"post"})

    @extend_schema(request=None, responses={200: serializers.RecoveryCodesAnswer})
    def post(self, request: Request) -> Response:
        """Give new ones, once; the old ones end."""
        codes = api.renew_codes(user=request.user, visitor=visitor_of(request), now=clock.now())
        return Response({"recovery_codes": codes})


class SessionsView(ApiView):
    """The own open sessions."""

    permissions: ClassVar[dict[str, str]] = {"get": SIGNED_IN}

    @extend_schema(responses={200: serializers.SessionsAnswer})
    def get(self, request: Request) -> Response:
        """List them, the newest first."""
        return Response({"results": rows_of(request.user, current_session(request))})


class SessionView(ApiView):
    """One open session of one's own."""

    permissions: ClassVar[dict[str, str]] = {"delete": SIGNED_IN}
    is_for_people_alone = True

    @extend_schema(responses={204: None})
    def delete(self, request: Request, id: str) -> Response:
        """End it at once."""
        try:
            session_id = parse_public_id(id)
        except PublicIdInvalid as fault:
            raise SessionNotFound() from fault
        api.end_one(user=request.user, session_id=session_id, actor=self.actor, now=clock.now())
        return Response(status=204)


class EndOthersView(ApiView):
    """All own sessions but the one that asks."""

    permissions: ClassVar[dict[str, str]] = {"post": SIGNED_IN}
    is_for_people_alone = True

    @extend_schema(request=None, responses={200: serializers.EndedAnswer})
    def post(self, request: Request) -> Response:
        """End them at once."""
        session = current_session(request)
        ended = api.end_others(
            user=request.user, actor=self.actor, but=session.pk if session else None, now=clock.now()
        )
        return Response({"ended": ended})
