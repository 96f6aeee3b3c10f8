"""The features of single customers: what the sources say, merged, the purchases since, and the platform's own facts."""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from loyalty.features import policy
from loyalty.features.contracts import DataSource, Degradation, FeatureSet, MergeStrategy, Origin
from loyalty.features.errors import CustomersTooMany, FeatureSourceInvalid, FeaturesUnavailable
from loyalty.features.kinds import dwh, platform, streaming, xiva
from loyalty.features.kinds.replies import Ask, Reply
from loyalty.features.operations import caching
from loyalty.features.operations.asking import Terms, ask_through
from loyalty.features.operations.catalogue import sync_when_changed
from loyalty.features.operations.freshness import SOURCES
from loyalty.features.operations.store import Store, get_store
from loyalty.features.queries import fields_present, view_of

CUSTOMERS_MAX = 1000


@dataclass(frozen=True, slots=True)
class _Way:
    """How one call collects: from where, by which strategy, and which fields are wanted (None: all)."""

    data_source: DataSource
    strategy: MergeStrategy
    fields: frozenset[str] | None

    def wants(self, names: Collection[str]) -> bool:
        """Whether any of these fields is wanted."""
        return bool(names) if self.fields is None else not self.fields.isdisjoint(names)


def get_features(customer_id: uuid.UUID, *, now: datetime, fields: Collection[str] | None = None) -> dict[str, Any]:
    """Give what is known of a customer as plain values by field name; empty when no source knows the customer.

    With ``fields`` it is these, None where nothing is known. For a decision that shall say how good its facts were, ask
    ``get_feature_set``.

    :raises FeaturesUnavailable: a source that may know the customer does not answer, and nothing stands in for it.
    """
    known = get_feature_set(customer_id, now=now, fields=fields)
    if not known.is_known and known.degraded:
        raise FeaturesUnavailable("; ".join(one.words for one in known.degraded))
    return dict(known.values) if known.is_known or fields is not None else {}


def get_feature_set(
    customer_id: uuid.UUID,
    *,
    now: datetime,
    fields: Collection[str] | None = None,
    data_source: str = "",
    strategy: str = "",
) -> FeatureSet:
    """Give what is known of a customer, with where each value comes from and what could not be asked.

    :param fields: the fields that matter; what only others need (a group of platform facts, a source) is not asked for.
    :raises FeatureSourceInvalid: a source or strategy that does not exist.
    """
    found = list_feature_sets([customer_id], now=now, fields=fields, data_source=data_source, strategy=strategy)
    return found[customer_id]


def list_feature_sets(
    customer_ids: Iterable[uuid.UUID],
    *,
    now: datetime,
    fields: Collection[str] | None = None,
    data_source: str = "",
    strategy: str = "",
) -> dict[uuid.UUID, FeatureSet]:
    """Give what is known of up to 1,000 customers, from the cache where it is fresh, else in one statement per source.

    :raises CustomersTooMany: more than ``CUSTOMERS_MAX``.
    :raises FeatureSourceInvalid: a source or strategy that does not exist.
    """
    wanted = list(dict.fromkeys(customer_ids))
    if len(wanted) > CUSTOMERS_MAX:
        raise CustomersTooMany(f"At most {CUSTOMERS_MAX} customers in one call.")
    remembered = caching.recall(SOURCES, wanted)
    store = get_store(remembered.version)
    way = _way(store, data_source, strategy, fields)
    # Where somebody is asked in any case the catalogue is looked at first, so that new columns come along.
    is_asked = way.wants(store.owners) and len(remembered.answers) < len(wanted)
    if (is_asked or not store.fields) and sync_when_changed():
        store = get_store(caching.find_version())
    replies = _ask_sources(wanted, remembered, store, way, now)
    made = {one: _merged(one, replies, store, way, now) for one in wanted}
    _add_purchases(made, replies, store, way, now)
    _add_platform(made, store, way, now)
    return {one: draft.finished(store, way) for one, draft in made.items()}


def _way(store: Store, data_source: str, strategy: str, fields: Collection[str] | None) -> _Way:
    try:
        return _Way(
            DataSource(data_source or store.policy.data_source),
            MergeStrategy(strategy or store.policy.merge_strategy),
            None if fields is None else frozenset(fields),
        )
    except ValueError as fault:
        raise FeatureSourceInvalid(str(fault)) from fault


def _ask_sources(
    wanted: Sequence[uuid.UUID], remembered: caching.Remembered, store: Store, way: _Way, now: datetime
) -> dict[str, Reply]:
    """Ask the sources in their order; unless all count, only for those whom the ones before do not know."""
    if not way.wants(store.owners):
        return {}
    types = store.types_of_dwh
    asks: dict[str, Ask] = {
        str(Origin.DWH): lambda some: dwh.ask(some, types, now=now),
        str(Origin.XIVA): lambda some: xiva.ask(some, now=now),
    }
    asks_all = policy.asks_all(way.data_source, way.strategy, _precedences(store, way))
    replies: dict[str, Reply] = {}
    pending = list(wanted)
    for source in policy.order_of(way.data_source, way.strategy):
        terms = Terms(
            source=source,
            generation=store.generation_of(source),
            cache_seconds=0 if remembered.is_away else store.policy.cache_seconds,
            stale_seconds=store.policy.stale_seconds,
            now=now,
        )
        held = {one: answer for (of, one), answer in remembered.answers.items() if of == source}
        replies[source] = ask_through(pending, held, terms, asks[source]) if pending else Reply()
        if not asks_all:
            said = replies[source].answers
            pending = [one for one in pending if one not in said or said[one].values is None]
    return replies


def _precedences(store: Store, way: _Way) -> dict[str, str]:
    """The precedences that matter to this call."""
    return {name: source for name, source in store.precedences.items() if way.fields is None or name in way.fields}


@dataclass(slots=True)
class _Draft:
    """A feature set that is being put together."""

    customer_id: uuid.UUID
    values: dict[str, Any]
    sources: dict[str, str]
    as_of: datetime | None
    degraded: list[Degradation]
    instants: dict[str, datetime | None]

    def finished(self, store: Store, way: _Way) -> FeatureSet:
        """Give the set; a field that nobody told is None, which is unknown."""
        names = [one.name for one in store.fields if way.fields is None or one.name in way.fields]
        return FeatureSet(
            customer_id=self.customer_id,
            values={name: self.values.get(name) for name in names},
            sources={name: self.sources[name] for name in names if name in self.sources},
            as_of=self.as_of,
            degraded=tuple(self.degraded),
        )


def _merged(customer_id: uuid.UUID, replies: Mapping[str, Reply], store: Store, way: _Way, now: datetime) -> _Draft:
    """Merge what the sources said of one customer, and name what is missing from that or old."""
    answers = {source: reply.answers.get(customer_id) for source, reply in replies.items()}
    precedences = _precedences(store, way)
    merged = policy.merge(
        {source: answer.values if answer is not None else None for source, answer in answers.items()},
        store.owners,
        precedences,
        fills_gaps=way.data_source is DataSource.AUTO and way.strategy is MergeStrategy.MERGE,
    )
    degraded: list[Degradation] = []
    for source, reply in replies.items():
        answer = answers[source]
        if customer_id in reply.troubles:
            degraded.append(policy.degradation_of(source, reply.troubles[customer_id], answer, now))
        elif answer is not None:
            degraded += [policy.degradation_of(source, one, answer, now) for one in answer.troubles]
    instants = {source: answer.as_of if answer is not None else None for source, answer in answers.items()}
    used = [at for source, at in instants.items() if at is not None and source in set(merged.sources.values())]
    return _Draft(customer_id, merged.values, merged.sources, min(used, default=None), degraded, instants)


def _add_purchases(
    made: Mapping[uuid.UUID, _Draft], replies: Mapping[str, Reply], store: Store, way: _Way, now: datetime
) -> None:
    """Add to streaming fields what was bought after the instant of the source that their value came from."""
    if not replies or not way.wants(store.streaming_names):
        return
    for source in replies:
        asked: dict[uuid.UUID, datetime] = {}
        for one, draft in made.items():
            at = draft.instants.get(source)
            if at is not None and source in (draft.sources.get(name) for name in store.streaming_names):
                asked[one] = at
        for one, purchases in streaming.list_purchases_since(asked).items():
            draft = made[one]
            of_source = {name: draft.values[name] for name, of in draft.sources.items() if of == source}
            draft.values |= policy.overlay(of_source, store.null_kinds, purchases, now)


def _add_platform(made: Mapping[uuid.UUID, _Draft], store: Store, way: _Way, now: datetime) -> None:
    """Add the platform's own facts, read from its books at this moment."""
    names = store.platform_names if way.fields is None else store.platform_names & way.fields
    if not names or not made:
        return
    for one, facts in platform.ask(list(made), names, now=now).items():
        draft = made[one]
        draft.values |= facts.values
        # Nought messages to somebody of whom nobody has heard do not make a known customer.
        if facts.has_row or draft.sources:
            draft.sources |= {name: str(Origin.PLATFORM) for name, value in facts.values.items() if value is not None}


def overview_part(customer_id: uuid.UUID, *, now: datetime) -> dict[str, Any]:
    """Give the features for the whole view of a customer; what could not be asked is said, not hidden."""
    known = get_feature_set(customer_id, now=now)
    rows = [
        {
            "name": view.name,
            "label": view.label,
            "value": known.values.get(view.name),
            "unit": view.unit,
            "category": view.category,
            "type": view.type,
            "source": known.sources.get(view.name),
            "freshness": now if view.is_live else view.freshness,
            "null_meaning": view.null_meaning,
        }
        for view in (view_of(one) for one in fields_present())
    ]
    return {
        "features": rows,
        "features_as_of": known.as_of,
        "features_degraded": [one.words for one in known.degraded],
    }
