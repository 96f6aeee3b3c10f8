"""Fan-out by several workers at once: each slice once, whoever places it, and a lost worker's by another."""

import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import psycopg
import pytest
from django.db import connection, connections, transaction

from loyalty.campaigns import api
from loyalty.campaigns.models import AudienceSlice, Occurrence
from loyalty.campaigns.operations import fan_out
from loyalty.delivery import api as delivery
from loyalty.delivery.models import Message, Send
from loyalty.foundation.orm import sql
from loyalty.foundation.work import api as work
from loyalty.foundation.work.models import Run
from tests.campaigns.scene import ACTOR, make_campaign, make_segment, trigger
from tests.delivery.post import make_customers

SLICES, IN_A_SLICE = 12, 5
MEMBERS = SLICES * IN_A_SLICE
# Each five live in a stretch of ids of their own, so that each are a row of bits and a slice. One in five said no.
FILL = (
    """
    INSERT INTO customers_customer (id, public_id, customer_ref, first_name, last_name, status, language, time_zone,
        city, gender, source)
    SELECT (s << 11) + n, gen_random_uuid(), 'w-' || s || '-' || n, 'Name', '', 'ACTIVE', 'en', 'UTC', '', '', 'tests'
    FROM generate_series(1000, 999 + %(slices)s) s, generate_series(1, %(customers)s) n
    """,
    """
    INSERT INTO customers_contactpoint (customer_id, channel, address, is_primary)
    SELECT id, 'email', customer_ref || '@mail.test', true FROM customers_customer
    """,
    """
    INSERT INTO customers_consent (customer_id, channel, purpose, is_granted, source, changed_at)
    SELECT id, 'email', 'marketing', id %% 5 <> 0, 'tests', now() FROM customers_customer
    """,
)


@pytest.fixture
def occurrence(now: datetime, monkeypatch: pytest.MonkeyPatch) -> Occurrence:
    """An occurrence that has begun, with a dozen slices of which none is placed."""
    monkeypatch.setattr(fan_out, "SLICE_CUSTOMERS", 1)
    for statement in FILL:
        sql.execute(statement, {"slices": SLICES, "customers": IN_A_SLICE})
    caps = [delivery.ContactCap(sends_max=3, hours=24)]
    delivery.save_policy(caps=caps, quiet_hours=[], holdout_percent=10, time_zone="UTC", actor=ACTOR, now=now)
    trigger(make_campaign(now, control_percent=10), now)
    made = Occurrence.objects.select_related("campaign").get()
    assert (made.population, made.slices.count()) == (MEMBERS, SLICES)
    return made


def each_once() -> bool:
    """Tell whether everybody has one row."""
    return Counter(Send.objects.values_list("customer_id", flat=True)) == Counter(
        row["id"] for row in sql.fetch_all("SELECT id FROM customers_customer")
    )


def at_once(acts: list[Callable[[], object]]) -> list[threading.Thread]:
    """Begin each in a thread of its own with a connection of its own."""

    def run(act: Callable[[], object]) -> None:
        try:
            act()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    return threads


@pytest.mark.django_db(transaction=True)
def test_slices__placed_by_four_workers_at_once__each_once_and_as_one_would(
    occurrence: Occurrence, now: datetime
) -> None:
    alone = make_copy(occurrence, now)
    while fan_out.place_next(alone, now=now) is not None:
        pass
    expected = decisions(alone)
    Send.objects.all().delete()
    counts: list[int] = []

    def place() -> None:
        count = 0
        while fan_out.place_next(occurrence, now=now) is not None:
            count += 1
        counts.append(count)

    for thread in at_once([place] * 4):
        thread.join()
    assert sum(counts) == SLICES
    assert each_once()
    assert decisions(occurrence) == expected
    told = [one.placed for one in AudienceSlice.objects.filter(occurrence=occurrence)]
    queued = Send.objects.filter(state="QUEUED").count()
    assert sum(one["queued"] for one in told) == queued
    assert fan_out.sum_up(one["excluded"] for one in told)["no_consent"] == MEMBERS // 5
    assert sum(fan_out.sum_up(one["excluded"] for one in told).values()) == MEMBERS - queued


def make_copy(occurrence: Occurrence, now: datetime) -> Occurrence:
    """Begin another occurrence of the same campaign."""
    answer = trigger(occurrence.campaign.public_id, now, "o-2").answer
    return Occurrence.objects.select_related("campaign").get(public_id=answer["id"])


def decisions(occurrence: Occurrence) -> dict[int, tuple[str, str]]:
    """Give state and reason of each customer."""
    rows = Send.objects.filter(message__occurrence_ref=occurrence.public_id)
    return {customer: (state, reason) for customer, state, reason in rows.values_list("customer_id", "state", "reason")}


@pytest.mark.django_db
def test_slice__its_worker_lost_before_the_commit__is_open_and_placed_once(
    occurrence: Occurrence, now: datetime
) -> None:
    class Lost(Exception):
        pass

    def lose() -> None:
        with transaction.atomic():
            fan_out.place_next(occurrence, now=now)
            raise Lost

    with pytest.raises(Lost):
        lose()
    assert (Send.objects.count(), occurrence.slices.filter(placed__isnull=True).count()) == (0, SLICES)
    fan_out.place_next(occurrence, now=now)
    assert Send.objects.count() == IN_A_SLICE
    work.execute_next(now=now)
    assert each_once()
    run = Run.objects.get()
    # What was placed before the run took up is in its result.
    assert run.result is not None
    assert run.result["queued"] + sum(run.result["excluded"].values()) == MEMBERS
    assert (run.status, run.done, run.total) == ("SUCCEEDED", MEMBERS, MEMBERS)
    assert Occurrence.objects.get().is_complete and Message.objects.get().is_complete


@pytest.mark.django_db(transaction=True)
def test_run__last_slice_is_another_workers__waits_for_it_and_places_it_when_that_one_is_lost(
    occurrence: Occurrence, now: datetime
) -> None:
    other = psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor})
    other.execute("SELECT id FROM campaigns_audienceslice ORDER BY id LIMIT 1 FOR UPDATE")
    (thread,) = at_once([lambda: work.execute_next(now=now)])
    waits = "SELECT count(*) AS waiting FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database "
    waits += "WHERE datname = current_database()) OR NOT granted AND locktype = 'transactionid'"
    looked = threading.Event()
    while sql.fetch_all(waits)[0]["waiting"] == 0:
        assert thread.is_alive()
        looked.wait(0.01)
    assert Send.objects.count() == MEMBERS - IN_A_SLICE
    assert not Occurrence.objects.get().is_complete
    other.close()
    thread.join()
    assert each_once()
    assert Run.objects.get().status == "SUCCEEDED"


@pytest.mark.django_db
def test_helper__only_where_a_run_is_under_way__places_one_slice_at_a_time(
    occurrence: Occurrence, now: datetime
) -> None:
    assert not api.help_one(), "nobody has begun"
    Run.objects.update(status="RUNNING")
    assert api.help_one()
    assert Send.objects.count() == IN_A_SLICE
    Run.objects.update(status="CANCELLED")
    assert not api.help_one(), "somebody stopped it"
    Run.objects.update(status="RUNNING")
    api.abort(
        campaign_id=occurrence.campaign.public_id, occurrence_id=uuid.UUID(str(occurrence.public_id)), actor=ACTOR,
        now=now,
    )  # fmt: skip
    assert not api.help_one(), "it was aborted"
    assert Send.objects.filter(state="QUEUED").count() == 0


@pytest.mark.django_db
def test_slice__while_it_is_placed__its_commit_does_not_wait_for_the_disk(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    place = fan_out._place_channels

    def looked_at(*arguments: Any, **options: Any) -> Iterator[delivery.EnqueuedChunk]:
        row = sql.fetch_one("SELECT current_setting('synchronous_commit') AS told")
        seen.append(row["told"] if row else "")
        return place(*arguments, **options)

    monkeypatch.setattr(fan_out, "_place_channels", looked_at)
    campaign = make_campaign(now, segment=make_segment(now, make_customers(["Ada"], now)))
    row = Occurrence.objects.get(public_id=trigger(campaign, now).answer["id"])
    sql.execute("SET LOCAL synchronous_commit = on")
    assert fan_out.place_next(row, now=now) is not None
    assert seen == ["off"]


@pytest.mark.django_db
def test_pause__between_two_slices__places_the_rest_held_and_goes_on_once(
    occurrence: Occurrence, now: datetime
) -> None:
    campaign = occurrence.campaign.public_id
    fan_out.place_next(occurrence, now=now)
    api.pause(campaign_id=campaign, actor=ACTOR, now=now)
    while fan_out.place_next(occurrence, now=now) is not None:
        pass
    assert each_once()
    assert not Send.objects.filter(state="QUEUED", due_at__isnull=False).exists()
    api.activate(campaign_id=campaign, actor=ACTOR, now=now)
    assert not Send.objects.filter(state="QUEUED", due_at=None).exists()
