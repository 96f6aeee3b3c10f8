"""Kept histories taken through the engine: journeys, people, events and a clock as they were, compared step by step.

Each graph is a journey with all of its people in it, in one transaction that is rolled back. The clock goes from one
instant of interest to the next, as in ``test_oracle.py``; ``./khaywe bench histories`` does it with all that are kept.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from loyalty.customers.models import Customer
from loyalty.foundation.orm import sql
from loyalty.journeys.kinds.actions import protocol
from loyalty.journeys.models import Execution, Step
from loyalty.journeys.operations.advancing import advance
from loyalty.journeys.operations.entering import Newcomer, enter
from loyalty.journeys.operations.listening import listen
from loyalty.journeys.operations.sweeping import sweep
from tests.journeys import ground, histories
from tests.journeys.histories import UNTIL, Difference
from tests.journeys.test_oracle import BEGIN, Told

# What tiers say of people, taken from the history for as long as the transaction lasts.
FACTS = """
    CREATE TABLE replayed_facts (customer_id uuid PRIMARY KEY, tier_level bigint);
    CREATE OR REPLACE VIEW tiers_customer_facts AS
    SELECT f.customer_id, 'told'::text AS tier_code, 'told'::text AS tier_name, f.tier_level,
        NULL::timestamptz AS tier_since_at, 'main'::text AS tier_program_code FROM replayed_facts f
"""
SET_FACTS = """
    INSERT INTO replayed_facts AS f SELECT * FROM unnest(%s::uuid[], %s::bigint[])
    ON CONFLICT (customer_id) DO UPDATE SET tier_level = excluded.tier_level
"""
TELL = """
    INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, data)
    SELECT u.id, u.kind, u.customer, 'customer', u.customer, %s, u.data
    FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::jsonb[]) u (id, kind, customer, data)
"""
TIMERS = """
    SELECT least(min(due_at), min(expires_at)) AS at FROM journeys_execution
    WHERE journey_id = %s AND ended_at IS NULL AND NOT is_held_out
"""


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many histories were taken through the engine, with how many steps, and which came out differently."""

    histories: int
    steps: int
    different: Sequence[Difference]


def replay(
    most: int | None = None,
    *,
    kept: Sequence[str] = histories.NAMES,
    tell: Callable[[Replayed], None] = lambda replayed: None,
) -> Replayed:
    """Take kept histories through the engine, whole graphs at a time, until there are ``most``.

    :param tell: told after each graph how far it came.
    """
    walked, steps = 0, 0
    different: list[Difference] = []
    with told_action():
        for name in kept:
            for group in histories.groups(name):
                if most is not None and walked >= most:
                    break
                found = lead(group["graph"], group["people"])
                walked += len(found)
                steps += sum(len(one[-1]) for one in found.values())
                for person in group["people"]:
                    if found[person["customer"]] != person["told"]:
                        different.append(Difference(person["customer"], person["told"], found[person["customer"]]))
                tell(Replayed(walked, steps, different))
    return Replayed(walked, steps, different)


@contextmanager
def told_action() -> Iterator[None]:
    """Have the action that comes to what its config says, as the histories were recorded with."""
    protocol.register(Told())
    try:
        yield
    finally:
        protocol.forget("told")


def lead(graph: Mapping[str, Any], people: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Take people through a graph with the engine; give where each was led, as ``histories.told`` does."""
    with transaction.atomic():
        listen(now=BEGIN)
        loaded = ground.make_journey(BEGIN, graph)
        customers = _customers(people)
        clock = Clock(loaded.journey_pk, people)
        newcomers = [
            Newcomer(customers[one["customer"]], occurrence=uuid.UUID(one["customer"]), context=one["context"])
            for one in people
        ]
        enter(loaded=loaded, people=newcomers, now=BEGIN)
        clock.run()
        told = _told(loaded.journey_pk, {pk: customer for customer, pk in customers.items()})
        transaction.set_rollback(True)
    return told


def _customers(people: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    rows = Customer.objects.bulk_create(
        Customer(
            public_id=uuid.UUID(one["customer"]), customer_ref=f"history-{one['customer']}", first_name="Somebody",
            last_name="Kept", status="ACTIVE", language="en", time_zone=one["zone"], source="histories",
        )
        for one in people
    )  # fmt: skip
    return {str(one.public_id): one.pk for one in rows}


class Clock:
    """What is still to happen to the people of one journey, and the clock that is moved from one instant to the next.

    An event at the instant of a timer comes first; facts change before anything else at their instant.
    """

    def __init__(self, journey_pk: int, people: Sequence[Mapping[str, Any]]) -> None:
        self._journey_pk = journey_pk
        self._events = sorted(
            ((minute, person["customer"], kind, data) for person in people for minute, kind, data in person["events"]),
            key=lambda one: one[0],
            reverse=True,
        )
        self._facts = sorted(
            ((minute, person["customer"], level) for person in people for minute, level in person.get("facts", ())),
            key=lambda one: one[0],
            reverse=True,
        )
        if self._facts:
            sql.execute(FACTS)

    def run(self) -> None:
        """Move the clock until nothing is ahead, or the time of the histories is over."""
        self._at(BEGIN, is_event=False)
        timer = self._timer()
        while (at := min([*self._next_event(), *([timer] if timer else [])], default=UNTIL)) <= UNTIL:
            is_event = at in self._next_event()
            before = timer
            self._at(at, is_event=is_event)
            timer = self._timer()
            if timer is None and not self._events:
                return
            if not is_event and timer == before:
                # A timer that nothing moves: the comparison will tell whose.
                return

    def _at(self, at: datetime, *, is_event: bool) -> None:
        self._change(at)
        if is_event:
            self._tell(at)
        else:
            sweep(now=at)
        listen(now=at)
        advance(now=at, journey_pk=self._journey_pk)

    def _next_event(self) -> list[datetime]:
        return [BEGIN + timedelta(minutes=self._events[-1][0])] if self._events else []

    def _timer(self) -> datetime | None:
        row = sql.fetch_one(TIMERS, [self._journey_pk])
        return row["at"] if row else None

    def _change(self, at: datetime) -> None:
        now: dict[str, int | None] = {}
        while self._facts and BEGIN + timedelta(minutes=self._facts[-1][0]) <= at:
            _, customer, level = self._facts.pop()
            now[customer] = level
        if now:
            sql.execute(SET_FACTS, [list(now), list(now.values())])

    def _tell(self, at: datetime) -> None:
        some = []
        while self._events and BEGIN + timedelta(minutes=self._events[-1][0]) == at:
            some.append(self._events.pop())
        sql.execute(
            TELL,
            [
                at,
                [uuid.uuid4() for _ in some],
                [kind for _, _, kind, _ in some],
                [customer for _, customer, _, _ in some],
                [ground.as_json(data) for *_, data in some],
            ],
        )


def _told(journey_pk: int, customers: Mapping[int, str]) -> dict[str, list[Any]]:
    paths: dict[uuid.UUID, list[Any]] = {}
    steps = Step.objects.filter(execution__journey_id=journey_pk).order_by("execution_id", "visit")
    for pk, code, branch, entered, left in steps.values_list(
        "execution_id", "node__code", "branch", "entered_at", "left_at"
    ):
        paths.setdefault(pk, []).append([code, branch, histories.seconds(entered), histories.seconds(left)])
    told = {}
    for one in Execution.objects.filter(journey_id=journey_pk).select_related("node"):
        path = paths.get(one.pk, [])
        if one.ended_at is None:
            path.append([one.node.code, "", histories.seconds(one.entered_at), None])
        told[customers[one.customer_id]] = [
            one.state, one.node.code, one.outcome, histories.seconds(one.goal_at), histories.seconds(one.ended_at),
            path,
        ]  # fmt: skip
    return told
