"""Letting people in, in sets: one statement decides who may come, who is held out, and where they begin."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from loyalty.foundation.kernel.exact_json import dumps_exact
from loyalty.foundation.orm import sql
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.journeys.operations.versions import Loaded
from loyalty.journeys.policy.planning import key_of

ENTER = """
    SELECT entered, held_out FROM journeys_enter(
        %(settings)s::jsonb, %(customers)s::bigint[], %(keys)s::text[], %(occurrences)s::uuid[],
        %(contexts)s::jsonb[], %(now)s)
"""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody who would come in: ``occurrence`` names what leads in, once for ever; ``context`` is taken along."""

    customer_id: int
    occurrence: uuid.UUID
    key: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entered:
    """How many came in, and how many more were written down to compare with."""

    entered: int
    held_out: int


def settings_of(loaded: Loaded) -> str:
    """Give what ``journeys_enter`` has to know of a version, as JSON."""
    settings = loaded.graph.settings
    return dumps_exact(
        {
            "journey": loaded.journey_pk,
            "version": loaded.pk,
            "start": loaded.start_pk,
            "re_entry": settings.re_entry.value if settings.re_entry else "never",
            "cool_down_days": settings.cool_down_days,
            "holdout_percent": settings.holdout_percent,
            "salt": holdout_salt(loaded.journey_id),
            "max_duration_days": settings.max_duration_days,
        }
    ).decode()


def holdout_salt(journey_id: uuid.UUID) -> str:
    """Give by what the held-out part of a journey is drawn; it stays the same over its versions."""
    return f"holdout:{journey_id}"


def enter(*, loaded: Loaded, people: Sequence[Newcomer], now: datetime) -> Entered:
    """Let people in; the caller holds the journey (``FOR SHARE``) and knows that it is active.

    Who may not come in again, is inside already or came by this occurrence before is passed by.
    """
    if not people:
        return Entered(0, 0)
    path = loaded.graph.settings.key_path
    row = sql.fetch_one(
        ENTER,
        {
            "settings": settings_of(loaded),
            "customers": [one.customer_id for one in people],
            "keys": [one.key or key_of(path, one.context) for one in people],
            "occurrences": [one.occurrence for one in people],
            "contexts": [dumps_exact(one.context).decode() if one.context else None for one in people],
            "now": now,
        },
    )
    maybe_fail("journeys.entered")
    return Entered(int(row["entered"]), int(row["held_out"])) if row else Entered(0, 0)
