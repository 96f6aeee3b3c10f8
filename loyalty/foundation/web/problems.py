"""Every refusal and every fault leaves as an RFC 9457 problem document with a stable code."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import DataError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions
from rest_framework.response import Response

from loyalty.foundation.kernel import errors
from loyalty.foundation.kernel.approving import WaitsForApproval
from loyalty.foundation.kernel.exact_json import dumps_exact
from loyalty.foundation.web.parsers import ExactJSONRenderer
from loyalty.foundation.web.waiting import waiting_response

log = logging.getLogger("loyalty.web")

CONTENT_TYPE = "application/problem+json"

FAMILY_STATUS: tuple[tuple[type[errors.Refusal], HTTPStatus], ...] = (
    (errors.Unprocessable, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.Unauthenticated, HTTPStatus.UNAUTHORIZED),
    (errors.Forbidden, HTTPStatus.FORBIDDEN),
    (errors.NotFound, HTTPStatus.NOT_FOUND),
    (errors.Conflict, HTTPStatus.CONFLICT),
    (errors.PreconditionFailed, HTTPStatus.PRECONDITION_FAILED),
    (errors.TooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (errors.TooMany, HTTPStatus.TOO_MANY_REQUESTS),
    (errors.Unavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (errors.Invalid, HTTPStatus.BAD_REQUEST),
)

# Django's and DRF's own refusals, by class, with the code that we promise for them.
FRAMEWORK_CODES: tuple[tuple[type[Exception], HTTPStatus, str, str], ...] = (
    (exceptions.ParseError, HTTPStatus.BAD_REQUEST, "request.malformed", "Malformed request"),
    (exceptions.NotAuthenticated, HTTPStatus.UNAUTHORIZED, "unauthenticated", "Sign in first"),
    (exceptions.AuthenticationFailed, HTTPStatus.UNAUTHORIZED, "credentials.invalid", "Credentials not accepted"),
    (exceptions.PermissionDenied, HTTPStatus.FORBIDDEN, "forbidden", "Not allowed"),
    (DjangoPermissionDenied, HTTPStatus.FORBIDDEN, "forbidden", "Not allowed"),
    (exceptions.NotFound, HTTPStatus.NOT_FOUND, "not_found", "Not found"),
    (Http404, HTTPStatus.NOT_FOUND, "not_found", "Not found"),
    (exceptions.MethodNotAllowed, HTTPStatus.METHOD_NOT_ALLOWED, "method.not_allowed", "Method not allowed"),
    (exceptions.NotAcceptable, HTTPStatus.NOT_ACCEPTABLE, "media.not_acceptable", "Not acceptable"),
    (exceptions.UnsupportedMediaType, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "media.unsupported", "Send JSON"),
    (exceptions.Throttled, HTTPStatus.TOO_MANY_REQUESTS, "rate.limited", "Too many requests"),
    (RequestDataTooBig, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "request.too_large", "Request too large"),
    (SuspiciousOperation, HTTPStatus.BAD_REQUEST, "request.malformed", "Malformed request"),
    (DataError, HTTPStatus.BAD_REQUEST, "value.out_of_range", "A value is out of range"),
    (OperationalError, HTTPStatus.SERVICE_UNAVAILABLE, "database.unavailable", "Not available now"),
)


def problem_body(
    status: int,
    code: str,
    title: str,
    detail: str,
    instance: str,
    problems: Sequence[Mapping[str, str]] = (),
    facts: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Build the members of a problem document."""
    body: dict[str, Any] = {
        "type": f"urn:khaywe:problem:{code}",
        "title": title,
        "status": int(status),
        "detail": detail,
        "code": code,
        "instance": instance,
        "errors": list(problems),
    }
    # A fact of the refusal never takes the place of a member that every problem document has.
    return {**body, **{name: value for name, value in (facts or {}).items() if name not in body}}


def status_of(refusal: errors.Refusal) -> HTTPStatus:
    """Give the HTTP status of a refusal's family."""
    return next((status for family, status in FAMILY_STATUS if isinstance(refusal, family)), HTTPStatus.BAD_REQUEST)


def _flatten(detail: Any, path: str = "") -> list[dict[str, str]]:
    """Turn DRF's nested validation detail into one row per place."""
    if isinstance(detail, Mapping):
        rows: list[dict[str, str]] = []
        for name, inner in detail.items():
            own = "" if name == "non_field_errors" else str(name)
            rows += _flatten(inner, ".".join(part for part in (path, own) if part))
        return rows
    if isinstance(detail, list):
        rows = []
        for position, inner in enumerate(detail):
            nested = isinstance(inner, Mapping | list)
            rows += _flatten(inner, f"{path}.{position}".lstrip(".") if nested else path)
        return rows
    return [{"field": path, "code": str(getattr(detail, "code", "invalid")), "message": str(detail)}]


def describe(exception: Exception, instance: str) -> dict[str, Any] | None:
    """Give the problem document of a refusal, or None for a fault."""
    if isinstance(exception, errors.Refusal):
        places = [{"field": p.field, "code": p.code, "message": p.message} for p in exception.problems]
        return problem_body(
            status_of(exception), exception.code, exception.title, exception.detail, instance, places, exception.facts
        )
    if isinstance(exception, exceptions.ValidationError):
        places = _flatten(exception.detail)
        return problem_body(400, "invalid", "Invalid input", "The input has errors.", instance, places)
    for kind, status, code, title in FRAMEWORK_CODES:
        if isinstance(exception, kind):
            said = str(getattr(exception, "detail", "")) or title
            return problem_body(status, code, title, said, instance)
    return None


def fault_body(exception: BaseException, instance: str) -> dict[str, Any]:
    """Log a fault once and give a document that tells nothing of the inside."""
    log.error("fault while answering %s", instance, exc_info=exception)
    return problem_body(500, "fault", "Something broke", "The fault was logged with this request's id.", instance)


def handle_exception(exception: Exception, context: Mapping[str, Any]) -> Response:
    """Answer any exception of a DRF view; operations own their transactions, so nothing is left open here."""
    if isinstance(exception, WaitsForApproval):
        return waiting_response(exception.waiting)
    request = context.get("request")
    instance = request.path if request is not None else ""
    body = describe(exception, instance) or fault_body(exception, instance)
    if request is not None:
        # A route that answers in another form (a schema, a file) refuses in this one all the same.
        request.accepted_renderer, request.accepted_media_type = ExactJSONRenderer(), CONTENT_TYPE
    headers: dict[str, str] = {}
    if getattr(exception, "auth_header", None):
        headers["WWW-Authenticate"] = str(exception.auth_header)  # type: ignore[attr-defined]
    if getattr(exception, "wait", None):
        headers["Retry-After"] = str(int(exception.wait))  # type: ignore[attr-defined]
    if "retry_after_s" in body:
        headers["Retry-After"] = str(body["retry_after_s"])
    if body["status"] == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.setdefault("Retry-After", "5")
    return Response(body, status=body["status"], headers=headers, content_type=CONTENT_TYPE)


def problem_response(
    request: HttpRequest, status: int, code: str, title: str, detail: str = "", headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """Answer a plain Django request with a problem document."""
    body = problem_body(status, code, title, detail or title, request.path)
    return HttpResponse(dumps_exact(body), status=status, content_type=CONTENT_TYPE, headers=dict(headers or {}))


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer an address that leads nowhere."""
    return problem_response(request, 404, "not_found", "Not found", "There is nothing at this address.")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer a request that Django itself refused."""
    if isinstance(exception, RequestDataTooBig):
        return problem_response(request, 413, "request.too_large", "Request too large")
    return problem_response(request, 400, "request.malformed", "Malformed request")


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer a request that Django's own checks forbade."""
    return problem_response(request, 403, "forbidden", "Not allowed")


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a write that a session made without its CSRF token."""
    return problem_response(request, 403, "forbidden", "Not allowed", reason)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a fault outside DRF views."""
    return problem_response(request, 500, "fault", "Something broke", "The fault was logged.")
