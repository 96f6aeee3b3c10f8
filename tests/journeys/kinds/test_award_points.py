"""Giving points: in one batch, once for each step, in the ledger."""

from datetime import datetime

import pytest

from loyalty.foundation.orm import sql
from loyalty.points import api as points
from loyalty.programs import api as programs
from tests.journeys.kinds.scene import action, call, rows
from tests.points.world import World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(now: datetime) -> World:
    """A program that takes customers in by itself."""
    return make_world(now)


def balance(world: World, customer: object) -> int:
    """Give what is available to a customer."""
    found = points.find_member(customer_id=customer, program_id=world.program_id)  # type: ignore[arg-type]
    assert found is not None
    return world.earn(found, points=1, is_capped=False).points_balance - 1


def test_award_points__members_and_others__all_are_given_once(world: World, now: datetime) -> None:
    people = [world.member().customer_id, world.customer(), world.customer()]
    at = rows(people)
    node = call("award_points", world.program_id, points=100, reason="Welcome bonus", is_capped=False)
    first = action("award_points").perform_set(node, at, now=now)
    assert [one.branch for one in first] == ["success"] * 3
    assert [one.result["points_balance"] for one in first] == [100] * 3
    again = action("award_points").perform_set(node, at, now=now)
    assert [one.result["transaction_id"] for one in again] == [one.result["transaction_id"] for one in first]
    posted = sql.fetch_one(
        "SELECT count(*) AS number FROM ledger_transaction WHERE idempotency_key = ANY(%s)", [[row.key for row in at]]
    )
    assert posted == {"number": 3}
    assert [balance(world, one) for one in people] == [100] * 3


def test_award_points__another_visit__gives_again(world: World, now: datetime) -> None:
    ada = world.member().customer_id
    node = call("award_points", world.program_id, points=10, is_capped=False)
    for _ in range(2):
        action("award_points").perform_set(node, rows([ada]), now=now)
    assert balance(world, ada) == 20


def test_award_points__a_program_that_takes_nobody_in_by_itself__skips(world: World, now: datetime) -> None:
    world.change(enrollment=programs.Enrollment.EXPLICIT)
    at = rows([world.customer(), world.member().customer_id])
    node = call("award_points", world.program_id, points=10, is_capped=False)
    assert action("award_points").preview(node, at[0], now=now).branch == "skip"
    told = action("award_points").perform_set(node, at, now=now)
    assert [one.branch for one in told] == ["skip", "success"]
    assert told[0].result == {"code": "points.not_a_member"}


def test_award_points__program_gone__fails_with_the_code(now: datetime) -> None:
    node = call("award_points", points=10, program_id="01900000-0000-7000-8000-00000000dead")
    assert [one.field for one in action("award_points").problems_of(node.config)] == ["program_id"]
    world = make_world(now)
    told = action("award_points").perform_set(node, rows([world.customer()]), now=now)
    assert (told[0].branch, told[0].result) == ("failure", {"code": "journeys.program_unknown"})
