"""Every route: the headers of each answer, and a fault that tells nothing of the inside."""

import logging
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as live
from django.core.handlers.base import BaseHandler
from django.test import Client
from django.urls import ResolverMatch, URLPattern, URLResolver, get_resolver
from rest_framework.test import APIClient
from rest_framework.views import APIView

from loyalty.config.env import weakness_of
from tests.conftest import ClientWith

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Permitted-Cross-Domain-Policies": "none",
}
METHODS = ("get", "post", "put", "patch", "delete")
SOME_ID = "019d0000-0000-7000-8000-000000000000"
INSIDE = "inside-psycopg-SELECT-password-/srv/app"


def addresses(resolver: URLResolver | None = None, prefix: str = "/") -> Iterator[str]:
    """Give one address for each route of the URL list."""
    for entry in (resolver or get_resolver()).url_patterns:
        text = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from addresses(entry, text)
        elif isinstance(entry, URLPattern):
            yield plain(text)


def plain(pattern: str) -> str:
    """Fill a route's places in."""
    text = re.sub(r"\(\?P<\w+>[^)]*\)|<(?:\w+:)?\w+>", SOME_ID, pattern).replace("^", "").replace("$", "")
    return re.sub(r"\(\?!.*?\)|\.\*|\\Z", "", text).replace("\\", "").replace("//", "/")


ADDRESSES = sorted(set(addresses()))


def test_addresses__of_the_url_list__are_many() -> None:
    assert len(ADDRESSES) > 100


@pytest.mark.django_db
def test_headers__every_route_known_and_unknown__carries_them() -> None:
    client, lacking = APIClient(raise_request_exception=False), []
    for address in [*ADDRESSES, "/api/nothing/", "/nothing", "/%00", "/api/loyalty/v1/users/?page=x"]:
        answer = client.get(address)
        lacking += [f"{address} {n}: {answer.headers.get(n)}" for n, v in HEADERS.items() if answer.headers.get(n) != v]
        policy = answer.headers.get("Content-Security-Policy", "")
        script = re.search(r"script-src ([^;]*)", policy)
        if script is None or script[1] != "'self'" or "frame-ancestors 'none'" not in policy:
            lacking.append(f"{address} CSP: {policy}")
        if address.startswith("/api/") and "no-store" not in answer.headers.get("Cache-Control", ""):
            lacking.append(f"{address} may be kept: {answer.headers.get('Cache-Control')}")
        if "X-Request-ID" not in answer.headers:
            lacking.append(f"{address} has no request id")
    assert lacking == []


def broken(*arguments: Any, **options: Any) -> Any:
    """Break, with a message that must not get out."""
    raise RuntimeError(INSIDE)


@pytest.mark.django_db
def test_fault__in_every_route_and_method__is_a_problem_document_without_internals(
    client_with: ClientWith, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_with("*")
    client.raise_request_exception = False
    resolve = BaseHandler.resolve_request

    def break_plain_views(handler: BaseHandler, request: Any) -> ResolverMatch:
        match = resolve(handler, request)
        if not hasattr(match.func, "cls"):
            match.func = broken
        return match

    logging.disable()
    monkeypatch.setattr(APIView, "initial", broken)
    monkeypatch.setattr(BaseHandler, "resolve_request", break_plain_views)
    told, count = [], 0
    for address in ADDRESSES:
        for method in METHODS:
            answer = getattr(client, method)(address)
            count += 1
            text = answer.content.decode()
            is_problem = answer.headers["Content-Type"] == "application/problem+json"
            if answer.status_code not in (405, 500) or not is_problem or INSIDE in text or "Traceback" in text:
                told.append(f"{method} {address}: {answer.status_code} {text[:200]}")
            if answer.status_code == 500 and answer.json()["code"] != "fault":
                told.append(f"{method} {address}: {text[:200]}")
    logging.disable(logging.NOTSET)
    assert told == []
    assert count == len(ADDRESSES) * len(METHODS)


@pytest.mark.django_db
def test_body__longer_than_its_type_allows__is_refused_unread(admin_client: APIClient, settings: Any) -> None:
    settings.LOYALTY_REQUEST_BYTES_MAX = 1_000
    settings.LOYALTY_UPLOAD_BYTES_MAX = {"text/csv": 5_000}
    url = "/api/loyalty/v1/runs/"
    for media_type, size, status in [
        ("application/json", 1_001, 413), ("text/csv", 5_001, 413), ("text/plain", 1_001, 413),
        ("text/csv; charset=utf-8", 4_000, 405), ("TEXT/CSV", 5_001, 413), ("application/json", 900, 405),
    ]:  # fmt: skip
        answer = admin_client.generic("POST", url, " " * size, content_type=media_type)
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json"), media_type


@pytest.mark.django_db
def test_cookies__of_a_session__are_for_this_site_alone(settings: Any) -> None:
    assert live.SESSION_COOKIE_HTTPONLY and live.SESSION_COOKIE_SAMESITE in ("Lax", "Strict")
    assert live.CSRF_COOKIE_SAMESITE in ("Lax", "Strict")


def deployed(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a management command as a deployment behind https would."""
    return subprocess.run(
        [sys.executable, "-m", "django", *arguments], capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "loyalty.config.settings.live", "LOYALTY_SECRET_KEY":
             secrets.token_urlsafe(48), "LOYALTY_PUBLIC_URL": "https://loyalty.example",
             "LOYALTY_ALLOWED_HOSTS": "loyalty.example", **environment},
    )  # fmt: skip


def test_check_deploy__behind_https__finds_nothing() -> None:
    answer = deployed("check", "--deploy", "--fail-level", "WARNING")
    assert (answer.returncode, answer.stdout.strip()) == (0, "System check identified no issues (0 silenced).")


def test_start__with_a_weak_secret__is_refused_in_one_sentence() -> None:
    answer = deployed("check", LOYALTY_SECRET_KEY="secret" * 10)
    assert answer.returncode != 0
    assert answer.stderr.strip().count("\n") == 0 and "LOYALTY_SECRET_KEY" in answer.stderr
    assert "secretsecret" not in answer.stderr


WEAK = (Path(__file__).parent / "weak_secrets.txt").read_text(encoding="utf-8").splitlines()


def test_weak_secrets__all__are_refused() -> None:
    assert len(WEAK) >= 50
    assert [value for value in WEAK if not weakness_of(value)] == []


def test_random_secrets__of_every_common_form__are_taken() -> None:
    made = [secrets.token_urlsafe(size) for size in (24, 32, 48) for _ in range(300)]
    made += [secrets.token_hex(size) for size in (16, 32) for _ in range(300)]
    assert sum(1 for value in made if weakness_of(value)) <= 1


def test_page__with_a_foreign_host_name__is_refused(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["loyalty.example"]
    answer = Client(raise_request_exception=False).get("/healthz", HTTP_HOST="evil.example")
    assert answer.status_code in (200, 400) and "evil.example" not in answer.content.decode()
