"""How breakers stand in other processes: each tells the cache when one of its own changes, and whoever shows it asks.

For showing alone: every process decides by its own breaker. Without the cache each sees what it knows itself.
"""

import hashlib
import logging
import os

import redis
from django.conf import settings
from django.core.cache import cache

log = logging.getLogger("loyalty.resilience")

# What a cache that is away raises: the client's own errors, broken connections, and values of another version.
CACHE_FAULTS = (redis.RedisError, OSError, EOFError, AttributeError, ImportError, TypeError, ValueError)
# The worst first.
STATES = ("open", "half-open", "closed")
# The word of a process that asks nobody any more, or that is gone, is forgotten after so many rests of its breaker.
KEPT_RESTS = 3


def _key(name: str) -> str:
    # A name may hold a path with any characters; a key of the cache may not.
    return f"breaker:{hashlib.sha256(name.encode()).hexdigest()}"


def _process() -> str:
    return f"{os.uname().nodename}:{os.getpid()}"


def tell(name: str, state: str, *, rest_s: float) -> None:
    """Tell the other processes how a breaker of this one stands now.

    The last word counts; a process takes back no word but its own. One that is open too says so again after its rest.

    :param rest_s: how long it leaves its system alone, in seconds.
    """
    if not settings.configured:
        return
    try:
        if state != "closed":
            cache.set(_key(name), (_process(), state), max(1, int(KEPT_RESTS * rest_s)))
        elif (cache.get(_key(name)) or ("", ""))[0] == _process():
            cache.delete(_key(name))
    except CACHE_FAULTS as fault:
        log.warning("the state of breaker %s is not told to the other processes: %s", name, fault)


def find_told(name: str) -> tuple[str, str] | None:
    """Find the last word on a breaker that is not closed, and whose it is; None when there is none, or no cache."""
    if not settings.configured:
        return None
    try:
        found: tuple[str, str] | None = cache.get(_key(name))
    except CACHE_FAULTS as fault:
        log.warning("how breaker %s stands elsewhere is not known: %s", name, fault)
        return None
    return found


def worst(name: str, own: str) -> str:
    """Give the worse of how a breaker stands in this process and of what another one told last."""
    told = find_told(name)
    return own if told is None or told[0] == _process() else min(own, told[1], key=STATES.index)
