"""How fresh the warehouse is, how features are collected, and forgetting what is old."""

import time
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from loyalty.customers import api as customers
from loyalty.features.contracts import Origin, StorePolicy
from loyalty.features.errors import PolicyInvalid
from loyalty.features.events import WarehouseFeaturesChanged
from loyalty.features.kinds import dwh, xiva
from loyalty.features.models import CatalogueField, StoreState
from loyalty.features.operations import caching
from loyalty.features.queries import fields_present, get_policy
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.work import api as work

SOURCES = (str(Origin.DWH), str(Origin.XIVA))
# A look that is quicker costs the warehouse nothing; of a slower one it gives us at most this share of its time.
LOOK_SECONDS_CHEAP, LOOK_SHARE_MAX = 0.5, 0.02


def refresh() -> datetime | None:
    """Write down how fresh the warehouse is; younger rows make the cache forget, and are told as a fact.

    :raises WarehouseUnavailable: the warehouse does not answer.
    """
    reference = dwh.find_reference()
    held = StoreState.objects.filter(pk=1).first()
    is_known = held is not None and (held.reference_instant, held.oldest_instant) == (
        reference.newest,
        reference.oldest,
    )
    if not is_known or fields_present().filter(data_source=Origin.DWH).exclude(freshness=reference.newest).exists():
        # Counted once for each load, because it reads the whole table.
        _write(reference, dwh.count_rows() if reference.newest is not None else None)
    return reference.newest


def refresh_when_due() -> bool:
    """Refresh, unless looking took so long the last time that it is too soon to look again; tell whether we looked.

    Without an index on its instant the warehouse reads a whole table for us, and we take no more than a share of it.

    :raises WarehouseUnavailable: the warehouse does not answer.
    """
    if not caching.may_look_again():
        return False
    began = time.monotonic()
    refresh()
    took_s = time.monotonic() - began
    if took_s > LOOK_SECONDS_CHEAP:
        caching.look_not_before(int(took_s / LOOK_SHARE_MAX))
    return True


@transaction.atomic
def _write(reference: dwh.Reference, row_count: int | None) -> None:
    row = _locked()
    previous = row.reference_instant
    row.reference_instant, row.oldest_instant = reference.newest, reference.oldest
    row.row_count = row_count
    row.save(update_fields=["reference_instant", "oldest_instant", "row_count"])
    CatalogueField.objects.filter(data_source=Origin.DWH).update(freshness=reference.newest)
    if reference.newest is not None and reference.newest != previous:
        events.publish(
            WarehouseFeaturesChanged(reference_instant=reference.newest, previous_instant=previous),
            key="warehouse",
            subject_kind="warehouse",
            subject_ref="features",
            occurred_at=reference.newest,
        )
    caching.renew_version()


def _locked() -> StoreState:
    """Give the one row, held until the end of the transaction."""
    StoreState.objects.bulk_create([StoreState(pk=1)], ignore_conflicts=True)
    return StoreState.objects.select_for_update().get(pk=1)


@transaction.atomic
def forget_all() -> None:
    """Make all that is remembered old, of every customer; it may still stand in for a source that is down."""
    _locked()
    StoreState.objects.filter(pk=1).update(generation=F("generation") + 1)
    caching.renew_version()


def forget_customers(customer_ids: Iterable[uuid.UUID]) -> None:
    """Forget what the sources said of these customers, because something about them changed there."""
    caching.forget(SOURCES, list(customer_ids))


def change_policy(*, changes: Mapping[str, Any], actor: Actor, now: datetime) -> StorePolicy:
    """Change how features are collected; what is not named stays, and None goes back to the settings.

    :param changes: any of ``data_source``, ``merge_strategy``, ``cache_seconds``, ``stale_seconds``.
    :raises PolicyInvalid: an unknown source or strategy, or a time outside 0 to a week.
    """
    try:
        configuration.save(code="feature-store", values=changes, actor=actor, now=now, act="features.configure")
    except configuration.ValuesInvalid as refusal:
        raise PolicyInvalid("Features cannot be collected so.", problems=refusal.problems) from refusal
    return get_policy()


def is_cache_used(event_type: str) -> bool:
    """Tell whether there may be anything to forget."""
    return get_policy().cache_seconds > 0


def is_bss_asked(event_type: str) -> bool:
    """Tell whether there may be anything of the BSS to forget.

    While an import takes all customers in, their answers just grow old: to forget a million would have the BSS asked
    for all of them at once.
    """
    if not xiva.is_configured() or not is_cache_used(event_type):
        return False
    latest = work.find_latest_run(customers.IMPORT_RUN_KIND, "xiva")
    return latest is None or latest.finished_at is not None
