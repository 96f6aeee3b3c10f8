"""Many people led in at once: a dry run says beforehand what becomes of each, and the same becomes of them."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import FlakyFailure

from loyalty.customers.models import Customer
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.kernel.actor import Actor, system_actor
from loyalty.foundation.orm import sql
from loyalty.foundation.work import api as work
from loyalty.foundation.work.models import Run
from loyalty.journeys import api
from loyalty.journeys.models import Execution, Intake, IntakePart, Journey
from loyalty.journeys.operations import naming_many, starting_many
from loyalty.journeys.operations.versions import Loaded
from tests.campaigns.scene import make_segment
from tests.journeys import ground

pytestmark = pytest.mark.django_db
BEGIN = datetime.fromisoformat("2026-11-20T12:00:00+00:00")
Source = api.PeopleSource


def make(now: datetime, **chosen: Any) -> Loaded:
    """Make a journey of one wait that runs."""
    return ground.make_journey(
        now, ground.graph_of({"w": ground.wait(1)}, ["start w", "w end"], {"re_entry": "never", **chosen})
    )


def listed(people: Sequence[uuid.UUID]) -> api.ListedPeople:
    """Name people by their ids."""
    return api.ListedPeople(tuple(str(one) for one in people))


def lead(loaded: Loaded, source: Source, actor: Actor, now: datetime, **more: Any) -> api.ManyStarted:
    """Lead people in."""
    told = {"context": {}, "reason": "A list", "key": "k1", **more}
    return api.start_many(journey_id=loaded.journey_id, source=source, actor=actor, now=now, **told)


def close(customer: uuid.UUID, into: uuid.UUID | None = None) -> None:
    """Have a customer be closed, or merged into another one."""
    successor = None if into is None else ground.internal_id(into)
    Customer.objects.filter(public_id=customer).update(status="CLOSED", merged_into_id=successor)


def run_all(now: datetime) -> None:
    """Do every run that stands in line."""
    while work.execute_next(now=now):
        pass


def test_list__of_all_kinds_of_people__told_beforehand_and_the_same_afterwards(actor: Actor, now: datetime) -> None:
    loaded = make(now)
    inside, gone_before, closed, merged, ada, bob = people = ground.make_people(6, now)
    ground.let_in(loaded, [gone_before], now - timedelta(days=9))
    ground.run_through(now - timedelta(days=9), 2)
    ground.let_in(loaded, [inside], now)
    close(closed)
    close(merged, into=ada)
    ref = Customer.objects.get(public_id=bob).customer_ref
    named = api.ListedPeople((*(str(one) for one in people), ref, "nobody", "", " ", "x" * 101, str(uuid.uuid4())))
    wanted = {
        "entered": 2, "already_inside": 1, "re_entry_refused": 1, "customer_closed": 1, "customer_unknown": 2,
        "named_twice": 2, "unreadable": 3,
    }  # fmt: skip
    foretold = lead(loaded, named, actor, now, is_dry_run=True)
    assert (foretold.is_dry_run, foretold.is_complete, foretold.named, foretold.outcomes) == (True, True, 12, wanted)
    assert [one.line for one in foretold.unknown] == [8, 12]
    assert Execution.objects.count() == 2
    assert not Intake.objects.exists()
    assert not AuditEntry.objects.filter(act="journeys.start").exists()

    done = lead(loaded, named, actor, now)
    assert (done.is_complete, done.run, done.outcomes) == (True, None, wanted)
    assert sum(done.outcomes.values()) == done.named
    came = Execution.objects.filter(started_at=now, ended_at=None).values_list("customer_id", flat=True)
    assert set(came) == {ground.internal_id(one) for one in (inside, ada, bob)}
    [entry] = AuditEntry.objects.filter(act="journeys.start")
    assert (entry.reason, entry.after["people"]) == ("A list", 5)
    facts = "SELECT count(*) AS n FROM events_outbox WHERE type = 'journey.started'"
    assert sql.fetch_one(facts) == {"n": Execution.objects.count()}


def test_key__used_again__same_answer_and_nobody_twice_and_not_for_others(actor: Actor, now: datetime) -> None:
    loaded = make(now, re_entry="each_occurrence", concurrency="one_per_key")
    people = ground.make_people(3, now)
    first = lead(loaded, listed(people), actor, now, context={"a": 1})
    assert lead(loaded, listed(people), actor, now + timedelta(days=3), context={"a": 1}) == first
    assert Execution.objects.count() == 3
    for source, context in ((listed(people[:2]), {"a": 1}), (listed(people), {"a": 2})):
        with pytest.raises(api.KeyReused):
            lead(loaded, source, actor, now, context=context)
    assert AuditEntry.objects.filter(act="journeys.start").count() == 1
    other = make(now)
    assert lead(other, listed(people), actor, now).outcomes == {"entered": 3}


def test_segment__in_several_pieces__led_in_by_a_run_with_what_they_bring(
    actor: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(naming_many, "PART_ROWS", 3)
    loaded = make(now, holdout_percent=30)
    people = ground.make_people(10, now)
    # A segment is cut between its chunks of 2,048 customers, a list anywhere.
    segment = api.SegmentPeople(make_segment(now, people))
    assert lead(loaded, segment, actor, now, is_dry_run=True).named == 10
    told = lead(loaded, listed(people), actor, now, context={"event": {"shop": "x"}})
    assert told.run is not None
    assert (told.is_complete, told.outcomes, told.run.status) == (False, {}, "PENDING")
    again = lead(loaded, listed(people), actor, now, context={"event": {"shop": "x"}})
    assert again.run is not None
    assert again.run.id == told.run.id
    run_all(now)
    run = Run.objects.get(public_id=told.run.id)
    assert (run.status, run.done, run.total) == ("SUCCEEDED", 10, 10)
    outcomes = {one["code"]: one["people"] for one in run.result["outcomes"]}
    assert outcomes == {
        "entered": Execution.objects.filter(is_held_out=False).count(),
        "held_out": Execution.objects.filter(is_held_out=True).count(),
    }
    assert sum(outcomes.values()) == 10
    assert not IntakePart.objects.exists()
    kept = Execution.objects.filter(is_held_out=False).values_list("context__data", flat=True)
    assert all(one == {"event": {"shop": "x"}} for one in kept)
    # The segment's members are all there by now.
    assert set(lead(loaded, segment, actor, now, key="k2").outcomes) == {"already_inside", "held_out_before"}


def test_run__journey_paused_meanwhile__fails_in_words_and_the_same_key_goes_on(
    actor: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(naming_many, "PART_ROWS", 2)
    loaded = make(now)
    people = listed(ground.make_people(5, now))
    first = lead(loaded, people, actor, now)
    Journey.objects.update(status="PAUSED")
    run_all(now)
    failed = Run.objects.get()
    assert first.run is not None
    assert (failed.status, failed.error["code"]) == ("FAILED", "journeys.state_wrong")
    with pytest.raises(api.JourneyStateWrong):
        lead(loaded, people, actor, now)
    Journey.objects.update(status="ACTIVE")
    again = lead(loaded, people, actor, now)
    assert again.run is not None
    assert again.run.id != first.run.id
    run_all(now)
    assert lead(loaded, people, actor, now).outcomes == {"entered": 5}
    assert Execution.objects.count() == 5


def test_dry_run__of_many__counts_in_a_run_and_leads_nobody(
    actor: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(naming_many, "PART_ROWS", 2)
    loaded = make(now)
    told = lead(loaded, listed(ground.make_people(5, now)), actor, now, is_dry_run=True)
    assert told.run is not None
    run_all(now)
    assert Run.objects.get().result == {
        "dry_run": True, "named": 5, "outcomes": [{"code": "entered", "people": 5}],
    }  # fmt: skip
    assert not Execution.objects.exists()


@pytest.mark.parametrize(
    ("content", "column", "refusal"),
    [
        (b"", "", api.ListInvalid),
        (b"\xff\xfe\x00", "", api.ListInvalid),
        (b"c-1\nc-2\n", "", api.ListInvalid),
        (b"ref\nc-1\n", "who", api.ListInvalid),
        (b"ref\n" + b"x" * 200_000, "", api.ListInvalid),
    ],
)
def test_file__that_names_nobody__refused_and_nothing_kept(
    actor: Actor, now: datetime, content: bytes, column: str, refusal: type[Exception]
) -> None:
    loaded = make(now)
    with pytest.raises(refusal):
        lead(loaded, api.FilePeople(content, column), actor, now)
    assert not Intake.objects.exists()


def test_file__longer_than_a_list_may_be__refused(actor: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(naming_many, "NAMES_MAX", 2)
    with pytest.raises(api.ListTooLong):
        lead(make(now), api.FilePeople(b"ref\n1\n2\n3\n"), actor, now)


def test_start__of_a_merged_customer__leads_in_whom_that_person_is_now(now: datetime) -> None:
    loaded = make(now)
    merged, ada = ground.make_people(2, now)
    close(merged, into=ada)
    begun = api.start(journey_id=loaded.journey_id, customer_id=merged, context={}, now=now)
    assert begun.customer_id == ground.internal_id(ada)


moves = st.lists(
    st.tuples(st.sampled_from([0, 1, 25, 73]), st.sets(st.integers(0, 5), min_size=1)), min_size=1, max_size=6
)


@settings(max_examples=30, database=None, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    re_entry=st.sampled_from(["never", "after_exit", "each_occurrence", "cool_down"]),
    holdout=st.sampled_from([0, 40]),
    drawn=moves,
    closed=st.sets(st.integers(0, 5), max_size=2),
)
def test_dry_run__after_any_comings__says_what_then_becomes_of_them(
    re_entry: str, holdout: int, drawn: list[tuple[int, set[int]]], closed: set[int]
) -> None:
    actor = system_actor("tests")
    with transaction.atomic():
        loaded = make(BEGIN, re_entry=re_entry, holdout_percent=holdout, cool_down_days=3)
        people, at = ground.make_people(6, BEGIN), BEGIN
        for number, (hours, who) in enumerate(drawn):
            at += timedelta(hours=hours)
            ground.run(at)
            if number == 1:
                for one in closed:
                    close(people[one])
            source = listed([people[one] for one in who])
            foretold = lead(loaded, source, actor, at, is_dry_run=True)
            before = Execution.objects.count()
            done = lead(loaded, source, actor, at, key=f"k{number}")
            assert done.outcomes == foretold.outcomes
            came = Execution.objects.count() - before
            assert came == done.outcomes.get(api.EntryOutcome.ENTERED, 0) + done.outcomes.get(
                api.EntryOutcome.HELD_OUT, 0
            )
        transaction.set_rollback(True)


def test_planted_fault__an_answer_by_another_rule__is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    told = starting_many.LEAD_IN
    monkeypatch.setattr(
        starting_many, "LEAD_IN", told.replace("outcome NOT IN ('entered', 'held_out')", "outcome NOT IN ('entered')")
    )
    # Who is held out is drawn by ids, which are new in every try; a case that failed may pass when it is tried again.
    with pytest.raises((AssertionError, FlakyFailure)):
        test_dry_run__after_any_comings__says_what_then_becomes_of_them()
