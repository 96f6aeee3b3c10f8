"""Counting in PostgreSQL, beside Redis and in its place: exact under parallel requests, all or nothing."""

import secrets
import threading
from collections import Counter as Tally
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from loyalty.foundation.signing_in.models import Counter
from loyalty.foundation.signing_in.operations import counting
from loyalty.foundation.web import limits
from loyalty.foundation.web.limits import Limit, Want
from tests.conftest import ClientWith

TEN = Want(Limit("ten", 10, 60), "anna")


@pytest.fixture(autouse=True)
def counted_here() -> Iterator[None]:
    """PostgreSQL counts where Redis does not answer, as the platform sets it up."""
    limits.forget_lots()
    limits.use_counter(counting.count)
    yield
    limits.forget_lots()


@pytest.fixture
def redis_off(settings: Any) -> None:
    """Nobody listens at the address of Redis."""
    settings.REDIS_URL = f"redis://127.0.0.1:1/{secrets.randbelow(9)}"


def together(number: int, call: Callable[[], bool]) -> Tally[bool]:
    """Call as often, from 10 threads with a connection each that wait for each other at the start."""
    gate = threading.Barrier(10)

    def share(_: int) -> list[bool]:
        try:
            gate.wait()
            return [call() for _ in range(number // 10)]
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        return Tally(answer for answers in pool.map(share, range(10)) for answer in answers)


@pytest.mark.django_db(transaction=True)
def test_count__500_at_once_against_10__lets_exactly_10_through(now: datetime) -> None:
    assert together(500, lambda: counting.count([TEN], [1], now)[0][0] == 1) == {True: 10, False: 490}


@pytest.mark.django_db(transaction=True)
def test_spend__redis_down_and_money__500_at_once_against_10__lets_exactly_10_through(
    now: datetime, redis_off: None
) -> None:
    def passes() -> bool:
        standing = limits.spend(TEN, now=now, is_closed=True)
        return standing is not None and not standing.is_refused

    assert together(500, passes) == {True: 10, False: 490}


@pytest.mark.django_db
def test_count__one_of_two_refuses__takes_none_of_the_other(now: datetime) -> None:
    one = Want(Limit("one", 1, 60), "anna")
    assert counting.count([one], [1], now) == [(1, 0, int((now.timestamp() + 60) * 1000))]
    granted = [row[0] for row in counting.count([TEN, one], [1, 1], now)]
    assert granted == [0, -1]
    assert not Counter.objects.filter(key=TEN.key).exists()
    later = now + timedelta(seconds=60)
    assert [row[0] for row in counting.count([TEN, one], [1, 1], later)] == [1, 1]


@pytest.mark.django_db
def test_count__lots__are_whole_or_single_and_never_beyond_the_quota(now: datetime) -> None:
    lots = [counting.count([TEN], [4], now)[0][0] for _ in range(6)]
    assert lots == [4, 4, 1, 1, -1, -1]
    assert Counter.objects.get(key=TEN.key).taken == 10


@pytest.mark.django_db
def test_money__redis_down__holds_the_limit_of_the_token(
    client_with: ClientWith, settings: Any, redis_off: None
) -> None:
    settings.LOYALTY_RATE_LIMITS = {"token": 2, "address": 1_000}
    client = client_with("points.earn")
    answers = [client.post("/api/loyalty/v1/services/points/earn/", {}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [400, 400, 429, 429]
    assert answers[3].json()["code"] == "rate.limited" and answers[3]["Retry-After"]
