"""The console's session as a way to be known."""

from typing import Any

from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request

from loyalty.foundation.kernel import clock
from loyalty.foundation.signing_in.operations import sessions
from loyalty.foundation.signing_in.rest.visitors import session_of, visitor_of


class ConsoleSession(SessionAuthentication):
    """A session's cookie, and with each write its CSRF token."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        """Give the user, and remember that the session was seen."""
        found = super().authenticate(request)
        session = session_of(request) if found is not None else None
        if session is not None:
            sessions.see(session=session, visitor=visitor_of(request), now=clock.now())
        return found
