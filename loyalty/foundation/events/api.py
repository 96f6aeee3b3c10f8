"""Front door of events."""

from loyalty.foundation.events.contracts import Envelope, Fact
from loyalty.foundation.events.operations import Publication, deliver_one, publish, publish_many, relay
from loyalty.foundation.events.registry import (
    doorbells_wanted,
    ring_after_facts,
    subscribe,
    subscribe_to_each,
    subscriptions,
)

# Contract view of every fact (``sql/store.sql``); other domains may join it in their own SQL.
STORE_VIEW = "events_store"

__all__ = [
    "STORE_VIEW",
    "Envelope",
    "Fact",
    "Publication",
    "deliver_one",
    "publish",
    "publish_many",
    "doorbells_wanted",
    "relay",
    "ring_after_facts",
    "subscribe",
    "subscribe_to_each",
    "subscriptions",
]
