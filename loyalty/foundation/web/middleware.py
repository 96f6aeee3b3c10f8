"""Request ids, the limit of size before anything is read, and the headers that every answer carries."""

import re
from collections.abc import Callable, Mapping

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from loyalty.foundation.kernel import origin
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.foundation.web.addresses import address_of
from loyalty.foundation.web.problems import problem_response

Answer = Callable[[HttpRequest], HttpResponse]
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestId:
    """Takes the caller's ``X-Request-ID`` when it is harmless, else makes one; answers and logs carry it."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer with the id in the header."""
        given = request.headers.get("X-Request-ID", "")
        request_id = given if REQUEST_ID.fullmatch(given) else str(new_public_id())
        request.META["loyalty.request_id"] = request_id
        came_from = origin.coming_from(address_of(request), request.headers.get("User-Agent", ""), request_id)
        with structlog.contextvars.bound_contextvars(request_id=request_id), came_from:
            response = self.get_response(request)
        response["X-Request-ID"] = request_id
        return response


class BodyLimit:
    """Refuses a body that says it is too long for what it is, before a byte of it is read."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or refuse with 413."""
        length = request.META.get("CONTENT_LENGTH") or "0"
        limit = self.limit_of(request)
        if length.isdigit() and int(length) > limit:
            return problem_response(
                request, 413, "request.too_large", "Request too large", f"A request has at most {limit} bytes."
            )
        return self.get_response(request)

    @staticmethod
    def limit_of(request: HttpRequest) -> int:
        """Give the most bytes that a body of this media type may have."""
        media_type = (request.META.get("CONTENT_TYPE") or "").partition(";")[0].strip().lower()
        limit: int = settings.LOYALTY_UPLOAD_BYTES_MAX.get(media_type, settings.LOYALTY_REQUEST_BYTES_MAX)
        return limit


class SecurityHeaders:
    """The policy that lets the console load nothing from another host and run no inline script."""

    POLICY = (
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; "
        "frame-ancestors 'none'"
    )
    HEADERS: Mapping[str, str] = {
        "Content-Security-Policy": POLICY,
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Permitted-Cross-Domain-Policies": "none",
    }

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer with the headers; what the API says of a person is kept by no cache on the way."""
        response = self.get_response(request)
        for name, value in self.HEADERS.items():
            response.headers.setdefault(name, value)
        if request.path.startswith("/api/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response
