"""Bearer tokens for programs; the console uses Django's session."""

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from loyalty.foundation.access.errors import TokenInvalid
from loyalty.foundation.access.operations import touch_token
from loyalty.foundation.access.queries import get_token
from loyalty.foundation.kernel import clock
from loyalty.foundation.web.addresses import address_of

SCHEME = "bearer"


class BearerToken(BaseAuthentication):
    """``Authorization: Bearer <token>``."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """Give user and token, or None when another scheme is used.

        :raises TokenInvalid: malformed, unknown or revoked.
        :raises TokenExpired: no longer good.
        """
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != SCHEME:
            return None
        if not secret.strip() or not secret.isascii():
            raise TokenInvalid()
        now = clock.now()
        token = get_token(secret.strip(), now, address_of(request._request))
        touch_token(token=token, now=now)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Give the challenge that makes DRF answer 401 rather than 403."""
        return "Bearer"
