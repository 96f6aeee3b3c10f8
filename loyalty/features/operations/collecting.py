"""The features of single customers: from the cache, else from the sources, merged."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings

from loyalty.features import policy
from loyalty.features.contracts import DataSource, FeatureSet, MergeStrategy
from loyalty.features.errors import CustomersTooMany, FeatureSourceInvalid
from loyalty.features.kinds import dwh, xiva
from loyalty.features.operations import caching
from loyalty.features.operations.catalogue import sync_when_changed
from loyalty.features.queries import fields_present
from loyalty.warehouse import api as warehouse

CUSTOMERS_MAX = 1000


def get_features(customer_id: uuid.UUID) -> dict[str, Any]:
    """Give what is known of a customer as plain values by field name; empty when no source knows the customer.

    :raises WarehouseUnavailable: a source that may know the customer does not answer.
    """
    known = get_feature_set(customer_id)
    if known.is_known:
        return dict(known.values)
    if known.degraded:
        raise warehouse.WarehouseUnavailable(f"The features cannot be read now: {', '.join(known.degraded)}.")
    return {}


def get_feature_set(customer_id: uuid.UUID, *, data_source: str = "", strategy: str = "") -> FeatureSet:
    """Give what is known of a customer, with where each value comes from and what could not be asked.

    :raises FeatureSourceInvalid: a source or strategy that does not exist.
    """
    return list_feature_sets([customer_id], data_source=data_source, strategy=strategy)[customer_id]


def list_feature_sets(
    customer_ids: Iterable[uuid.UUID], *, data_source: str = "", strategy: str = ""
) -> dict[uuid.UUID, FeatureSet]:
    """Give what is known of up to 1,000 customers, from the cache where it is fresh.

    :raises CustomersTooMany: more than ``CUSTOMERS_MAX``.
    :raises FeatureSourceInvalid: a source or strategy that does not exist.
    """
    wanted = list(dict.fromkeys(customer_ids))
    if len(wanted) > CUSTOMERS_MAX:
        raise CustomersTooMany(f"At most {CUSTOMERS_MAX} customers in one call.")
    chosen, merging = _choose(data_source, strategy)
    space = f"{chosen}:{merging}"
    found = caching.get_many(space, wanted)
    missing = [one for one in wanted if one not in found]
    if missing:
        sync_when_changed()
        fresh = _collect(missing, chosen, merging)
        # What could not be asked completely is not remembered: the next call shall try again.
        caching.set_many(space, {one.customer_id: one for one in fresh if one.is_known and not one.degraded})
        found.update({one.customer_id: one for one in fresh})
    return {one: found[one] for one in wanted}


def _choose(data_source: str, strategy: str) -> tuple[DataSource, MergeStrategy]:
    try:
        return (
            DataSource(data_source or settings.FEATURE_STORE_DATA_SOURCE),
            MergeStrategy(strategy or settings.FEATURE_STORE_MERGE_STRATEGY),
        )
    except ValueError as fault:
        raise FeatureSourceInvalid(str(fault)) from fault


def _collect(wanted: Sequence[uuid.UUID], data_source: DataSource, strategy: MergeStrategy) -> list[FeatureSet]:
    """Ask the sources in their order and merge what they say."""
    fields = {one.name: one.data_source for one in fields_present()}
    asks_all = policy.asks_all(data_source, strategy)
    answers: dict[str, dict[uuid.UUID, Mapping[str, Any]]] = {}
    troubles: dict[str, set[str]] = {}
    pending = list(wanted)
    for name in policy.order_of(data_source, strategy):
        trouble = troubles.setdefault(name, set())
        if name == DataSource.DWH:
            answers[name] = dwh.ask(pending, fields, trouble) if pending else {}
        else:
            answers[name] = xiva.ask(pending, trouble) if pending else {}
        if not asks_all:
            pending = [one for one in pending if one not in answers[name]]
    return [_one(customer_id, answers, troubles, fields, asks_all=asks_all) for customer_id in wanted]


def _one(
    customer_id: uuid.UUID,
    answers: Mapping[str, Mapping[uuid.UUID, Mapping[str, Any]]],
    troubles: Mapping[str, set[str]],
    fields: Mapping[str, str],
    *,
    asks_all: bool,
) -> FeatureSet:
    """Merge what the sources said of one customer, and name what is missing from that."""
    merged = policy.merge({name: known.get(customer_id) for name, known in answers.items()}, fields if asks_all else {})
    degraded: set[str] = set()
    for name, known in answers.items():
        if customer_id in known:
            if not asks_all:
                break  # the sources after the first that knows the customer were not needed
        else:
            degraded |= troubles[name]
    as_of = merged.values.get(dwh.FRESHNESS_COLUMN)
    return FeatureSet(
        customer_id=customer_id,
        values={**dict.fromkeys(fields), **merged.values},
        sources=merged.sources,
        as_of=as_of if isinstance(as_of, datetime) else None,
        degraded=tuple(sorted(degraded)),
    )


def overview_part(customer_id: uuid.UUID, *, now: datetime) -> dict[str, Any]:
    """Give the features for the whole view of a customer; what could not be asked is said, not hidden."""
    known = get_feature_set(customer_id)
    rows = [
        {
            "name": one.name,
            "label": one.label,
            "value": known.values.get(one.name),
            "unit": one.unit,
            "category": one.category,
            "type": one.type,
            "source": known.sources.get(one.name),
            "freshness": one.freshness,
        }
        for one in fields_present()
    ]
    return {"features": rows, "features_as_of": known.as_of, "features_degraded": list(known.degraded)}
