"""Routes of coming in and going out."""

from typing import Any, ClassVar

from django.contrib.auth import get_user_model, login, logout
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.access import api as access
from loyalty.foundation.kernel import clock
from loyalty.foundation.signing_in import api
from loyalty.foundation.signing_in.contracts import Challenge, Entry
from loyalty.foundation.signing_in.queries import digest_of, find_session_of_token, lifetime
from loyalty.foundation.signing_in.rest import serializers
from loyalty.foundation.signing_in.rest.visitors import session_of, set_device_cookie, visitor_of
from loyalty.foundation.web.permissions import PUBLIC, SIGNED_IN
from loyalty.foundation.web.views import ApiView

BACKEND = "django.contrib.auth.backends.ModelBackend"


def let_in(request: Any, entry: Entry, *, hint: str = "") -> tuple[Any, str | None]:
    """Begin the session of a sign-in that succeeded; the user and the bearer token are given.

    The session gets a key of its own, so that one who planted a key before the sign-in does not get in with it.
    """
    now, visitor = clock.now(), visitor_of(request)
    user = get_user_model().objects.get(pk=entry.user_id)
    login(request, user, backend=BACKEND)
    if request.session.session_key is None:
        request.session.save()
    digest = digest_of(str(request.session.session_key))
    token = api.begin(digest=digest, user=user, entry=entry, visitor=visitor, hint=hint, now=now)
    return user, token


def answer_for(request: Request, entry: Entry) -> Response:
    """Answer a sign-in that succeeded, and let the browser be known to the account from now on."""
    user, token = let_in(request._request, entry)
    view = access.view_of(user)
    body = {
        "token": token,
        "expires_at": clock.now() + lifetime(),
        "user": {
            "id": str(view.id),
            "username": view.username,
            "email": view.email,
            "roles": list(view.roles),
            "permissions": list(view.permissions),
        },
        "must_change_password": entry.limited_by == "password",
        "second_factor_due": entry.limited_by == "second_factor",
    }
    response = Response(body)
    set_device_cookie(response, api.remember_device(user=user, visitor=visitor_of(request), now=clock.now()))
    return response


class LoginView(ApiView):
    """Sign in with user name and password."""

    permissions: ClassVar[dict[str, str]] = {"post": PUBLIC}
    authentication_classes = ()

    @extend_schema(
        request=serializers.LoginWrite,
        responses={200: serializers.LoginAnswer, 202: serializers.ChallengeAnswer},
    )
    def post(self, request: Request) -> Response:
        """Answer with a token and set the session cookie, or ask for a code of the second factor."""
        body = serializers.LoginWrite(data=request.data)
        body.is_valid(raise_exception=True)
        entered = api.enter(**body.validated_data, visitor=visitor_of(request), now=clock.now())
        if isinstance(entered, Challenge):
            kinds = ["totp", "recovery_code"]
            facts = {"challenge": entered.token, "expires_at": entered.expires_at, "kinds": kinds}
            return Response({"second_factor": facts}, status=202)
        return answer_for(request, entered)


class VerifyView(ApiView):
    """The second step of a sign-in."""

    permissions: ClassVar[dict[str, str]] = {"post": PUBLIC}
    authentication_classes = ()

    @extend_schema(request=serializers.SecondStepWrite, responses={200: serializers.LoginAnswer})
    def post(self, request: Request) -> Response:
        """Take the code that the first step asked for."""
        body = serializers.SecondStepWrite(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        entry = api.answer(
            token=data["challenge"],
            code=data["code"],
            recovery_code=data["recovery_code"],
            visitor=visitor_of(request),
            now=clock.now(),
        )
        return answer_for(request, entry)


class LogoutView(ApiView):
    """Sign out."""

    permissions: ClassVar[dict[str, str]] = {"post": SIGNED_IN}
    is_open_to_limited_sessions = True

    @extend_schema(request=None, responses={200: serializers.EndSessionAnswer, 204: None})
    def post(self, request: Request) -> Response:
        """End the session and its token; tell where to sign out of the identity provider, if one was used."""
        session, url = session_of(request), ""
        token_id = getattr(request.auth, "public_id", None)
        if token_id is not None:
            own = find_session_of_token(token_id, clock.now())
            access.revoke_tokens(token_ids=[token_id], now=clock.now())
            if own is not None:
                api.end(rows=[own], reason="signed_out", now=clock.now())
        elif session is not None:
            url = api.end_session_url(session)
        logout(request._request)
        return Response({"end_session_url": url}) if url else Response(status=204)


class StepUpView(ApiView):
    """A fresh proof for sensitive acts."""

    permissions: ClassVar[dict[str, str]] = {"post": SIGNED_IN}
    is_open_to_limited_sessions = True

    @extend_schema(request=serializers.StepUpWrite, responses={204: None})
    def post(self, request: Request) -> Response:
        """Take the password or a code again."""
        body = serializers.StepUpWrite(data=request.data)
        body.is_valid(raise_exception=True)
        data, now = body.validated_data, clock.now()
        token_id = getattr(request.auth, "public_id", None)
        session = find_session_of_token(token_id, now) if token_id else session_of(request)
        if data["code"]:
            api.verify_code(user=request.user, code=data["code"], now=now)
        else:
            api.prove_password(user=request.user, password=data["password"], now=now)
        if session is not None:
            api.prove(session=session, user=request.user, visitor=visitor_of(request), now=now)
        return Response(status=204)
