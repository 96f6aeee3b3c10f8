"""Limits per address, user and token at the edge, told in the headers of each answer.

The headers are those of draft-ietf-httpapi-ratelimit-headers: ``RateLimit-Policy: "user";q=3000;w=60`` says the
limit, ``RateLimit: "user";r=2999;t=42`` how many are left and for how many seconds, and a refused request gets
``Retry-After``.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.errors import TooMany, Unauthenticated
from loyalty.foundation.web import limits
from loyalty.foundation.web.actors import actor_of
from loyalty.foundation.web.addresses import address_of, network_of
from loyalty.foundation.web.problems import problem_response

WINDOW_S = 60
STANDINGS_KEY = "loyalty.limits"


class RateLimited(TooMany):
    """More requests within the window than the limit allows."""

    code = "rate.limited"
    title = "Too many requests"


def limit_named(name: str) -> limits.Limit | None:
    """Give the limit of a kind of asker as the settings say it, or None where the kind has none."""
    quota = settings.LOYALTY_RATE_LIMITS.get(name)
    return limits.Limit(name, int(quota), WINDOW_S) if quota else None


def headers_of(standings: list[limits.Standing]) -> dict[str, str]:
    """Give the headers that tell how the limits stand."""
    if not standings:
        return {}
    policies = ", ".join(f'"{s.limit.name}";q={s.limit.quota};w={s.limit.window_s}' for s in standings)
    rests = ", ".join(f'"{s.limit.name}";r={s.remaining};t={s.resets_in_s}' for s in standings)
    return {"RateLimit-Policy": policies, "RateLimit": rests}


class AddressLimit:
    """Counts each request to the API by its address, before anything else is done for it, and writes the headers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or refuse with 429."""
        limit = limit_named("address")
        if limit is None or not request.path.startswith("/api/"):
            return self.get_response(request)
        standings: list[limits.Standing] = []
        request.META[STANDINGS_KEY] = standings
        want = limits.Want(limit, network_of(address_of(request)))
        standing = limits.spend(want, now=clock.now(), is_closed=False)
        if standing is not None:
            standings.append(standing)
        if standing is not None and standing.is_refused:
            response = problem_response(
                request, 429, RateLimited.code, RateLimited.title, sentence(standing),
                headers={"Retry-After": str(standing.resets_in_s)},
            )  # fmt: skip
        else:
            response = self.get_response(request)
        for name, value in headers_of(standings).items():
            response[name] = value
        return response


class ActorLimit(BaseThrottle):
    """Counts each request by the user or the token behind it; where points move, nothing passes uncounted."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Tell that the request may go on.

        :raises RateLimited: the limit is spent.
        :raises LimitsUnavailable: the route moves money and nobody can count.
        """
        try:
            actor = actor_of(request)
        except Unauthenticated:
            return True  # counted by its address
        limit = limit_named(actor.kind)
        if limit is None:
            return True
        name = getattr(view, "action", None) or (request.method or "").lower()
        code = str(getattr(view, "permissions", {}).get(name, ""))
        is_money = request.method not in ("GET", "HEAD", "OPTIONS") and code.startswith(settings.LOYALTY_LIMITS_CLOSED)
        standing = limits.spend(limits.Want(limit, actor.ref), now=clock.now(), is_closed=is_money)
        if standing is None:
            return True
        request.META.get(STANDINGS_KEY, []).append(standing)
        if standing.is_refused:
            raise RateLimited(sentence(standing), retry_after_s=standing.resets_in_s)
        return True


def sentence(standing: limits.Standing) -> str:
    """Say which limit is spent and when to come back."""
    limit = standing.limit
    return f"At most {limit.quota} requests in {limit.window_s} seconds; try again in {standing.resets_in_s} seconds."
