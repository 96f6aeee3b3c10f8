"""Whoever was drawn keeps the branch over versions, journeys and new weights: one row for customer and experiment."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from loyalty.customers import api as customers
from loyalty.customers.models import Customer
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.foundation.rules import api as rules
from loyalty.journeys import api
from loyalty.journeys.models import Assignment, Execution, Experiment, Journey
from loyalty.journeys.operations import assigning, groups, versions
from loyalty.journeys.operations.versions import Loaded
from loyalty.journeys.policy.drawing import Draw
from loyalty.journeys.policy.graph import parse
from tests.customers.test_at_once import at_once
from tests.journeys import ground

pytestmark = pytest.mark.django_db
HALF = {"a": 1, "b": 1}
ALL_B = {"a": 0, "b": 1}
NAMESPACE = uuid.UUID("01900000-0000-7000-8000-0000000000e1")


def split(weights: Mapping[str, int], mode: str = "experiment", **more: Any) -> dict[str, Any]:
    """A graph that splits and has everybody wait behind their branch."""
    branches = [{"code": code, "weight": weight} for code, weight in weights.items()]
    config = {"mode": mode, "salt": "thanks", "branches": branches, **more}
    nodes = {"s": {"kind": "split", "config": config}, **{code: ground.wait() for code in weights}}
    ways = ["start s", *(f"s:{code} {code}" for code in weights), *(f"{code} end" for code in weights)]
    return ground.graph_of(nodes, ways)


def people(count: int, first: int = 0) -> list[uuid.UUID]:
    """Make customers whose public ids, and so whose buckets, are the same in every run."""
    ids = [uuid.uuid5(NAMESPACE, str(number)) for number in range(first, first + count)]
    Customer.objects.bulk_create(
        Customer(public_id=one, customer_ref=str(one), first_name="Ann", status="ACTIVE", source="tests") for one in ids
    )
    return ids


def publish(loaded: Loaded, graph: Mapping[str, Any], now: datetime) -> Loaded:
    """Make another version of a journey the one that counts; whoever is inside leaves, and may come in again."""
    inside = list(Execution.objects.filter(journey_id=loaded.journey_pk, ended_at=None).values_list("pk", flat=True))
    groups.end(inside, state="EXITED", branch="exit", reason="by hand", now=now)
    journey = Journey.objects.get(pk=loaded.journey_pk)
    version = versions.write(journey=journey, graph=parse(dict(graph)), comment="", author="tests", now=now)
    journey.live = version
    journey.save()
    return versions.load(version.pk, journey.public_id)


def lead(loaded: Loaded, some: Sequence[uuid.UUID], now: datetime) -> dict[uuid.UUID, str]:
    """Let customers in and give by which branch each was led."""
    ground.let_in(loaded, some, now)
    ground.run(now)
    wanted = {ground.internal_id(one): one for one in some}
    rows = Execution.objects.filter(version_id=loaded.pk, customer_id__in=wanted, started_at=now)
    return {wanted[pk]: code for pk, code in rows.values_list("customer_id", "node__code")}


def drawn(some: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Give the branches that halves come to."""
    return {one: "ab"[rules.bucket_of("thanks", str(one), 2)] for one in some}


@pytest.mark.parametrize("mode", ["sticky", "experiment"])
def test_split__new_weights_in_another_version__only_new_people_go_by_them(now: datetime, mode: str) -> None:
    loaded = ground.make_journey(now, split(HALF, mode))
    old = people(30)
    first = lead(loaded, old, now)
    assert first == drawn(old)
    assert set(first.values()) == {"a", "b"}
    later = publish(loaded, split(ALL_B, mode), now)
    assert lead(later, old, now + timedelta(hours=1)) == first
    new = people(10, first=30)
    assert set(lead(later, new, now + timedelta(hours=1)).values()) == {"b"}
    # And the weights of before lead nobody back who was drawn meanwhile.
    again = publish(loaded, split(HALF, mode), now)
    assert set(lead(again, new, now + timedelta(hours=2)).values()) == {"b"}
    assert Assignment.objects.count() == 40
    assert not Assignment.objects.filter(is_mixed=True).exists()


def test_split__random__new_weights_count_for_everybody_and_nothing_is_kept(now: datetime) -> None:
    loaded = ground.make_journey(now, split(HALF, "random"))
    old = people(12)
    assert lead(loaded, old, now) == drawn(old)
    later = publish(loaded, split(ALL_B, "random"), now)
    assert set(lead(later, old, now + timedelta(hours=1)).values()) == {"b"}
    assert not Assignment.objects.exists()


def test_experiment__in_two_journeys__same_arm_in_both_though_the_weights_differ(now: datetime) -> None:
    some = people(20)
    first = lead(ground.make_journey(now, split(HALF)), some, now)
    other = ground.make_journey(now, split(ALL_B), name="Another")
    assert lead(other, some, now) == first
    assert Experiment.objects.get().name == "experiment thanks"
    told = {one.code: (one.customers, one.mixed, one.is_holdout) for one in api.list_arms("experiment thanks")}
    assert told == {code: (count, 0, False) for code, count in Counter(first.values()).items()}


def test_sticky__in_two_journeys__each_draws_for_itself(now: datetime) -> None:
    some = people(20)
    one = ground.make_journey(now, split(HALF, "sticky"))
    other = ground.make_journey(now, split(ALL_B, "sticky"), name="Another")
    assert set(lead(one, some, now).values()) == {"a", "b"}
    assert set(lead(other, some, now).values()) == {"b"}
    assert {name.split()[1] for name in Experiment.objects.values_list("name", flat=True)} == {
        str(one.journey_id), str(other.journey_id),
    }  # fmt: skip


def test_experiment__two_thousand_people__as_many_in_each_arm_as_the_weights_say(now: datetime) -> None:
    weights = {"a": 5, "none": 0, "b": 3, "c": 2}
    loaded = ground.make_journey(now, split(weights))
    some = people(2_000)
    found = Counter(lead(loaded, some, now).values())
    # The ids are the same in every run, and so are the counts; four standard deviations of a fair draw are 90.
    for code, weight in weights.items():
        assert abs(found[code] - 200 * weight) < 90
    assert found["none"] == 0


def test_experiment__one_person_or_a_thousand__as_many_statements(now: datetime) -> None:
    def statements_of(count: int, first: int, at: datetime) -> int:
        loaded = ground.make_journey(at, split(HALF), name=f"Of {count}")
        ground.let_in(loaded, people(count, first), at)
        with CaptureQueriesContext(connection) as told:
            ground.run(at)
        assert Execution.objects.filter(journey_id=loaded.journey_pk, node__code__in=("a", "b")).count() == count
        return sum("journeys_" in one["sql"] for one in told)

    statements_of(1, 5_000, now)  # what a process reads once
    assert statements_of(1, 0, now) == statements_of(1_000, 1, now)


def test_holdout__weight_of_it_taken_away__who_is_held_out_stays_so(now: datetime) -> None:
    loaded = ground.make_journey(now, split({"offer": 1, "alone": 1}, holdout="alone"))
    some = people(20)
    first = lead(loaded, some, now)
    later = publish(loaded, split({"offer": 1, "alone": 0}, holdout="alone"), now)
    assert lead(later, some, now + timedelta(hours=1)) == first
    held = set(Assignment.objects.filter(is_holdout=True).values_list("customer_id", flat=True))
    assert held == {ground.internal_id(one) for one, arm in first.items() if arm == "alone"}
    assert 0 < len(held) < 20


def test_arm__no_longer_there__who_had_it_is_drawn_again_and_counts_as_mixed(now: datetime) -> None:
    loaded = ground.make_journey(now, split(HALF))
    some = people(20)
    first = lead(loaded, some, now)
    later = publish(loaded, split({"a": 1, "c": 3}), now)
    found = lead(later, some, now + timedelta(hours=1))
    lost = {one for one, arm in first.items() if arm == "b"}
    assert lost
    for one in some:
        wanted = "a" if one not in lost or rules.bucket_of("thanks", str(one), 4) == 0 else "c"
        assert found[one] == wanted
    mixed = set(Assignment.objects.filter(is_mixed=True).values_list("customer_id", flat=True))
    assert mixed == {ground.internal_id(one) for one in lost}
    assert Assignment.objects.count() == 20


def test_customer__gone_before_the_split__is_led_on_without_an_arm(now: datetime) -> None:
    loaded = ground.make_journey(now, split(HALF))
    [ada] = people(1)
    ground.let_in(loaded, [ada], now)
    # As another domain sees it when the row is not there: history keeps it from being deleted.
    sql.execute(
        "CREATE OR REPLACE VIEW customers_directory AS SELECT id AS customer_id, public_id, customer_ref, first_name, "
        f"last_name, status, language, time_zone FROM customers_customer WHERE id <> {ground.internal_id(ada)}"
    )
    ground.run(now)
    assert Execution.objects.get().node.code in ("a", "b")
    assert not Assignment.objects.exists()


def test_assignment__second_row_for_a_customer__is_refused_by_the_database(now: datetime) -> None:
    lead(ground.make_journey(now, split(HALF)), people(1), now)
    [row] = Assignment.objects.values("experiment_id", "customer_id")
    with pytest.raises(IntegrityError), transaction.atomic():
        sql.execute(
            "INSERT INTO journeys_assignment (experiment_id, customer_id, arm, assigned_at) VALUES (%s, %s, 'b', %s)",
            [row["experiment_id"], row["customer_id"], now],
        )


@pytest.mark.django_db(transaction=True)
def test_experiment__four_workers_with_other_weights_at_once__one_arm_for_each_in_all_journeys(now: datetime) -> None:
    some = people(200)
    weights = (HALF, ALL_B, {"a": 1, "b": 0}, {"a": 3, "b": 1})
    loaded = [ground.make_journey(now, split(one), name=f"J{number}") for number, one in enumerate(weights)]
    for one in loaded:
        ground.let_in(one, some, now)
    moved = at_once([lambda one=one: api.advance(now=now, journey_pk=one.journey_pk) for one in loaded])  # type: ignore[misc]
    assert moved == [200] * 4
    kept = dict(Assignment.objects.values_list("customer_id", "arm"))
    assert len(kept) == 200
    led = list(Execution.objects.values_list("customer_id", "node__code"))
    assert len(led) == 800
    assert all(kept[customer] == arm for customer, arm in led)


def drawing(weights: Mapping[str, int], name: str = "experiment thanks") -> Draw:
    """Give a draw of an experiment."""
    return Draw("thanks", weights, name)


def keep(customer: uuid.UUID, arm: str, name: str, now: datetime) -> None:
    """Have an arm kept for a customer."""
    experiment, _ = Experiment.objects.get_or_create(name=name, defaults={"begun_at": now})
    Assignment.objects.create(experiment=experiment, customer_id=ground.internal_id(customer), arm=arm, assigned_at=now)


def test_merge__arms_of_both__who_stays_keeps_its_own_takes_the_others_and_is_told_as_mixed(
    actor: Actor, now: datetime
) -> None:
    gone, into = people(2)
    for name, theirs, mine in (("same", "a", "a"), ("other", "a", "b"), ("only_gone", "a", None)):
        keep(gone, theirs, name, now)
        if mine:
            keep(into, mine, name, now)
    customers.merge(
        customer_id=gone, into_id=into, confirmation=str(gone), reason="Twice the same", actor=actor, now=now
    )
    rows = Assignment.objects.filter(customer_id=ground.internal_id(into))
    assert dict(rows.values_list("experiment__name", "arm")) == {"same": "a", "other": "b", "only_gone": "a"}
    assert set(rows.filter(is_mixed=True).values_list("experiment__name", flat=True)) == {"other"}
    assert Assignment.objects.count() == 3


def test_erasure__of_a_customer__takes_the_arms_along(actor: Actor, now: datetime) -> None:
    ada, bob = people(2)
    lead(ground.make_journey(now, split(HALF)), [ada, bob], now)
    customers.erase(customer_id=ada, confirmation=str(ada), reason="Asked for it", actor=actor, now=now)
    assert list(Assignment.objects.values_list("customer_id", flat=True)) == [ground.internal_id(bob)]


def test_trial__of_somebody_who_has_an_arm__takes_it_and_keeps_nothing_of_others(now: datetime) -> None:
    loaded = ground.make_journey(now, split(ALL_B))
    ada, bob = people(2)
    keep(ada, "a", "experiment thanks", now)
    ways = {}
    for one in (ada, bob):
        told = api.try_journey(journey_id=loaded.journey_id, trial=api.Trial(one, now), language="ar", now=now)
        [step] = [step for step in told["path"] if step["node_id"] == "s"]
        ways[one] = (step["branch"], step["reasons"])
    assert ways == {ada: ("a", ["يبقى على الفرع a كما كان من قبل"]), bob: ("b", ["بالقرعة: 0 من 1"])}
    assert Assignment.objects.count() == 1


def test_assign__the_same_customers_twice_in_a_set__one_row_each(now: datetime) -> None:
    loaded = ground.make_journey(now, split(HALF))
    [ada] = people(1)
    for _ in range(2):
        ground.let_in(loaded, [ada], now, key=str(_))
    ids = list(Execution.objects.values_list("pk", flat=True))
    assert len(ids) == 2
    assigning.split(node_pk=loaded.nodes["s"], ids=ids, draw=drawing(HALF), now=now)
    assert Assignment.objects.count() == 1
    assert len(set(Execution.objects.values_list("node__code", flat=True))) == 1
