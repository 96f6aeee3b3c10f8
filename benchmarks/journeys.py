"""Journeys at a million people: let in, timers fired, an event that wakes one among all who wait, beside one by one.

Every figure is told with how many rows it moved, and rows are counted afterwards: nobody is lost, no step taken twice.
"""

import itertools
import os
import select
import statistics
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connections, transaction

from benchmarks.campaign_parts.clocks import ProcessorTime
from benchmarks.harness import Bench
from benchmarks.peers import workflow_engine
from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.orm import sql
from loyalty.journeys import api
from loyalty.journeys.models import Edge, Execution, Step
from loyalty.segments import api as segments

PEOPLE, QUICK_PEOPLE = 1_000_000, 50_000
# The same people one by one: few, because each takes milliseconds.
ONE_BY_ONE = 2_000
EVENTS, QUICK_EVENTS = 300, 50
WORKERS = 2
ENTRY = "entry"
ACTOR = system_actor("bench")
ENTRY_MAX_S, DUE_MAX_S, EVENT_MAX_S = 30.0, 60.0, 1.0
# An event that has woken nobody for so long is lost.
LOST_S = 120.0

FILL = """
    INSERT INTO customers_customer (public_id, customer_ref, first_name, last_name, status, language, time_zone, city,
        gender, source)
    SELECT gen_random_uuid(), 'c-' || n, 'Name' || n, 'Test', 'ACTIVE', 'en', 'UTC', '', '', 'bench'
    FROM generate_series(1, %s) n
"""
# Whole chunks of bits; those behind the last customer are nobody's.
MEMBERS = """
    INSERT INTO segments_segmentchunk (segment_id, chunk, bits)
    SELECT %s, c, decode(repeat('ff', 256), 'hex')
    FROM generate_series(0, (SELECT max(id) >> 11 FROM customers_customer)) c
"""
TELL = """
    INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, data)
    SELECT gen_random_uuid(), 'customer.purchase', public_id::text, 'customer', public_id::text, %s, '{"amount": 5}'
    FROM customers_customer WHERE id = %s
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """How many steps were logged, in how many seconds by the clock and of processor time."""

    moved: int
    wall: float
    processor: float


def run(bench: Bench) -> None:
    """Measure."""
    people = bench.rows or (QUICK_PEOPLE if bench.is_quick else PEOPLE)
    segment = fill(people)
    now = datetime.now(UTC)
    waits = make_journey("Waits", WAITS, segment, now)
    tell(bench, ENTRY, people, measured(lambda: api.sweep(now=now), WORKERS), ENTRY_MAX_S)
    due = now + timedelta(days=1)
    tell(bench, "due waits, to the next one", people, measured(lambda: api.advance(now=due), WORKERS), DUE_MAX_S)
    check(waits, people)
    compare_one_by_one(bench, waits, due)
    make_journey("Awaits", AWAITS, segment, now)
    by_workers(lambda: api.sweep(now=now), WORKERS)
    highest = await_all(now)
    customers = (1 + number * 7919 % highest for number in itertools.count())
    events = QUICK_EVENTS if bench.is_quick else EVENTS
    tell_events(bench, "event to the next step", customers, lambda count: count < events, now)
    late = now + timedelta(days=2)
    over = "event to the next step while due waits are over"
    tell_events_beside(bench, over, lambda: api.advance(now=late), customers, now)
    make_journey("Waits too", WAITS, segment, now)
    tell_events_beside(bench, "event to the next step while all come in", lambda: api.sweep(now=now), customers, now)


def fill(people: int) -> uuid.UUID:
    """Make customers and a segment of all of them."""
    segment = segments.create(name="All", description="", kind="static", rules=None, actor=ACTOR, now=datetime.now(UTC))
    sql.execute(FILL, [people])
    row = sql.fetch_one("SELECT segment_id FROM segments_directory WHERE public_id = %s", [segment])
    sql.execute(MEMBERS, [row["segment_id"] if row else 0])
    sql.execute("ANALYZE")
    return segment


def graph(nodes: Mapping[str, Any], ways: Sequence[tuple[str, str, str]]) -> dict[str, Any]:
    """Make a graph of nodes by id and ways as (from, branch, to)."""
    return {
        "nodes": [{"id": name, "name": name, "position": {"x": 0, "y": 0}, **one} for name, one in nodes.items()],
        "edges": [{"id": f"{a}-{b}", "source": a, "target": c, "branch": b} for a, b, c in ways],
        "settings": {"re_entry": "each_occurrence"},
    }


def a_wait(days: int) -> dict[str, Any]:
    """A wait for so many days."""
    return {"kind": "wait", "config": {"mode": "duration", "amount": days, "unit": "days"}}


END = {"kind": "end", "config": {"outcome": "done"}}
# After the first wait there is another, so that a timer that is fired sets one: the dearest kind of step.
WAITS = (
    {"a": a_wait(1), "b": a_wait(1), "end": END},
    (("start", "next", "a"), ("a", "next", "b"), ("b", "next", "end")),
)
AWAIT = {"mode": "event", "event_type": "customer.purchase", "timeout": {"amount": 90, "unit": "days"}}
AWAITS = (
    {"a": {"kind": "wait", "config": AWAIT}, "b": a_wait(1), "end": END},
    (("start", "next", "a"), ("a", "next", "b"), ("a", "timeout", "end"), ("b", "next", "end")),
)


def make_journey(name: str, drawn: Any, segment: uuid.UUID, now: datetime) -> uuid.UUID:
    """Make a journey that runs and lets the members of the segment in."""
    trigger = {"kind": "segment", "segment_id": str(segment), "edge": "entered", "backfill": True}
    nodes = {"start": {"kind": "start", "config": {"trigger": trigger}}, **drawn[0]}
    made = api.create(name=name, graph=graph(nodes, drawn[1]), actor=ACTOR, now=now)
    api.publish(journey_id=made, revision=1, comment="", plan=api.Plan(), actor=ACTOR, now=now)
    api.activate(journey_id=made, actor=ACTOR, now=now)
    return made


class Workers:
    """Processes of their own that act side by side."""

    def __init__(self, act: Callable[[], object], count: int) -> None:
        connections.close_all()
        self._children = []
        for _ in range(count):
            reading, writing = os.pipe()
            child = os.fork()
            if child == 0:
                clock = ProcessorTime()
                act()
                os.write(writing, f"{clock.seconds()}".encode())
                os._exit(0)
            os.close(writing)
            self._children.append((child, reading))

    def is_busy(self) -> bool:
        """Whether one of them has not told yet that it is through."""
        return len(select.select([reading for _, reading in self._children], [], [], 0)[0]) < len(self._children)

    def join(self) -> float:
        """Wait for them; give the processor time of them and of their servers together."""
        seconds = 0.0
        for child, reading in self._children:
            _, status = os.waitpid(child, 0)
            if status:
                raise AssertionError(f"a worker ended with {status}")
            seconds += float(os.read(reading, 100))
            os.close(reading)
        return seconds


def by_workers(act: Callable[[], object], workers: int) -> float:
    """Have processes act side by side; give their processor time."""
    return Workers(act, workers).join()


def measured(act: Callable[[], object], workers: int) -> Measured:
    """Have processes act; give what came of it."""
    before, started = Step.objects.count(), time.perf_counter()
    processor = by_workers(act, workers)
    return Measured(Step.objects.count() - before, time.perf_counter() - started, processor)


def tell(bench: Bench, name: str, people: int, told: Measured, most_s: float) -> None:
    """Tell a figure, and how far below its bound it is for a million: of entry by the clock; of due waits by the
    processor time of two processors, because others use this machine too."""
    if told.moved != people:
        raise AssertionError(f"{name}: {told.moved:,} of {people:,} moved")
    seconds = told.wall if name == ENTRY else told.processor / WORKERS
    print(
        f"  {name}: {told.moved:,} in {told.wall:.1f} s by the clock, {told.processor:.1f} s of processor time, "
        f"{told.moved / told.processor:,.0f} for each of its seconds",
        flush=True,
    )
    bench.tell_ratios(
        f"{name}: {most_s:.0f} s for a million / measured", [most_s * people / PEOPLE / seconds], floor=1.0
    )


def check(journey: uuid.UUID, people: int) -> None:
    """Everybody is at the second wait, by two steps each."""
    row = sql.fetch_one(
        "SELECT count(*) AS steps, count(DISTINCT (execution_id, visit)) AS visits FROM journeys_step", []
    )
    there = Execution.objects.filter(journey__public_id=journey, node__code="b", state="WAITING").count()
    if row is None or (row["steps"], row["visits"], there) != (2 * people, 2 * people, people):
        raise AssertionError(f"steps {row}, at the second wait {there:,}")


def compare_one_by_one(bench: Bench, journey: uuid.UUID, due: datetime) -> None:
    """Compare steps by processor time, in sets and one by one, over the same table and the same graph."""
    pks = list(Execution.objects.filter(journey__public_id=journey).values_list("pk", flat=True)[: 20 * ONE_BY_ONE])

    def again(count: int, now: datetime) -> list[uuid.UUID]:
        some = pks[:count]
        first = Execution.objects.get(pk=pks[0]).version.nodes.get(code="a")
        Execution.objects.filter(pk__in=some).update(node=first, due_at=now, state="WAITING")
        return some

    def in_sets() -> float:
        some = again(10 * ONE_BY_ONE, due)
        clock = ProcessorTime()
        api.advance(now=due)
        return len(some) / clock.seconds()

    def one_by_one() -> float:
        some = again(ONE_BY_ONE, due)
        clock = ProcessorTime()
        for pk in some:
            step_one(pk, due)
        return len(some) / clock.seconds()

    name = "steps per processor-second: in sets / one by one in Python"
    bench.compare(name, ours=in_sets, theirs=one_by_one, floor=20.0, goal=100.0)
    ours = in_sets()
    print(f"  {ours:,.0f} steps per processor-second in sets, {one_by_one():,.0f} one by one", flush=True)
    compare_with_an_engine(bench, ours)


def compare_with_an_engine(bench: Bench, ours: float) -> None:
    """Tell how SpiffWorkflow fires the same timers: in memory, where nothing outlives a restart, and kept as JSON."""
    told = workflow_engine.steps_per_second(ONE_BY_ONE)
    if told is None:
        return
    for how, words in (("memory", "in memory only"), ("stored", "read from JSON and written")):
        print(f"  SpiffWorkflow {words}: {told[how]:,.0f} steps per processor-second", flush=True)
        bench.tell_ratios(f"steps in sets / SpiffWorkflow {words}", [ours / told[how]])


def step_one(pk: uuid.UUID, now: datetime) -> None:
    """Take one person's step as a worker that handles one person at a time does."""
    with transaction.atomic():
        execution = Execution.objects.select_for_update(of=("self",)).select_related("node").get(pk=pk)
        if execution.due_at is None or execution.due_at > now:
            return
        target = Edge.objects.select_related("target").get(source=execution.node, branch="next").target
        Step.objects.create(
            execution_id=pk, visit=execution.visit, node=execution.node, branch="next", entered_at=execution.entered_at,
            left_at=now,
        )  # fmt: skip
        execution.node, execution.visit, execution.entered_at = target, execution.visit + 1, now
        execution.state = "WAITING" if target.wait_seconds else "COMPLETED"
        execution.due_at = now + timedelta(seconds=target.wait_seconds) if target.wait_seconds else None
        execution.ended_at = None if target.wait_seconds else now
        execution.save()


def await_all(now: datetime) -> int:
    """Have everybody who came in seen waiting for the event; give the highest customer among them."""
    by_workers(lambda: api.advance(now=now), WORKERS)
    api.listen(now=now)
    last = Execution.objects.filter(node__event_type="customer.purchase").order_by("-customer_id").first()
    return last.customer_id if last is not None else 1


def tell_events(
    bench: Bench, name: str, customers: Iterator[int], goes_on: Callable[[int], bool], now: datetime
) -> None:
    """Tell how long it takes from an event to the next step, each among all who wait."""
    waiting = Execution.objects.filter(node__event_type="customer.purchase", state="WAITING").count()
    seconds: list[float] = []
    while goes_on(len(seconds)):
        customer = next(customers)
        started = time.perf_counter()
        sql.execute(TELL, [now, customer])
        while api.listen(now=now).woken != 1:
            if time.perf_counter() - started > LOST_S:
                raise AssertionError(f"the event of customer {customer} woke nobody")
        seconds.append(time.perf_counter() - started)
    worst = sorted(seconds)[int(len(seconds) * 0.99)]
    median = statistics.median(seconds) * 1000
    told = (
        f"{len(seconds)} events, median {median:.0f} ms, p99 {worst * 1000:.0f} ms, worst {max(seconds) * 1000:.0f} ms"
    )
    print(f"  {name} among {waiting:,} who wait: {told}", flush=True)
    bench.tell_ratios(f"{name}: 1 s / p99", [EVENT_MAX_S / worst], floor=1.0)


def tell_events_beside(
    bench: Bench, name: str, act: Callable[[], object], customers: Iterator[int], now: datetime
) -> None:
    """Tell how long it takes from an event to the next step while workers are busy with something great."""
    workers = Workers(act, WORKERS)
    tell_events(bench, name, customers, lambda _: workers.is_busy(), now)
    workers.join()
