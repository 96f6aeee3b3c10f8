"""Who stands at the door: address, browser, and the cookie by which a device is known."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from loyalty.foundation.signing_in import policy
from loyalty.foundation.signing_in.contracts import Visitor
from loyalty.foundation.web.addresses import address_of

DEVICE_COOKIE = "khaywe_device"
AGENT_LENGTH_MAX = 200
DEVICE_LENGTH_MAX = 100


def visitor_of(request: Any) -> Visitor:
    """Give the visitor of a request of Django or DRF."""
    agent = "".join(letter for letter in request.headers.get("User-Agent", "") if letter.isprintable())
    device = request.COOKIES.get(DEVICE_COOKIE, "")
    return Visitor(address_of(request), agent[:AGENT_LENGTH_MAX], device if len(device) <= DEVICE_LENGTH_MAX else "")


def set_device_cookie(response: Any, secret: str) -> None:
    """Let the browser keep the secret by which the account knows it."""
    response.set_cookie(
        DEVICE_COOKIE,
        secret,
        max_age=int(policy.DEVICE_LIFETIME.total_seconds()),
        path="/api/auth/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def session_of(request: Any) -> Any:
    """Give the row of the browser's session, or None where there is none."""
    inner: HttpRequest = getattr(request, "_request", request)
    return getattr(getattr(inner, "session", None), "row", None)
