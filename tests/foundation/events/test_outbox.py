"""The way of a fact: outbox, relay, inbox, handler."""

import threading
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
from django.db import connection, connections, transaction

from loyalty.foundation.events import api, registry
from loyalty.foundation.events.contracts import Envelope, Fact, Subscription
from loyalty.foundation.events.models import InboxEntry, InboxState, OutboxEntry
from loyalty.foundation.events.operations import ATTEMPTS_MAX, replay_dead
from tests.conftest import ClientWith


@dataclass(frozen=True, slots=True)
class BellRung(Fact):
    """A fact for tests."""

    type: ClassVar[str] = "bell.rung"
    tone: str


class Listener:
    """A handler that remembers what it took in and can be told to fail."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.failing: set[str] = set()

    def __call__(self, event: Envelope, *, now: datetime) -> None:
        """Take the fact in."""
        if event.data["tone"] in self.failing:
            raise ValueError("told to fail")
        self.heard.append(event.data["tone"])


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Subscribe a listener for the time of one test, alone."""
    before = dict(registry._Registry.subscriptions)
    registry._Registry.subscriptions.clear()
    heard = Listener()
    registry._Registry.subscriptions["tests.on_bell"] = Subscription("bell.rung", "tests.on_bell", heard)
    yield heard
    registry._Registry.subscriptions.clear()
    registry._Registry.subscriptions.update(before)


def ring(tone: str, now: datetime, key: str = "k1") -> None:
    """Publish a bell."""
    api.publish(BellRung(tone=tone), key=key, subject_kind="bell", subject_ref="1", occurred_at=now)


def drain(now: datetime) -> None:
    """Relay and deliver until nothing is due."""
    while api.relay(now=now)[0]:
        pass
    while api.deliver_one(now=now):
        pass


@pytest.mark.django_db(transaction=True)
def test_fact__committed__reaches_the_handler_once(listener: Listener, now: datetime) -> None:
    ring("a", now)
    drain(now)
    drain(now)
    assert listener.heard == ["a"]
    assert InboxEntry.objects.get().state == InboxState.DONE


@pytest.mark.django_db(transaction=True)
def test_fact__rolled_back__never_was(listener: Listener, now: datetime) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        ring("a", now)
        raise RuntimeError
    drain(now)
    assert listener.heard == []
    assert OutboxEntry.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_relay__an_older_transaction_commits_late__its_fact_is_not_passed_over(
    listener: Listener, now: datetime
) -> None:
    published, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with transaction.atomic():
                ring("slow", now, key="slow")
                published.set()
                may_commit.wait(20)
        finally:
            connections["default"].close()

    thread = threading.Thread(target=slow)
    thread.start()
    assert published.wait(20)
    ring("fast", now, key="fast")
    drain(now)
    assert listener.heard == ["fast"], "nobody waits for a transaction that is still running"
    may_commit.set()
    thread.join()
    drain(now)
    drain(now)
    assert listener.heard == ["fast", "slow"]


@pytest.mark.django_db(transaction=True)
def test_handler__fails__is_tried_again_later_and_its_key_waits(listener: Listener, now: datetime) -> None:
    listener.failing = {"a"}
    ring("a", now)
    ring("b", now)
    ring("c", now, key="other")
    drain(now)
    assert listener.heard == ["c"], "the other key is not held back"
    listener.failing = set()
    drain(now + timedelta(seconds=5))
    assert listener.heard == ["c", "a", "b"], "facts of one key keep their order"


@pytest.mark.django_db(transaction=True)
def test_handler__fails_eight_times__is_dead_and_can_be_replayed(listener: Listener, now: datetime) -> None:
    listener.failing = {"a"}
    ring("a", now)
    for hours in range(ATTEMPTS_MAX + 1):
        drain(now + timedelta(hours=hours))
    entry = InboxEntry.objects.get()
    assert (entry.state, entry.attempts) == (InboxState.DEAD, ATTEMPTS_MAX)
    assert "told to fail" in entry.last_error
    listener.failing = set()
    replay_dead(entry=entry, now=now)
    drain(now)
    assert listener.heard == ["a"]


@pytest.mark.django_db
def test_letters__of_one_fact_for_two_handlers__each_is_read_and_replayed_by_its_own_number(
    client_with: ClientWith, now: datetime
) -> None:
    event_id = uuid.uuid4()
    dead = {"event_id": event_id, "type": "bell.rung", "key": "k1", "state": InboxState.DEAD, "due_at": now}
    first, second = (
        InboxEntry.objects.create(handler=name, attempts=8, last_error="no", envelope={}, **dead)
        for name in ("tests.first", "tests.second")
    )
    client = client_with("events.view", "events.replay")
    letters = "/api/loyalty/v1/deadLetters/"
    assert [one["handler"] for one in client.get(letters).json()["results"]] == ["tests.second", "tests.first"]
    assert [one["id"] for one in client.get(letters, {"handler": "tests.first"}).json()["results"]] == [first.pk]
    assert client.get(f"{letters}{second.pk}/").json()["handler"] == "tests.second"
    assert client.post(f"{letters}{second.pk}/replay/").status_code == 200
    states = dict(InboxEntry.objects.values_list("handler", "state"))
    assert states == {"tests.first": InboxState.DEAD, "tests.second": InboxState.PENDING}
    assert client.get(f"{letters}{second.pk}/").status_code == 404, "it is no dead letter any more"
    assert client.get(f"{letters}{event_id}/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_relay__two_at_once__no_fact_twice(listener: Listener, now: datetime) -> None:
    for number in range(200):
        ring(str(number), now, key=str(number))

    def work() -> None:
        try:
            drain(now)
        finally:
            connections["default"].close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(listener.heard, key=int) == [str(number) for number in range(200)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM events_inboxentry WHERE state = 'DONE'")
        assert cursor.fetchone() == (200,)


@pytest.mark.django_db(transaction=True)
def test_handlers__of_a_higher_rank__hear_of_a_fact_after_the_lower_ones(listener: Listener, now: datetime) -> None:
    order: list[str] = []

    def above(event: Envelope, *, now: datetime) -> None:
        order.append("above")

    def below(event: Envelope, *, now: datetime) -> None:
        if not order:
            order.append("below refuses")
            raise ValueError("not yet")
        order.append("below")

    registry._Registry.subscriptions.clear()
    registry.subscribe("bell.rung", name="a.above", handler=above, rank=1)
    registry.subscribe("bell.rung", name="b.below", handler=below)
    ring("a", now)
    drain(now)
    drain(now + timedelta(seconds=5))
    assert order == ["below refuses", "below", "above"]


@pytest.mark.django_db(transaction=True)
def test_handler__that_nobody_waits_with__gets_no_row(listener: Listener, now: datetime) -> None:
    wanted: list[str] = []
    registry._Registry.subscriptions.clear()
    registry.subscribe("bell.rung", name="tests.idle", handler=listener, is_wanted=lambda kind: kind in wanted)
    ring("early", now)
    drain(now)
    wanted.append("bell.rung")
    ring("late", now)
    drain(now)
    assert listener.heard == ["late"]


@pytest.mark.django_db(transaction=True)
def test_replay__from_an_instant_for_one_key__is_taken_in_again_in_order(listener: Listener, now: datetime) -> None:
    for tone in "ab":
        ring(tone, now, key="k1")
        ring(tone, now, key="k2")
    drain(now)
    listener.heard.clear()
    since = datetime(2020, 1, 1, tzinfo=UTC)
    assert api.replay_facts(handler="tests.on_bell", since=since, key="k1", now=now) == 2
    drain(now)
    assert listener.heard == ["a", "b"]
    assert api.replay_facts(handler="tests.on_bell", since=since, key="", now=now) == 4
    assert api.replay_facts(handler="tests.on_bell", since=datetime(2100, 1, 1, tzinfo=UTC), key="", now=now) == 0
    with pytest.raises(api.HandlerUnknown):
        api.replay_facts(handler="nobody", since=since, key="", now=now)


@pytest.mark.django_db
def test_replay__by_http__needs_its_permission(client_with: ClientWith, listener: Listener) -> None:
    body = {"handler": "tests.on_bell", "since": "2026-01-01T00:00:00Z"}
    assert client_with("events.view").post("/api/loyalty/v1/events/replay/", body).status_code == 403
    answer = client_with("events.replay").post("/api/loyalty/v1/events/replay/", body)
    assert (answer.status_code, answer.json()) == (202, {"count": 0, "missing_until": None})
    unknown = client_with("events.replay").post("/api/loyalty/v1/events/replay/", {**body, "handler": "nobody"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "event.handler_unknown")


class SetListener(Listener):
    """A listener that takes facts in sets too, and remembers the sets."""

    def __init__(self) -> None:
        super().__init__()
        self.sets: list[list[str]] = []

    def take(self, facts: Sequence[Envelope], *, now: datetime) -> None:
        """Take several facts in."""
        self.sets.append([fact.data["tone"] for fact in facts])
        for fact in facts:
            self(fact, now=now)


@pytest.fixture
def set_listener(listener: Listener) -> SetListener:
    """Subscribe a listener that takes sets in the place of the other."""
    heard = SetListener()
    registry._Registry.subscriptions["tests.on_bell"] = Subscription(
        "bell.rung", "tests.on_bell", heard, take_set=heard.take
    )
    return heard


def deliver_in_sets(now: datetime, limit: int = 100) -> list[int]:
    """Relay, and deliver in sets until nothing is due; give how many rows each took."""
    while api.relay(now=now)[0]:
        pass
    counts: list[int] = []
    while count := api.deliver_due(now=now, limit=limit):
        counts.append(count)
    return counts


@pytest.mark.django_db(transaction=True)
def test_set__facts_of_several_keys__of_each_key_the_oldest_in_their_order(
    set_listener: SetListener, now: datetime
) -> None:
    for tone, key in (("a", "k1"), ("b", "k2"), ("c", "k1"), ("d", "k3"), ("e", "k2"), ("f", "k1")):
        ring(tone, now, key=key)
    assert deliver_in_sets(now) == [3, 2, 1]
    assert set_listener.sets == [["a", "b", "d"], ["c", "e"]], "one alone is handed to the handler of one"
    assert set_listener.heard == ["a", "b", "d", "c", "e", "f"]
    assert set(InboxEntry.objects.values_list("state", flat=True)) == {InboxState.DONE}


@pytest.mark.django_db(transaction=True)
def test_set__larger_than_its_limit__is_cut(set_listener: SetListener, now: datetime) -> None:
    for number in range(5):
        ring(str(number), now, key=str(number))
    assert deliver_in_sets(now, limit=2) == [2, 2, 1]


@pytest.mark.django_db(transaction=True)
def test_set__with_a_fact_that_fails__postpones_that_one_and_its_key_only(
    set_listener: SetListener, now: datetime
) -> None:
    set_listener.failing = {"b"}
    for tone, key in (("a", "k1"), ("b", "k2"), ("c", "k3"), ("d", "k2")):
        ring(tone, now, key=key)
    deliver_in_sets(now)
    assert set_listener.heard == ["a", "a", "c"], "what the set did was undone, then each was tried by itself"
    states = dict(InboxEntry.objects.values_list("envelope__data__tone", "attempts"))
    assert states == {"a": 0, "b": 1, "c": 0, "d": 0}
    set_listener.failing = set()
    set_listener.heard.clear()
    deliver_in_sets(now + timedelta(seconds=5))
    assert set_listener.heard == ["b", "d"], "facts of one key keep their order"


@pytest.mark.django_db(transaction=True)
def test_set__fact_of_a_lower_rank_waits__is_not_taken_in(set_listener: SetListener, now: datetime) -> None:
    def below(event: Envelope, *, now: datetime) -> None:
        if event.data["tone"] == "b":
            raise ValueError("not yet")

    registry._Registry.subscriptions["tests.on_bell"] = Subscription(
        "bell.rung", "tests.on_bell", set_listener, take_set=set_listener.take, rank=1
    )
    registry.subscribe("bell.rung", name="tests.below", handler=below)
    for tone in "abc":
        ring(tone, now, key=tone)
    deliver_in_sets(now)
    assert sorted(set_listener.heard) == ["a", "c"]


@pytest.mark.django_db(transaction=True)
def test_set__two_workers_at_once__no_fact_twice_and_each_key_in_order(
    set_listener: SetListener, now: datetime
) -> None:
    for number in range(120):
        ring(f"{number}", now, key=str(number % 40))
    while api.relay(now=now)[0]:
        pass

    def work() -> None:
        try:
            while InboxEntry.objects.filter(state=InboxState.PENDING).exists():
                api.deliver_due(now=now, limit=9)
        finally:
            connections["default"].close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(set_listener.heard, key=int) == [str(number) for number in range(120)]
    for key in range(40):
        of_key = [tone for tone in set_listener.heard if int(tone) % 40 == key]
        assert of_key == [str(key), str(key + 40), str(key + 80)]
