"""Limits on how often: exact under parallel requests, told in headers, closed for money when Redis is down."""

import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from loyalty.foundation.kernel import clock
from loyalty.foundation.signing_in.operations import counting
from loyalty.foundation.web import limits
from loyalty.foundation.web.limits import Limit, LimitsUnavailable, Want
from tests.conftest import ClientWith

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
V1 = "/api/loyalty/v1"


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Begin with no lot, and end with Redis in use again and the counter that stands in for it."""
    limits.forget_lots()
    yield
    limits.forget_lots()
    limits.use_counter(counting.count)


@pytest.fixture
def redis_off(settings: Any) -> None:
    """Nobody listens at the address of Redis."""
    settings.REDIS_URL = f"redis://127.0.0.1:1/{secrets.randbelow(9)}"


def together(number: int, call: Callable[[], bool]) -> Counter[bool]:
    """Call as often, from 50 threads that wait for each other at the start."""
    gate = threading.Barrier(50)

    def share(_: int) -> list[bool]:
        gate.wait()
        return [call() for _ in range(number // 50)]

    with ThreadPoolExecutor(50) as pool:
        return Counter(answer for answers in pool.map(share, range(50)) for answer in answers)


def test_reserve__500_at_once_against_10__lets_exactly_10_through() -> None:
    want = Want(Limit("ten", 10, 60), "anna")
    assert together(500, lambda: limits.reserve([want], now=NOON).refused is None) == {True: 10, False: 490}


def test_spend__500_at_once_against_10__lets_exactly_10_through() -> None:
    want = Want(Limit("ten", 10, 60), "anna")

    def passes() -> bool:
        standing = limits.spend(want, now=NOON, is_closed=True)
        return standing is not None and not standing.is_refused

    assert together(500, passes) == {True: 10, False: 490}


def test_spend__large_quota__is_taken_in_lots_and_never_passed() -> None:
    want = Want(Limit("many", 2_000, 60), "anna")
    standings = [limits.spend(want, now=NOON, is_closed=True) for _ in range(2_500)]
    assert sum(1 for standing in standings if standing is not None and not standing.is_refused) == 2_000


def test_reserve__one_of_two_is_spent__takes_none_of_the_other() -> None:
    spent, other = Want(Limit("one", 1, 60), "anna"), Want(Limit("two", 5, 60), "anna")
    limits.reserve([spent], now=NOON)
    outcome = limits.reserve([other, spent], now=NOON)
    assert outcome.refused is not None and outcome.refused.limit.name == "one"
    assert limits.reserve([other], now=NOON).standings[0].remaining == 4


def test_reserve__window_over__begins_anew() -> None:
    want = Want(Limit("one", 1, 60), "anna")
    assert limits.reserve([want], now=NOON).refused is None
    refused = limits.reserve([want], now=NOON + timedelta(seconds=18)).refused
    assert refused is not None and refused.resets_in_s == 42
    assert limits.reserve([want], now=NOON + timedelta(seconds=60)).refused is None


def test_give_back_and_forget__return_permits() -> None:
    want = Want(Limit("two", 2, 60), "anna")
    for _ in range(5):
        assert limits.reserve([want], now=NOON).refused is None
        limits.give_back([want])
    limits.reserve([want], now=NOON)
    limits.forget([want])
    assert limits.reserve([want], now=NOON).standings[0].remaining == 1


def test_spend__redis_down__is_open_or_closed_as_asked(redis_off: None, caplog: pytest.LogCaptureFixture) -> None:
    want = Want(Limit("ten", 10, 60), "anna")
    limits._State.told_at = -100.0
    limits.use_counter(None)
    assert limits.spend(want, now=NOON, is_closed=False) is None
    assert "without being counted" in caplog.text, "open, but told"
    with pytest.raises(LimitsUnavailable):
        limits.spend(want, now=NOON, is_closed=True)
    with pytest.raises(LimitsUnavailable):
        limits.reserve([want], now=NOON)


@pytest.mark.django_db
def test_requests__beyond_the_limit_of_a_token__are_refused_with_headers(
    client_with: ClientWith, settings: Any
) -> None:
    settings.LOYALTY_RATE_LIMITS = {"token": 3, "address": 1_000}
    client = client_with("work.view")
    with clock.use(clock.FixedClock(NOON)):
        answers = [client.get(f"{V1}/runs/") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[0]["RateLimit-Policy"] == '"address";q=1000;w=60, "token";q=3;w=60'
        assert answers[2]["RateLimit"].endswith('"token";r=0;t=60')
        assert (answers[3]["Retry-After"], answers[3].json()["code"]) == ("60", "rate.limited")
        assert client_with("work.view").get(f"{V1}/runs/").status_code == 200, "another token has a limit of its own"
    with clock.use(clock.FixedClock(NOON + timedelta(seconds=61))):
        assert client.get(f"{V1}/runs/").status_code == 200


@pytest.mark.django_db
def test_requests__beyond_the_limit_of_an_address__are_refused_before_anything_is_done(settings: Any) -> None:
    settings.LOYALTY_RATE_LIMITS = {"address": 2}
    with clock.use(clock.FixedClock(NOON)):
        answers = [APIClient().get(f"{V1}/runs/", REMOTE_ADDR="192.0.2.7") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [401, 401, 429]
        assert answers[2]["Content-Security-Policy"] and answers[2]["Retry-After"] == "60"
        assert APIClient().get(f"{V1}/runs/", REMOTE_ADDR="192.0.2.8").status_code == 401
        same_line = [APIClient().get(f"{V1}/runs/", REMOTE_ADDR=f"2001:db8:1:1::{i}").status_code for i in range(1, 4)]
        assert same_line == [401, 401, 429], "one line's /64 is one address"
    assert Client().get("/healthz").status_code == 200, "pages outside of the API are not counted"


@pytest.mark.django_db
def test_requests__redis_down__reads_pass_and_money_is_counted_or_refused(
    redis_off: None, client_with: ClientWith, settings: Any
) -> None:
    settings.LOYALTY_RATE_LIMITS = {"token": 2, "address": 1_000}
    limits.use_counter(None)
    client = client_with("work.view", "points.earn")
    reads = [client.get(f"{V1}/runs/") for _ in range(5)]
    assert [answer.status_code for answer in reads] == [200] * 5
    assert "RateLimit" not in reads[0], "nothing is told of what nobody counts"
    money = client.post(f"{V1}/services/points/earn/", {})
    assert (money.status_code, money.json()["code"]) == (503, "rate.unavailable")
    assert money["Retry-After"]
