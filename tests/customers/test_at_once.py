"""Several at once, over connections of their own: nothing is doubled, nothing is lost, nobody dead-locks."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TypeVar

import pytest
from django.db import connection

from loyalty.customers import api
from loyalty.customers.models import ConsentChange, Customer, CustomerEvent
from loyalty.foundation.events.models import PublishedEvent
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.ids import public_id_of_ref
from tests.customers.conftest import record

Answer = TypeVar("Answer")
THREADS = 4


def at_once(calls: list[Callable[[], Answer]]) -> list[Answer]:
    """Call all at once, each over a connection of its own."""

    def one(call: Callable[[], Answer]) -> Answer:
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, calls))


@pytest.mark.django_db(transaction=True)
def test_events__the_same_batch_four_times__each_once(actor: Actor, now: datetime) -> None:
    api.upsert_many([record(number) for number in range(20)], source="tests", actor=actor, now=now)
    batch = [
        {
            "event_id": f"e-{number}",
            "event_type": "customer.purchase",
            "customer_ref": f"XV-{number % 20:05d}",
            "occurred_at": now.isoformat(),
        }
        for number in range(200)
    ]
    shuffled = [random.Random(turn).sample(batch, len(batch)) for turn in range(THREADS)]
    reports = at_once([lambda raw=raw: api.receive_events(raw=raw, source="api", now=now) for raw in shuffled])  # type: ignore[misc]
    assert sum(report.accepted for report in reports) == 200
    assert sum(report.duplicates for report in reports) == 200 * (THREADS - 1)
    assert CustomerEvent.objects.count() == PublishedEvent.objects.filter(type="customer.purchase").count() == 200


@pytest.mark.django_db(transaction=True)
def test_imports__overlapping__each_customer_once(actor: Actor, now: datetime) -> None:
    records = [record(number) for number in range(300)]
    parts = [random.Random(turn).sample(records, 200) for turn in range(THREADS)]
    reports = at_once(
        [lambda part=part: api.upsert_many(part, source="tests", actor=actor, now=now) for part in parts]  # type: ignore[misc]
    )
    wanted = {one.customer_ref for part in parts for one in part}
    assert sum(report.created for report in reports) == Customer.objects.count() == len(wanted)
    assert PublishedEvent.objects.filter(type="customer.created").count() == len(wanted)


@pytest.mark.django_db(transaction=True)
def test_consent__withdrawn_by_four_clicks__one_fact(actor: Actor, now: datetime) -> None:
    api.upsert_many([record(1)], source="tests", actor=actor, now=now)

    def withdraw() -> api.ConsentView:
        return api.withdraw_consent(
            customer_id=public_id_of_ref("XV-00001"),
            channel="email",
            purpose="marketing",
            source="link",
            actor=actor,
            now=now,
        )

    assert not any(view.is_granted for view in at_once([withdraw] * THREADS))
    assert ConsentChange.objects.filter(is_granted=False).count() == 1
    assert PublishedEvent.objects.filter(type="consent.withdrawn").count() == 1
