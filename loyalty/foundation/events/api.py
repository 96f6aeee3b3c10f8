"""Front door of events."""

from loyalty.foundation.events.contracts import Envelope, Fact, TypeView
from loyalty.foundation.events.errors import HandlerUnknown
from loyalty.foundation.events.operations import (
    Publication,
    deliver_due,
    deliver_one,
    drop_old_months,
    publish,
    publish_many,
    rekey_facts,
    relay,
    replay_facts,
    store_facts,
    strip_facts,
    trim_outbox,
)
from loyalty.foundation.events.policy import list_breaks
from loyalty.foundation.events.queries import find_missing_until, find_type, list_type_names, list_types, schema_of
from loyalty.foundation.events.registry import (
    doorbells_wanted,
    provide_intake,
    ring_after_facts,
    subscribe,
    subscribe_to_each,
    subscriptions,
)

# Contract views (``sql/store.sql``), which other domains may join in their own SQL: every fact, also those just
# published; and the stored ones in their order, for who keeps a cursor of its own (after ``store_facts``).
STORE_VIEW = "events_store"
LOG_VIEW = "events_log"

__all__ = [
    "LOG_VIEW",
    "STORE_VIEW",
    "Envelope",
    "Fact",
    "HandlerUnknown",
    "Publication",
    "TypeView",
    "deliver_due",
    "deliver_one",
    "drop_old_months",
    "find_missing_until",
    "find_type",
    "list_breaks",
    "list_type_names",
    "list_types",
    "provide_intake",
    "publish",
    "publish_many",
    "doorbells_wanted",
    "rekey_facts",
    "relay",
    "replay_facts",
    "ring_after_facts",
    "schema_of",
    "store_facts",
    "strip_facts",
    "subscribe",
    "subscribe_to_each",
    "subscriptions",
    "trim_outbox",
]
