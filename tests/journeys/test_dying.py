"""Workers of journeys killed with -9 at every failpoint: no step lost, no effect doubled, nobody stuck."""

import json
import os
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.foundation.work.models import Run
from loyalty.journeys import api
from loyalty.journeys.kinds.actions import protocol
from loyalty.journeys.models import Assignment, Execution, IntakePart, Journey, Step, Version
from loyalty.journeys.operations import naming_many
from tests.campaigns.scene import make_segment
from tests.journeys import ground
from tests.journeys.dying import Mark

pytestmark = pytest.mark.django_db(transaction=True)
Order = Callable[..., str]
# In the order in which a run passes them; each is passed by one of the three rounds at least.
POINTS = (
    "journeys.laid_out", "journeys.filled", "journeys.woken", "journeys.claimed", "journeys.condition_read",
    "journeys.decided",
    "journeys.condition_moved", "journeys.split_moved", "journeys.wait_begun", "journeys.wait_fired",
    "journeys.context_read",
    "journeys.effect_done", "journeys.remembered", "journeys.moved", "journeys.released", "journeys.committed",
    "journeys.led_out", "journeys.woken_by_fact", "journeys.let_in", "journeys.heard",
)  # fmt: skip
# A run of the suite is short; JOURNEY_EXECUTIONS=100000 has so many killed and counted over all places to die.
PEOPLE = int(os.environ.get("JOURNEY_EXECUTIONS", "570")) // len(POINTS)
AWAIT = {"mode": "event", "event_type": "customer.purchase", "timeout": {"amount": 9, "unit": "days"}}
SPLIT = {"mode": "experiment", "salt": "s", "branches": [{"code": "a", "weight": 1}, {"code": "b", "weight": 1}]}


def graph_on(segment: uuid.UUID) -> dict[str, Any]:
    """A graph that passes every kind of node: members of a segment in, a condition, two effects, an event, a split."""
    return ground.graph_of(
        {
            "c": {"kind": "condition", "config": {"rule": {"missing": ["context.nothing"]}, "unknown": "no"}},
            "m": {"kind": "action", "config": {"action_type": "mark"}},
            "w": {"kind": "wait", "config": AWAIT},
            "s": {"kind": "split", "config": SPLIT},
            "n": {"kind": "action", "config": {"action_type": "mark"}},
            "d": ground.wait(1),
        },
        [
            "start c",
            "c:yes m",
            "c:no m",
            "m:success w",
            "w s",
            "w:timeout end",
            "s:a n",
            "s:b n",
            "n:success d",
            "d end",
        ],
        {"re_entry": "never"},
        {"kind": "segment", "segment_id": str(segment), "edge": "entered", "backfill": True},
    )


@pytest.fixture(scope="module")
def worker(django_db_setup: None) -> Iterator[subprocess.Popen[str]]:
    """The process that forks workers, on the test's database."""
    place = settings.DATABASES["default"]
    address = f"{place['USER']}:{place['PASSWORD']}@{place['HOST']}:{place['PORT']}/{place['NAME']}"
    environment = {**os.environ, "DATABASE_URL": f"postgresql://{address}"}
    command = [sys.executable, "-m", "tests.journeys.dying"]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=30) == 0


@pytest.fixture
def order(worker: subprocess.Popen[str]) -> Order:
    """Have a worker act; gives how it ended."""

    def one(now: datetime, point: str = "", fault: str = "", act: str = "work", **more: Any) -> str:
        assert worker.stdin is not None and worker.stdout is not None
        told = {"point": point, "now": now.isoformat(), "fault": fault, "act": act, **more}
        worker.stdin.write(json.dumps(told) + "\n")
        worker.stdin.flush()
        return worker.stdout.readline().strip()

    return one


@pytest.fixture
def mark() -> Iterator[None]:
    """An action whose every effect is seen."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE journeys_test_mark (key text NOT NULL)")
    protocol.register(Mark())
    yield
    protocol.forget("mark")
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE journeys_test_mark")


def make(segment: uuid.UUID, actor: Actor, now: datetime) -> uuid.UUID:
    """Make a journey that runs and lets the members of the segment in."""
    made = api.create(name="Welcome", graph=graph_on(segment), actor=actor, now=now)
    api.publish(journey_id=made, revision=1, comment="", plan=api.Plan(), actor=actor, now=now)
    api.activate(journey_id=made, actor=actor, now=now)
    return made


def check_whole(journey: uuid.UUID) -> None:
    """Everybody is through, by steps without a gap, and each effect happened once."""
    executions = list(Execution.objects.filter(journey__public_id=journey))
    assert len(executions) == PEOPLE
    assert {one.state for one in executions} == {"COMPLETED"}
    steps = Step.objects.filter(execution__in=executions).order_by("execution_id", "visit")
    visits: dict[uuid.UUID, list[int]] = {}
    for execution_id, visit in steps.values_list("execution_id", "visit"):
        visits.setdefault(execution_id, []).append(visit)
    assert {tuple(one) for one in visits.values()} == {tuple(range(1, 9))}
    # Whoever was drawn went by the arm that is kept, in this journey and in those before.
    arms = dict(Assignment.objects.values_list("customer_id", "arm"))
    assert len(arms) == Assignment.objects.count() == PEOPLE
    drawn = Step.objects.filter(execution__in=executions, node__code="s").values_list(
        "execution__customer_id", "branch"
    )
    assert sorted(drawn) == sorted(arms.items())
    marks = [row["key"] for row in sql.fetch_all("SELECT key FROM journeys_test_mark")]
    mine = [key for key in marks if uuid.UUID(key.split(":")[1]) in visits]
    assert len(mine) == len(set(mine)) == 2 * PEOPLE


def tell_all(people: list[uuid.UUID], at: datetime) -> None:
    """Have a purchase of each published."""
    sql.execute(
        "INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, data) "
        "SELECT gen_random_uuid(), 'customer.purchase', u, 'customer', u, %s, '{}' FROM unnest(%s::text[]) u",
        [at, [str(one) for one in people]],
    )


def run_through(order: Order, people: list[uuid.UUID], now: datetime, point: str, fault: str = "") -> int:
    """Let a journey run, each round with a worker that is to die first; give how many died."""
    killed = 0
    for number, at in enumerate((now, now + timedelta(hours=1), now + timedelta(days=2))):
        if number == 1:
            tell_all(people, at)
        for passes in (1, 2) if number == 0 else (1,):
            ended = order(at, f"{point}:{passes}", fault)
            assert ended in ("killed", "done")
            killed += ended == "killed"
        assert order(at) == "done"
    return killed


def test_worker__killed_at_every_failpoint__no_step_lost_no_effect_doubled_nobody_stuck(
    order: Order, mark: None, actor: Actor, now: datetime
) -> None:
    people = ground.make_people(PEOPLE, now)
    segment = make_segment(now, people)
    for point in POINTS:
        made = make(segment, actor, now)
        assert order(now - timedelta(days=1), act="nothing") == "done"
        assert run_through(order, people, now, point) > 0, f"nobody died at {point}"
        check_whole(made)
        api.archive(journey_id=made, actor=actor, now=now)
    assert api.list_stuck(now=now + timedelta(days=30)) == []


@pytest.mark.parametrize(
    ("fault", "point"), [("effect_first", "journeys.effect_done"), ("cursor_first", "journeys.heard")]
)
def test_planted_fault__half_of_a_step_committed_by_itself__is_caught(
    order: Order, mark: None, actor: Actor, now: datetime, fault: str, point: str
) -> None:
    people = ground.make_people(PEOPLE, now)
    made = make(make_segment(now, people), actor, now)
    assert run_through(order, people, now, point, fault) > 0
    with pytest.raises(AssertionError):
        check_whole(made)


@pytest.mark.parametrize("point", ["journeys.version_written", "journeys.led"])
def test_publication__killed_in_the_middle__never_was_and_can_be_done_again(
    order: Order, mark: None, actor: Actor, now: datetime, point: str
) -> None:
    people = ground.make_people(PEOPLE, now)
    segment = make_segment(now, people)
    made = make(segment, actor, now)
    assert order(now) == "done"
    graph = graph_on(segment)
    graph["nodes"] = [{**one, "name": f"{one['name']} again"} for one in graph["nodes"]]
    saved = api.save_draft(journey_id=made, graph=graph, revision=1, actor=actor, now=now)
    told = {"act": "publish", "journey": str(made), "revision": saved.revision}
    assert order(now, point, **told) == "killed"
    assert Version.objects.filter(journey__public_id=made).count() == 1
    assert set(Execution.objects.values_list("version__number", flat=True)) == {1}
    assert order(now, **told) == "done"
    live = Journey.objects.select_related("live").get(public_id=made).live
    assert live is not None
    assert live.number == 2
    assert set(Execution.objects.values_list("version__number", "node__code", "state")) == {(2, "w", "WAITING")}
    assert Step.objects.values("execution_id", "visit").distinct().count() == Step.objects.count()


def test_clock__killed_at_a_slot_an_entry_and_an_expiry__each_person_once_in_and_once_out(
    order: Order, actor: Actor, now: datetime
) -> None:
    people = ground.make_people(PEOPLE, now)
    segment = make_segment(now, people)
    chosen = {"re_entry": "never", "max_duration_days": 1}
    other = ground.make_journey(now, ground.graph_of({"w": ground.wait(9)}, ["start w", "w end"], chosen), "Other")
    trigger = {"kind": "schedule", "cron": "0 9 * * *", "time_zone": "UTC", "segment_id": str(segment)}
    begin = {"kind": "action", "config": {"action_type": "start_journey", "journey_id": str(other.journey_id)}}
    graph = ground.graph_of({"b": begin}, ["start b", "b:success end"], {"re_entry": "never"}, trigger)
    made = api.create(name="Daily", graph=graph, actor=actor, now=now)
    api.publish(journey_id=made, revision=1, comment="", plan=api.Plan(), actor=actor, now=now)
    api.activate(journey_id=made, actor=actor, now=now)
    slot = now + timedelta(hours=21)
    for at, point in (
        (slot, "journeys.slot_taken"),
        (slot, "journeys.entered"),
        (slot + timedelta(hours=25), "journeys.expired"),
    ):
        assert order(at, f"{point}:1") == "killed", point
        if point == "journeys.entered":
            assert order(at) == "done"
    assert order(slot + timedelta(hours=25)) == "done"
    for journey, state in ((made, "COMPLETED"), (other.journey_id, "EXPIRED")):
        inside = Execution.objects.filter(journey__public_id=journey)
        assert dict(Counter(inside.values_list("state", flat=True))) == {state: PEOPLE}
        assert inside.values("customer_id").distinct().count() == PEOPLE
    assert Step.objects.values("execution_id", "visit").distinct().count() == Step.objects.count() == 5 * PEOPLE
    assert api.list_stuck(now=now + timedelta(days=30)) == []


def test_many_started__run_killed_in_the_middle__the_next_worker_leads_in_the_rest_and_nobody_twice(
    order: Order, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A lease counts by the clock of the wall.
    now = clock.now()
    api.tidy(now=now)
    monkeypatch.setattr(naming_many, "PART_ROWS", max(1, PEOPLE // 5))
    people = ground.make_people(PEOPLE, now)
    graph = ground.graph_of({"w": ground.wait(9)}, ["start w", "w end"], {"re_entry": "each_occurrence"})
    journey = ground.make_journey(now, graph).journey_id
    source = api.ListedPeople(tuple(str(one) for one in people))
    told = api.start_many(
        journey_id=journey, source=source, context={}, reason="", key="k", actor=actor, now=now
    )  # fmt: skip
    assert told.run is not None
    pieces = IntakePart.objects.count()
    for number, point in ((1, "journeys.entered_many:2"), (2, "journeys.entered_many:1")):
        assert order(now + number * timedelta(hours=1), point, act="run") == "killed"
        # The piece in hand went back with the transaction.
        assert IntakePart.objects.count() == pieces - 1
    assert order(now + timedelta(hours=3), act="run") == "done"
    run = Run.objects.get()
    assert (run.status, run.attempts) == ("SUCCEEDED", 3)
    assert run.result["outcomes"] == [{"code": "entered", "people": PEOPLE}]
    assert Execution.objects.count() == PEOPLE == Execution.objects.values("customer_id").distinct().count()
