"""Facts that a purchase changes at once: single and in sets, and never counted twice whatever the warehouse loads."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, DateTime, Numeric, Uuid, column, select, table

from loyalty.customers import api as customers
from loyalty.features import api
from loyalty.features.kinds import streaming
from loyalty.features.policy import Purchases, overlay
from loyalty.foundation.orm import sql, statements
from tests.features.conftest import IDS, REFS, Owner

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LOADED = datetime(2026, 11, 20, 0, 0, tzinfo=UTC)


def buy(ref: str, at: datetime, amount: object, mark: str) -> None:
    """Tell of a purchase as a shop does."""
    event = {"event_id": mark, "event_type": "customer.purchase", "customer_ref": ref, "occurred_at": at.isoformat()}
    report = customers.receive_events(
        raw=[{**event, "event_data": {"amount": amount, "currency": "EUR"}}], source="shop", now=at + timedelta(days=1)
    )
    assert report.rejected == ()


@pytest.fixture
def activity(owner: Owner) -> Owner:
    """A warehouse that also tells when a customer bought last."""
    owner.execute("ALTER TABLE customer_features_view ADD COLUMN last_purchase_days_ago int")
    owner.execute("UPDATE customer_features_view SET last_purchase_days_ago = 40")
    return owner


def streamed(customer_id: uuid.UUID, at: datetime = NOW) -> tuple[Any, Any, Any]:
    """Give the three facts of a customer."""
    values = api.get_feature_set(customer_id, now=at).values
    return values["transaction_count"], values["total_revenue"], values["last_purchase_days_ago"]


def test_purchase__after_the_load__counts_at_once(activity: Owner) -> None:
    assert streamed(IDS[1]) == (2, Decimal("200.00"), 40)
    buy(REFS[1], NOW - timedelta(hours=2), "12.50", "a")
    assert streamed(IDS[1]) == (3, Decimal("212.50"), 0)
    assert streamed(IDS[0]) == (1, Decimal("100.00"), 40)
    assert streamed(IDS[1], NOW + timedelta(days=3)) == (3, Decimal("212.50"), 3)
    view = {one.name: one for one in api.list_fields()}
    assert view["transaction_count"].is_streaming
    assert not view["city"].is_streaming


def test_purchase__in_the_load_already__is_not_added(activity: Owner) -> None:
    buy(REFS[1], LOADED, 10, "at the instant of the load")
    buy(REFS[1], LOADED - timedelta(seconds=1), 10, "before")
    assert streamed(IDS[1]) == (2, Decimal("200.00"), 40)


def test_purchase__the_next_load_has_it__counted_once(activity: Owner) -> None:
    buy(REFS[1], NOW - timedelta(hours=2), 30, "a")
    assert streamed(IDS[1]) == (3, Decimal("230.00"), 0)
    activity.execute(
        "UPDATE customer_features_view SET transaction_count = 3, total_revenue = 230, last_purchase_days_ago = 0, "
        "updated_at = '2026-11-20T11:00Z'"
    )
    # Whether the old row is still remembered or the new one is read: the row and its instant come together.
    assert streamed(IDS[1]) == (3, Decimal("230.00"), 0)
    api.refresh()
    assert streamed(IDS[1]) == (3, Decimal("230.00"), 0)


def test_purchase__told_twice_or_unreadable__counts_once_or_not(activity: Owner) -> None:
    at = NOW - timedelta(hours=1)
    for _ in range(2):
        buy(REFS[1], at, 5, "same")
    for data in ('{"amount": "a lot"}', '{"amount": -5}', '{"amount": null}', '{"amount": [1]}', "{}", "[7]"):
        sql.execute(
            "INSERT INTO events_outbox (event_id, type, key, occurred_at, data) "
            "VALUES (gen_random_uuid(), 'customer.purchase', %s, %s, %s)",
            [str(IDS[1]), at, data],
        )
    assert streamed(IDS[1]) == (3, Decimal("205.00"), 0)


def test_purchase__of_whom_the_warehouse_knows_nothing__stays_unknown(activity: Owner) -> None:
    buy(REFS[2], NOW - timedelta(hours=1), 5, "new")
    assert streamed(IDS[2]) == (None, None, None)
    activity.execute("UPDATE customer_features_view SET transaction_count = NULL, last_purchase_days_ago = NULL")
    api.forget_all()
    buy(REFS[0], NOW - timedelta(hours=1), 5, "unknown base")
    assert streamed(IDS[0]) == (None, Decimal("105.00"), 0)


def test_purchase__null_means_none__counts_from_nought(activity: Owner, actor: Any) -> None:
    api.schema()
    api.describe_field(name="transaction_count", words={"null_kind": "none"}, actor=actor, now=NOW)
    activity.execute("UPDATE customer_features_view SET transaction_count = NULL")
    buy(REFS[0], NOW - timedelta(hours=1), 5, "first")
    assert streamed(IDS[0])[0] == 1


def test_warehouse__without_an_instant__adds_nothing(activity: Owner) -> None:
    activity.execute("ALTER TABLE customer_features_view DROP COLUMN updated_at")
    api.sync_catalogue()
    buy(REFS[1], NOW - timedelta(hours=1), 5, "a")
    assert streamed(IDS[1]) == (2, Decimal("200.00"), 40)
    assert not {one.name: one for one in api.list_fields()}["transaction_count"].is_streaming
    assert statements.fetch_all(api.streaming_customers(api.source())) == []


AMOUNTS = st.decimals(min_value=0, max_value=500, places=2)
# Minutes since the first load; loads and purchases come in any order, also several within one minute.
LIVES = st.lists(st.tuples(st.integers(0, 300), st.one_of(AMOUNTS, st.none())), max_size=14)


class Pretended:
    """A warehouse that computes its row from all purchases up to the instant of a load."""

    def __init__(self) -> None:
        self.bought: list[tuple[int, Decimal]] = []
        self.loaded = 0

    def row(self) -> dict[str, Any]:
        """What the warehouse says: the purchases up to its last load."""
        known = [(at, amount) for at, amount in self.bought if at <= self.loaded]
        return {"transaction_count": len(known), "total_revenue": sum((amount for _, amount in known), Decimal(0))}

    def since(self) -> Purchases | None:
        """What the event store says of the time after it."""
        newer = [(at, amount) for at, amount in self.bought if at > self.loaded]
        if not newer:
            return None
        last = LOADED + timedelta(minutes=max(at for at, _ in newer))
        return Purchases(len(newer), sum((amount for _, amount in newer), Decimal(0)), last)


@settings(deadline=None)
@given(LIVES)
def test_overlay__any_order_of_loads_and_purchases__each_counts_exactly_once(
    life: list[tuple[int, Decimal | None]],
) -> None:
    world = Pretended()
    for minute, amount in life:
        if amount is None:
            world.loaded = max(world.loaded, minute)
        else:
            world.bought.append((minute, amount))
        seen = overlay(world.row(), {}, world.since(), NOW)
        assert seen["transaction_count"] == len(world.bought)
        assert seen["total_revenue"] == sum((one for _, one in world.bought), Decimal(0))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("buy"), st.integers(0, 400), st.decimals(min_value=0, max_value=90, places=2)),
        st.tuples(st.just("load"), st.integers(0, 400), st.booleans()),
    ),
    min_size=1,
    max_size=10,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps=STEPS)
def test_store__purchases_and_loads_in_any_order__each_counts_once_in_every_answer(
    activity: Owner, steps: list[tuple[str, int, Any]]
) -> None:
    """Through everything: event store, warehouse, cache. A load has all that happened up to its instant."""
    customer_id = uuid.uuid4()
    bought: list[tuple[int, Decimal]] = []
    loaded = 0
    load(activity, customer_id, bought, loaded)
    for what, minute, more in steps:
        if what == "load":
            loaded = max(loaded, minute)
            load(activity, customer_id, bought, loaded)
            if more:
                api.refresh()
        elif minute > loaded:
            # What happened before the load is in it, as far as the platform is concerned.
            bought.append((minute, more))
            sql.execute(TOLD, [str(customer_id), LOADED + timedelta(minutes=minute), str(more)])
        values = api.get_feature_set(customer_id, now=NOW).values
        assert values["transaction_count"] == len(bought)
        assert values["total_revenue"] == sum((amount for _, amount in bought), Decimal(0))


def load(owner: Owner, customer_id: uuid.UUID, bought: Sequence[tuple[int, Decimal]], minute: int) -> None:
    """Compute the customer's row in the warehouse anew, as of an instant."""
    known = [amount for at, amount in bought if at <= minute]
    owner.execute("DELETE FROM customer_features_view WHERE customer_id = %s", [customer_id])
    owner.execute(
        "INSERT INTO customer_features_view (customer_id, transaction_count, total_revenue, updated_at) "
        "VALUES (%s, %s, %s, %s)",
        [customer_id, len(known), sum(known, Decimal(0)), LOADED + timedelta(minutes=minute)],
    )


TOLD = (
    "INSERT INTO events_outbox (event_id, type, key, occurred_at, data) VALUES (gen_random_uuid(), "
    "'customer.purchase', %s, %s, jsonb_build_object('amount', %s::text))"
)
STAGED = table(
    "staged",
    column("customer_id", Uuid()),
    column("transaction_count", BigInteger()),
    column("total_revenue", Numeric()),
    column("last_purchase_days_ago", BigInteger()),
    column("updated_at", DateTime(timezone=True)),
)
ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(0, 9),
        st.none() | AMOUNTS,
        st.none() | st.integers(0, 99),
        st.none() | st.integers(0, 300),
    ),
    min_size=1,
    max_size=4,
)
BOUGHT = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 400), AMOUNTS), max_size=8)


@pytest.mark.django_db
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=ROWS, bought=BOUGHT, none_kind=st.sampled_from(["unknown", "none"]))
def test_sets_and_singles__same_rows_and_purchases__say_the_same(
    db: None, rows: Sequence[Any], bought: Sequence[tuple[int, int, Decimal]], none_kind: str
) -> None:
    ids = [uuid.uuid4() for _ in range(4)]
    sql.execute(
        "CREATE TEMP TABLE IF NOT EXISTS staged (customer_id uuid, transaction_count bigint, total_revenue numeric, "
        "last_purchase_days_ago bigint, updated_at timestamptz)"
    )
    sql.execute("TRUNCATE staged")
    held = {}
    for one, (count, revenue, days, minute) in zip(ids, rows, strict=False):
        as_of = None if minute is None else LOADED + timedelta(minutes=minute)
        sql.execute("INSERT INTO staged VALUES (%s, %s, %s, %s, %s)", [one, count, revenue, days, as_of])
        raw = {"transaction_count": count, "total_revenue": revenue, "last_purchase_days_ago": days}
        held[one] = (raw, as_of)
    for who, minute, amount in bought:
        sql.execute(
            "INSERT INTO events_outbox (event_id, type, key, occurred_at, data) VALUES (gen_random_uuid(), "
            "'customer.purchase', %s, %s, jsonb_build_object('amount', %s::numeric))",
            [str(ids[who]), LOADED + timedelta(minutes=minute), amount],
        )
    kinds = {"transaction_count": none_kind, "total_revenue": none_kind}
    columns = {name: STAGED.c[name] for name in ("transaction_count", "total_revenue", "last_purchase_days_ago")}
    key = STAGED.c.customer_id
    found = streaming.purchases_of(STAGED, key=key, as_of=STAGED.c.updated_at, oldest=LOADED)
    bought_since = found.subquery("bought")
    told = api.BoughtColumns(bought_since.c.number, bought_since.c.amount, bought_since.c.last_at)
    made = streaming.overlaid(columns, kinds, bought=told, now=NOW)
    origin = STAGED.outerjoin(bought_since, bought_since.c.customer_id == key)
    in_sets = {row[0]: row[1:] for row in statements.fetch_all(select(key, *made.values()).select_from(origin))}
    purchases = streaming.list_purchases_since({one: at for one, (_, at) in held.items() if at is not None})
    for one, (raw, as_of) in held.items():
        single = overlay(raw, kinds, purchases.get(one) if as_of else None, NOW)
        assert in_sets[one] == tuple(single[name] for name in made)


def test_streaming_customers__those_who_bought_since_the_oldest_row(activity: Owner) -> None:
    api.schema()
    buy(REFS[1], NOW - timedelta(hours=2), 1, "a")
    buy(REFS[0], LOADED - timedelta(hours=2), 1, "b")
    source = api.source()
    assert source.reference_instant == source.oldest_instant == LOADED
    assert statements.fetch_all(api.streaming_customers(source)) == [(IDS[1],)]
    activity.execute("UPDATE customer_features_view SET updated_at = '2026-11-19T00:00Z' WHERE transaction_count = 2")
    api.refresh()
    assert {row[0] for row in statements.fetch_all(api.streaming_customers(api.source()))} == set(IDS[:2])
