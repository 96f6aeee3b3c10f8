"""The cache of features: without it everything is slower, and nothing is different."""

import logging
import uuid
from collections.abc import Mapping, Sequence

import redis
from django.conf import settings
from django.core.cache import cache

from loyalty.features.contracts import FeatureSet
from loyalty.foundation.kernel.ids import new_public_id

log = logging.getLogger("loyalty.features")

GENERATION = "features:generation"
# A generation outlives its entries many times; when it is lost, a new one starts and old entries are never read.
GENERATION_SECONDS = 30 * 24 * 3600
# What a cache that is away raises: the client's own errors, broken connections, and values of another version.
CACHE_FAULTS = (redis.RedisError, OSError, EOFError, AttributeError, ImportError, TypeError, ValueError)


def _generation() -> str:
    return str(cache.get_or_set(GENERATION, lambda: str(new_public_id()), GENERATION_SECONDS))


def get_many(space: str, customer_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, FeatureSet]:
    """Give the remembered sets of these customers; a cache that is away remembers nothing."""
    if settings.FEATURE_STORE_CACHE_SECONDS == 0:
        return {}
    try:
        prefix = f"features:{_generation()}:{space}:"
        found = cache.get_many([f"{prefix}{one}" for one in customer_ids])
    except CACHE_FAULTS as fault:
        log.warning("the cache of features is away: %s", fault)
        return {}
    return {one.customer_id: one for one in found.values() if isinstance(one, FeatureSet)}


def set_many(space: str, known: Mapping[uuid.UUID, FeatureSet]) -> None:
    """Remember sets for the configured time."""
    if settings.FEATURE_STORE_CACHE_SECONDS == 0 or not known:
        return
    try:
        prefix = f"features:{_generation()}:{space}:"
        cache.set_many({f"{prefix}{one}": value for one, value in known.items()}, settings.FEATURE_STORE_CACHE_SECONDS)
    except CACHE_FAULTS as fault:
        log.warning("the cache of features is away: %s", fault)


def forget_all() -> None:
    """Forget every customer's features at once, by starting a new generation."""
    try:
        cache.set(GENERATION, str(new_public_id()), GENERATION_SECONDS)
    except CACHE_FAULTS as fault:
        log.warning("the cache of features is away: %s", fault)
