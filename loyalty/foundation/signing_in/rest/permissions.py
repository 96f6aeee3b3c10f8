"""What a sign-in is good for: nothing but its own completion while that is due, sensitive acts only with a fresh proof.

A view declares ``is_open_to_limited_sessions`` when it serves the completion, ``needs_recent_proof``, the names of its
actions or methods that are sensitive, and ``is_for_people_alone`` when it changes a person's own sign-in, which no
token of a program reaches.
"""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from loyalty.foundation.kernel import clock
from loyalty.foundation.signing_in import policy
from loyalty.foundation.signing_in.errors import PasswordChangeDue, SecondFactorDue, SignInNeeded, StepUpRequired
from loyalty.foundation.signing_in.models import Session
from loyalty.foundation.signing_in.operations import second_factor
from loyalty.foundation.signing_in.queries import find_session_of_token
from loyalty.foundation.signing_in.rest.visitors import session_of

_DUE = {"password": PasswordChangeDue, "second_factor": SecondFactorDue}


class SignInComplete(BasePermission):
    """Refuses what a session is not good for yet, or not any more."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Tell that the sign-in suffices.

        :raises PasswordChangeDue: the password must be changed first.
        :raises SecondFactorDue: a second factor must be set up first.
        :raises StepUpRequired: the act is sensitive and the last proof too old.
        :raises SignInNeeded: a program's token asks for what only a person does who has signed in.
        """
        if not getattr(request.user, "is_authenticated", False):
            return True  # what is open to everyone; the rest was refused before
        session = None if request.auth is not None else session_of(request)
        if session is not None and session.limited_by and not getattr(view, "is_open_to_limited_sessions", False):
            raise _DUE[session.limited_by]()
        name = getattr(view, "action", None) or (request.method or "").lower()
        is_change = request.method not in SAFE_METHODS and hasattr(view, name)
        if is_change and getattr(view, "is_for_people_alone", False):
            self._check_is_sign_in(request)
        if name in getattr(view, "needs_recent_proof", ()):
            self._check_proof(request, session)
        return True

    @staticmethod
    def _check_is_sign_in(request: Request) -> None:
        token_id = getattr(request.auth, "public_id", None)
        if token_id is not None and find_session_of_token(token_id, clock.now()) is None:
            raise SignInNeeded("Sign in to do this; a token does not reach there.")

    @staticmethod
    def _check_proof(request: Request, session: Session | None) -> None:
        now = clock.now()
        found = session
        token_id = getattr(request.auth, "public_id", None)
        if found is None and token_id is not None:
            # A program's own token cannot prove anything anew, its scopes bound it; a sign-in's token is a person's.
            found = find_session_of_token(token_id, now)
            if found is None:
                return
        if found is None or not policy.is_recent(found.proved_at, now):
            kinds = ["password"] if request.user.has_usable_password() else []  # type: ignore[union-attr]
            kinds += ["totp"] if second_factor.is_enrolled(request.user) else []
            raise StepUpRequired("Give your password or a code again, then repeat this.", kinds=kinds)
