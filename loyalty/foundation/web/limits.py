"""Limits on how often: counted by one atomic script in Redis, so that parallel requests cannot slip through together.

A window begins with the first request and ends after its length; within it at most ``quota`` are let through, not one
more, however many ask at the same instant. For large quotas a process takes permits in small lots and hands them out
itself: the total stays exact, and a request seldom costs a round trip. Permits that a process did not use are lost
when the window ends, so a window may let through a little less than its quota, never more.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from math import ceil
from typing import Any, cast

import redis
from django.conf import settings

from loyalty.foundation.kernel.errors import Unavailable

log = logging.getLogger("loyalty.web")

# A limit that hangs must not hang a request (reliability: Redis calls give up early).
REDIS_TIMEOUT_S = 0.25
# After a failure Redis is left alone this long, so that an outage costs one slow request a second, not each.
DOWN_S = 1.0
TOLD_EVERY_S = 10.0
# The share of a quota that one process takes at once, and the most permits of one lot.
LOT_SHARE, LOT_MAX = 500, 200
LOTS_KEPT_MAX = 20_000

# All or nothing: when one limit has not a single permit left, none of the others is touched.
SCRIPT = """
local now, granted, ends = tonumber(ARGV[1]), {}, {}
for i, key in ipairs(KEYS) do
  local quota, window, wanted = tonumber(ARGV[3*i-1]), tonumber(ARGV[3*i]), tonumber(ARGV[3*i+1])
  local held = redis.call('HMGET', key, 'n', 'e')
  local taken, till = tonumber(held[1] or '0'), tonumber(held[2] or '0')
  if till <= now then taken, till = 0, now + window end
  granted[i], ends[i] = {taken, math.min(wanted, quota - taken), quota}, till
end
local is_refused = false
for _, row in ipairs(granted) do if row[2] < 1 then is_refused = true end end
local answer = {}
for i, key in ipairs(KEYS) do
  local taken, free, quota = unpack(granted[i])
  -- -1: this limit refuses; 0: granted, were it not for another one that refuses.
  local given = free < 1 and -1 or (is_refused and 0 or free)
  if not is_refused then
    redis.call('HSET', key, 'n', taken + given, 'e', ends[i])
    redis.call('PEXPIRE', key, math.max(ends[i] - now, 1) + 1000)
  end
  answer[#answer+1] = given
  answer[#answer+1] = math.max(quota - taken - math.max(given, 0), 0)
  answer[#answer+1] = ends[i]
end
return answer
"""
GIVE_BACK = """
for i, key in ipairs(KEYS) do
  if tonumber(redis.call('HGET', key, 'n') or '0') > 0 then redis.call('HINCRBY', key, 'n', -1) end
end
return 0
"""


class LimitsUnavailable(Unavailable):
    """Requests cannot be counted now, and what this one asks for is not let through uncounted."""

    code = "rate.unavailable"
    title = "Cannot be counted now"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``quota`` within ``window_s`` seconds; ``name`` is told in the headers."""

    name: str
    quota: int
    window_s: int


@dataclass(frozen=True, slots=True)
class Want:
    """One permit under a limit, for somebody: a user, a token, an address."""

    limit: Limit
    subject: str

    @property
    def key(self) -> str:
        """The name under which it is counted."""
        return f"{settings.LOYALTY_LIMITS_PREFIX}:{self.limit.name}:{self.limit.window_s}:{self.subject}"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a limit stands after asking; ``resets_in_s`` is whole seconds, at least 1."""

    limit: Limit
    remaining: int
    resets_in_s: int
    is_refused: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether all wants were granted, and how each limit stands; the first one refused tells how long to wait."""

    standings: tuple[Standing, ...]

    @property
    def refused(self) -> Standing | None:
        """The limit that refused, if one did."""
        return next((standing for standing in self.standings if standing.is_refused), None)


# Counts without Redis: wants, permits wanted and the instant in; for each want (granted, remaining,
# ends_ms) out, with -1 granted by a limit that refuses.
Counter = Callable[[Sequence[Want], Sequence[int], datetime], list[tuple[int, int, int]]]


@dataclass(slots=True)
class _Lot:
    left: int
    remaining: int
    ends_ms: int


class _State:
    counter: Counter | None = None
    down_until = 0.0
    told_at = -TOLD_EVERY_S
    lots: dict[str, _Lot] = {}  # noqa: RUF012 - one store for the process
    lock = threading.Lock()


def use_counter(counter: Counter | None) -> None:
    """Name what counts where Redis does not answer and nothing may pass uncounted."""
    _State.counter = counter


def reserve(wants: Sequence[Want], *, now: datetime) -> Outcome:
    """Take one permit of each limit, or none of any, by Redis alone.

    :raises LimitsUnavailable: Redis does not answer.
    """
    return _outcome(wants, _by_redis(wants, [1] * len(wants), now), now)


def give_back(wants: Sequence[Want]) -> None:
    """Return a permit of each limit, for an attempt that was lawful after all; lost when Redis does not answer."""
    _quietly(GIVE_BACK, wants)


def forget(wants: Sequence[Want]) -> None:
    """Begin anew: nobody has taken any permit of these."""
    _quietly("for i, key in ipairs(KEYS) do redis.call('DEL', key) end return 0", wants)


def spend(want: Want, *, now: datetime, is_closed: bool) -> Standing | None:
    """Take one permit from this process's lot, which is filled from Redis when it is empty.

    :param is_closed: when Redis is down count elsewhere rather than let it pass.
    :returns: how the limit stands, or None when nobody can count now and the request passes uncounted.
    :raises LimitsUnavailable: nobody can count, and ``is_closed``.
    """
    now_ms, key = _milliseconds(now), want.key
    with _State.lock:
        lot = _State.lots.get(key)
        if lot is not None and lot.left > 0 and lot.ends_ms > now_ms:
            lot.left -= 1
            return _standing(want.limit, lot.remaining + lot.left, lot.ends_ms, now_ms)
    wanted = max(1, min(want.limit.quota // LOT_SHARE, LOT_MAX))
    try:
        granted, remaining, ends_ms = _by_redis([want], [wanted], now)[0]
    except LimitsUnavailable:
        if not is_closed:
            _tell()
            return None
        if _State.counter is None:
            raise
        granted, remaining, ends_ms = _State.counter([want], [wanted], now)[0]
    if granted < 1:
        return _standing(want.limit, 0, ends_ms, now_ms, is_refused=True)
    if granted > 1:
        _keep(key, _Lot(granted - 1, remaining, ends_ms))
    return _standing(want.limit, remaining + granted - 1, ends_ms, now_ms)


def forget_lots() -> None:
    """Drop what this process holds, for tests and after a fork."""
    with _State.lock:
        _State.lots.clear()
    _State.down_until = 0.0


def _keep(key: str, lot: _Lot) -> None:
    with _State.lock:
        if len(_State.lots) >= LOTS_KEPT_MAX:
            _State.lots.clear()
        held = _State.lots.get(key)
        if held is not None and held.ends_ms == lot.ends_ms:
            # Another thread filled the lot of the same window at the same time.
            lot.left += held.left
        _State.lots[key] = lot


@cache
def _scripts(url: str) -> tuple[Any, Any]:
    client = redis.Redis.from_url(url, socket_timeout=REDIS_TIMEOUT_S, socket_connect_timeout=REDIS_TIMEOUT_S)
    return client.register_script(SCRIPT), client


def _by_redis(wants: Sequence[Want], wanted: Sequence[int], now: datetime) -> list[tuple[int, int, int]]:
    arguments: list[int] = [_milliseconds(now)]
    for want, number in zip(wants, wanted, strict=True):
        arguments += [want.limit.quota, want.limit.window_s * 1000, number]
    answer = cast("list[int]", _call(lambda script, client: script([want.key for want in wants], arguments)))
    rows = [int(value) for value in answer]
    return [(rows[i], rows[i + 1], rows[i + 2]) for i in range(0, len(rows), 3)]


def _call(ask: Callable[[Any, Any], Any]) -> Any:
    if time.monotonic() < _State.down_until:
        raise LimitsUnavailable()
    try:
        return ask(*_scripts(settings.REDIS_URL))
    except redis.RedisError as fault:
        _State.down_until = time.monotonic() + DOWN_S
        raise LimitsUnavailable() from fault


def _quietly(script: str, wants: Sequence[Want]) -> None:
    if not wants:
        return
    try:
        _call(lambda _, client: client.eval(script, len(wants), *[want.key for want in wants]))
    except LimitsUnavailable:
        _tell()


def _tell() -> None:
    """Say it in the log, not for each request."""
    if time.monotonic() - _State.told_at >= TOLD_EVERY_S:
        _State.told_at = time.monotonic()
        log.warning("Redis does not answer: requests that move no money pass without being counted")


def _outcome(wants: Sequence[Want], rows: Sequence[tuple[int, int, int]], now: datetime) -> Outcome:
    now_ms = _milliseconds(now)
    return Outcome(
        tuple(
            _standing(want.limit, remaining, ends, now_ms, is_refused=granted < 0)
            for want, (granted, remaining, ends) in zip(wants, rows, strict=True)
        )
    )


def _standing(limit: Limit, remaining: int, ends_ms: int, now_ms: int, *, is_refused: bool = False) -> Standing:
    return Standing(limit, remaining, max(1, ceil((ends_ms - now_ms) / 1000)), is_refused)


def _milliseconds(now: datetime) -> int:
    return int(now.timestamp() * 1000)
