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
from tests.conftest import ClientWith
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


@pytest.mark.django_db(transaction=True)
def test_attributes__changed_over_http_while_both_are_merged__nobody_waits_in_a_circle_and_none_is_lost(
    client_with: ClientWith, actor: Actor, now: datetime
) -> None:
    pairs, changes = 8, 6
    clients = [client_with("*") for _ in range(changes + 1)]
    api.upsert_many([record(number) for number in range(2 * pairs)], source="tests", actor=actor, now=now)
    for number in range(changes):
        api.define_attribute(
            code=f"a{number}", label=f"A {number}", description="", kind=api.AttributeKind.TEXT, choices=[],
            actor=actor, now=now,
        )  # fmt: skip
    ids = [public_id_of_ref(f"XV-{number:05d}") for number in range(2 * pairs)]

    def change(pair: int, number: int) -> int:
        # Each code is set on one of the two only, the later row first in every second pair.
        one = ids[2 * pair + (number + pair) % 2]
        place = f"/api/loyalty/v1/customers/{one}/attributes/"
        return clients[number].patch(place, {"values": {f"a{number}": "x"}, "reason": "r"}, format="json").status_code

    def merge(pair: int) -> int:
        gone, into = 2 * pair + pair % 2, 2 * pair + (pair + 1) % 2
        told = {"into": str(ids[into]), "confirmation": f"XV-{gone:05d}", "reason": "one person"}
        return clients[changes].post(f"/api/loyalty/v1/customers/{ids[gone]}/merge/", told, format="json").status_code

    for pair in range(pairs):
        calls: list[Callable[[], int]] = [lambda n=number, p=pair: change(p, n) for number in range(changes)]  # type: ignore[misc]
        calls.insert(changes // 2, lambda p=pair: merge(p))  # type: ignore[misc]
        assert set(at_once(calls)) == {200}
    for pair in range(pairs):
        standing = Customer.objects.get(public_id=ids[2 * pair + (pair + 1) % 2])
        held = {one.attribute.code for one in api.list_values(standing.public_id) if one.value == "x"}
        assert held == {f"a{number}" for number in range(changes)}
