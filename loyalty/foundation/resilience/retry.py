"""Trying again: exponential waits with jitter, or just as long as the other side asked for."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, stop_after_delay
from tenacity.wait import wait_base, wait_random_exponential

Answer = TypeVar("Answer")

# Nobody waits longer than this between two tries, whatever the other side says.
WAIT_SECONDS_MAX = 30.0
# No quota is longer; whoever asks for a year made a mistake. For what is tried again much later by a row of its own.
RETRY_AFTER_MAX = timedelta(days=1)


def read_retry_after(text: str, now: datetime) -> timedelta | None:
    """Read for how long an answer asks to be left alone, a day at most: seconds, or an instant (RFC 9110, 10.2.3).

    None where it asks for nothing, or in no way that can be read.
    """
    asked = text.strip()
    if asked.isascii() and asked.isdigit():
        return min(timedelta(seconds=int(asked[:9])), RETRY_AFTER_MAX)
    try:
        until = parsedate_to_datetime(asked)
    except (ValueError, IndexError):
        return None
    # Instants of HTTP are those of Greenwich, said or not (RFC 9110, 5.6.7).
    until = until if until.tzinfo is not None else until.replace(tzinfo=UTC)
    return min(max(until - now, timedelta(0)), RETRY_AFTER_MAX)


class TryAgain(Exception):
    """A try failed in a way that may pass; ``after_s`` is what the other side asked to wait, if it did."""

    def __init__(self, reason: str, after_s: float | None = None) -> None:
        super().__init__(reason)
        self.after_s = after_s


class _WaitAsAsked(wait_base):
    """Waits as long as asked, else a random share of a doubling time, so that callers do not come back together."""

    def __init__(self, first_s: float) -> None:
        self._jitter = wait_random_exponential(multiplier=first_s, max=WAIT_SECONDS_MAX)

    def __call__(self, retry_state: RetryCallState) -> float:
        fault = retry_state.outcome.exception() if retry_state.outcome is not None else None
        asked = fault.after_s if isinstance(fault, TryAgain) else None
        jitter = self._jitter(retry_state)
        return min(asked + jitter / 10, WAIT_SECONDS_MAX) if asked is not None else jitter


def retrying(
    function: Callable[[], Answer],
    *,
    attempts_max: int,
    sleep: Callable[[float], None],
    first_s: float = 0.2,
    total_s: float = 120.0,
) -> Answer:
    """Call until it answers; the last ``TryAgain`` is raised when attempts or time are spent."""
    tries = Retrying(
        retry=retry_if_exception_type(TryAgain),
        wait=_WaitAsAsked(first_s),
        stop=stop_after_attempt(attempts_max) | stop_after_delay(total_s),
        sleep=sleep,
        reraise=True,
    )
    return tries(function)
