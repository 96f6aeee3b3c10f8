"""Breakers and retries."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from loyalty.foundation.resilience import shared
from loyalty.foundation.resilience.breaker import Breaker, BreakerOpen, list_breakers
from loyalty.foundation.resilience.retry import (
    RETRY_AFTER_MAX,
    WAIT_SECONDS_MAX,
    TryAgain,
    read_retry_after,
    retrying,
)


def fail(fault: Exception) -> None:
    """Fail so."""
    raise fault


def make(name: str, reset_s: float = 60.0) -> Breaker:
    """Give a breaker that counts broken connections."""
    return Breaker(name, counts=lambda fault: isinstance(fault, ConnectionError), failures_max=3, reset_s=reset_s)


def test_breaker__three_failures__opens_and_calls_nobody() -> None:
    breaker = make("tests.open")
    for _ in range(3):
        with pytest.raises(ConnectionError):
            breaker.call(lambda: fail(ConnectionError()))
    with pytest.raises(BreakerOpen):
        breaker.call(lambda: pytest.fail("called"))
    assert breaker.view.state == "open"
    assert "tests.open" in {view.name for view in list_breakers()}
    breaker.reset()
    assert breaker.call(lambda: 1) == 1


def test_breaker__refused_input__does_not_count() -> None:
    breaker = make("tests.input")
    for _ in range(9):
        with pytest.raises(ValueError, match="bad"):
            breaker.call(lambda: fail(ValueError("bad")))
    assert breaker.view.state == "closed"


def test_breaker__after_its_rest__one_good_call_closes_it() -> None:
    breaker = make("tests.rest", reset_s=0.0)
    for _ in range(3):
        with pytest.raises(ConnectionError):
            breaker.call(lambda: fail(ConnectionError()))
    assert breaker.call(lambda: "back") == "back"
    assert breaker.view.state == "closed"


def test_retrying__fails_twice__answers_and_waited_as_asked() -> None:
    waits: list[float] = []
    faults = [TryAgain("busy", after_s=2.0), TryAgain("gone")]

    def call() -> str:
        if faults:
            raise faults.pop(0)
        return "here"

    assert retrying(call, attempts_max=3, sleep=waits.append) == "here"
    assert 2.0 <= waits[0] <= 2.1
    assert 0.0 <= waits[1] <= WAIT_SECONDS_MAX


def test_retrying__asked_for_an_hour__waits_no_longer_than_the_bound() -> None:
    waits: list[float] = []
    with pytest.raises(TryAgain):
        retrying(lambda: fail(TryAgain("busy", after_s=3600.0)), attempts_max=4, sleep=waits.append)
    assert waits == [WAIT_SECONDS_MAX] * 3


def test_retrying__another_fault__is_not_tried_again() -> None:
    with pytest.raises(ValueError, match="no"):
        retrying(lambda: fail(ValueError("no")), attempts_max=4, sleep=lambda _: pytest.fail("waited"))


def told_by_another(name: str, state: str, *, rest_s: float = 20.0) -> None:
    """Have another process tell how its breaker stands, as a worker does."""
    command = (
        "import sys, django\nfrom django.conf import settings\nsettings.configure(CACHES={'default': {'BACKEND': "
        "'django.core.cache.backends.filebased.FileBasedCache', 'LOCATION': sys.argv[1]}})\n"
        "from loyalty.foundation.resilience import shared\nshared.tell(sys.argv[2], sys.argv[3], "
        "rest_s=float(sys.argv[4]))"
    )
    place = str(settings.CACHES["default"]["LOCATION"])
    subprocess.run([sys.executable, "-c", command, place, name, state, str(rest_s)], check=True)


@pytest.fixture
def one_cache(tmp_path: Path, settings: Any) -> None:
    """A cache that several processes share."""
    backend = "django.core.cache.backends.filebased.FileBasedCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": str(tmp_path)}}


def test_breaker__open_in_a_worker__is_shown_by_the_api_and_decides_nothing_here(one_cache: None) -> None:
    breaker = make("tests.elsewhere")
    assert breaker.worst_state == "closed"
    told_by_another("tests.elsewhere", "open")
    assert (breaker.worst_state, breaker.view.state) == ("open", "closed")
    assert breaker.call(lambda: "through") == "through"
    told_by_another("tests.elsewhere", "closed")
    assert breaker.worst_state == "open", "nobody takes back another's word"
    told_by_another("tests.elsewhere", "half-open")
    assert breaker.worst_state == "half-open"


def test_breaker__open_here_and_closed_again__is_told_both_times(one_cache: None) -> None:
    breaker = make("tests.told")
    for _ in range(3):
        with pytest.raises(ConnectionError):
            breaker.call(lambda: fail(ConnectionError()))
    told = shared.find_told("tests.told")
    assert told is not None and told[1] == "open"
    breaker.reset()
    assert shared.find_told("tests.told") is None


def test_breaker__without_the_cache__shows_what_this_process_knows(settings: Any) -> None:
    address = "redis://127.0.0.1:9/0"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": address}}
    breaker = make("tests.alone")
    for _ in range(3):
        with pytest.raises(ConnectionError):
            breaker.call(lambda: fail(ConnectionError()))
    assert breaker.worst_state == "open"
    breaker.reset()
    assert breaker.worst_state == "closed"


@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        ("120", timedelta(minutes=2)),
        (" 0 ", timedelta(0)),
        ("9" * 40, RETRY_AFTER_MAX),
        ("Fri, 20 Nov 2026 12:10:00 GMT", timedelta(minutes=10)),
        ("Fri, 20 Nov 2026 14:10:00 +0200", timedelta(minutes=10)),
        ("Fri, 20 Nov 2026 12:10:00", timedelta(minutes=10)),
        ("Fri, 20 Nov 2020 12:10:00 GMT", timedelta(0)),
        ("Fri, 20 Nov 2036 12:10:00 GMT", RETRY_AFTER_MAX),
        *((one, None) for one in ("", "-5", "1.5", "soon", "٥", "Thu, 32 Nov 2026 99:00:00 GMT")),
    ],
)
def test_retry_after__in_either_form__is_read_and_no_longer_than_a_day(asked: str, wait: timedelta | None) -> None:
    assert read_retry_after(asked, datetime(2026, 11, 20, 12, tzinfo=UTC)) == wait
