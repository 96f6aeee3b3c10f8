"""The cache of what sources said: without it everything is slower, and nothing is different.

One entry per source and customer. An entry outlives its freshness, so that it can stand in for a source that is down.
While one reader asks a source for a customer, the others of all processes wait for its answer instead of asking too.
"""

import logging
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from secrets import token_hex

import redis
from django.core.cache import cache
from django.db import transaction

from loyalty.features.policy import Answer, Trouble
from loyalty.foundation.kernel.ids import new_public_id

log = logging.getLogger("loyalty.features")

VERSION = "features:version"
LOOKED = "features:looked"
# The version outlives its entries many times; when it is lost, a new one starts and what is held by it is read again.
VERSION_SECONDS = 30 * 24 * 3600
# Longer than any source is asked for one customer; when its holder dies, the next asks after that time.
CLAIM_SECONDS = 15
# How long a failure is told to those who waited for the answer, so that they do not all run into it again.
FAILURE_SECONDS = 2
# What a cache that is away raises: the client's own errors, broken connections, and values of another version.
CACHE_FAULTS = (redis.RedisError, OSError, EOFError, AttributeError, ImportError, TypeError, ValueError)


@dataclass(slots=True)
class Remembered:
    """What the cache holds: the store's version, and answers by source and customer; ``is_away`` when it is gone."""

    version: str = ""
    answers: dict[tuple[str, uuid.UUID], Answer] = field(default_factory=dict)
    is_away: bool = False


def _key(source: str, customer_id: uuid.UUID) -> str:
    return f"features:{source}:{customer_id}"


def _away(fault: Exception) -> None:
    log.warning("the cache of features is away: %s", fault)


def recall(sources: Iterable[str], customer_ids: Sequence[uuid.UUID]) -> Remembered:
    """Give the version and what is remembered of these customers, in one round trip."""
    keys = {_key(source, one): (source, one) for source in sources for one in customer_ids}
    try:
        found = cache.get_many([VERSION, *keys])
        version = found.pop(VERSION, None)
        if not isinstance(version, str):
            cache.add(VERSION, str(new_public_id()), VERSION_SECONDS)
            version = cache.get(VERSION)
    except CACHE_FAULTS as fault:
        _away(fault)
        return Remembered(is_away=True)
    answers = {keys[key]: answer for key, answer in found.items() if isinstance(answer, Answer)}
    return Remembered(version if isinstance(version, str) else "", answers)


def find_version() -> str:
    """Give the version of the store; empty when the cache is away, so that nothing held in a process is trusted."""
    return recall((), ()).version


def renew_version() -> None:
    """Have every process read catalogue, policy and freshness anew; at once, and again when the change is committed."""
    _set_version()
    transaction.on_commit(_set_version)


def _set_version() -> None:
    try:
        cache.set(VERSION, str(new_public_id()), VERSION_SECONDS)
    except CACHE_FAULTS as fault:
        _away(fault)


def remember(source: str, answers: Mapping[uuid.UUID, Answer], seconds: int) -> None:
    """Keep answers for so long; 0 keeps nothing."""
    if not answers or not seconds:
        return
    try:
        cache.set_many({_key(source, one): answer for one, answer in answers.items()}, seconds)
    except CACHE_FAULTS as fault:
        _away(fault)


def forget(sources: Iterable[str], customer_ids: Iterable[uuid.UUID]) -> None:
    """Forget what sources said of these customers."""
    try:
        cache.delete_many([_key(source, one) for one in customer_ids for source in sources])
    except CACHE_FAULTS as fault:
        _away(fault)


def may_look_again() -> bool:
    """Whether the warehouse may be asked for its freshness by now."""
    try:
        return cache.get(LOOKED) is None
    except CACHE_FAULTS as fault:
        _away(fault)
        return True


def look_not_before(seconds: int) -> None:
    """Have nobody ask the warehouse for its freshness for so long."""
    try:
        cache.set(LOOKED, 1, seconds)
    except CACHE_FAULTS as fault:
        _away(fault)


# -- one fetch for many who wait -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Claims:
    """Customers whom this reader may ask a source for (``mine``), and those whom another one is asking for."""

    token: str
    mine: tuple[uuid.UUID, ...]
    others: tuple[uuid.UUID, ...]


def claim(source: str, customer_ids: Sequence[uuid.UUID]) -> Claims:
    """Take the right to ask for each customer, unless another reader holds it; a cache that is away stops nobody."""
    token = token_hex(8)
    try:
        mine = tuple(one for one in customer_ids if cache.add(f"features:claim:{source}:{one}", token, CLAIM_SECONDS))
    except CACHE_FAULTS as fault:
        _away(fault)
        return Claims(token, tuple(customer_ids), ())
    return Claims(token, mine, tuple(one for one in customer_ids if one not in set(mine)))


def settle(source: str, claims: Claims, troubles: Mapping[uuid.UUID, Trouble]) -> None:
    """Give the claims back, with word for those who wait where the source did not answer."""
    if not claims.mine:
        return
    try:
        failures = {f"features:failed:{source}:{one}": troubles[one] for one in claims.mine if one in troubles}
        if failures:
            cache.set_many(failures, FAILURE_SECONDS)
        keys = [f"features:claim:{source}:{one}" for one in claims.mine]
        # A claim that ran out meanwhile is another reader's now.
        held = cache.get_many(keys)
        cache.delete_many([key for key in keys if held.get(key) == claims.token])
    except CACHE_FAULTS as fault:
        _away(fault)


@dataclass(frozen=True, slots=True)
class Awaited:
    """What became of customers whom others ask for: answered, failed, or still being asked for."""

    answers: Mapping[uuid.UUID, Answer]
    troubles: Mapping[uuid.UUID, Trouble]
    pending: frozenset[uuid.UUID]


def look(source: str, customer_ids: Iterable[uuid.UUID]) -> Awaited:
    """Look once at what the others have found; who is neither answered, failed nor pending is anybody's again."""
    names = {
        one: (_key(source, one), f"features:failed:{source}:{one}", f"features:claim:{source}:{one}")
        for one in customer_ids
    }
    try:
        found = cache.get_many([key for keys in names.values() for key in keys])
    except CACHE_FAULTS as fault:
        _away(fault)
        return Awaited({}, {}, frozenset())
    answers = {one: found[keys[0]] for one, keys in names.items() if isinstance(found.get(keys[0]), Answer)}
    troubles = {one: found[keys[1]] for one, keys in names.items() if isinstance(found.get(keys[1]), Trouble)}
    return Awaited(answers, troubles, frozenset(one for one, keys in names.items() if keys[2] in found))
