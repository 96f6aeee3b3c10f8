"""Earning for many at once: the same as one by one."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import uuid4

import pytest

from loyalty.points import api
from loyalty.points.models import NothingEarned
from loyalty.programs import api as programs
from tests.points.world import ACTOR, World, assert_ledger_holds, count_transactions, key, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(now: datetime) -> World:
    """A program with a cap."""
    return make_world(now, earn_cap_daily=60)


def batch(world: World, requests: list[api.EarnRequest]) -> list[api.EarnLine]:
    """Earn for all."""
    return api.earn_batch(requests=requests, actor=ACTOR, now=world.now)


def outcomes(lines: list[api.EarnLine]) -> list[int | str]:
    """Tell the points of each line, or its refusal."""
    return [line.receipt.points_amount if line.receipt else line.code for line in lines]


def test_earn_batch__many_lines__are_what_single_earns_would_be(world: World) -> None:
    first, second = world.member(), world.member()
    amounts = ["250", "50", "300", "400"]
    lines = batch(world, [world.request(first, amount) for amount in amounts])
    single = [world.earn(second, amount).points_amount for amount in amounts]
    assert outcomes(lines) == single == [25, 0, 30, 5]
    assert lines[1].receipt is not None
    assert lines[1].receipt.transaction_id is None
    assert_ledger_holds(world.now)


def test_earn_batch__one_refused__does_not_stop_the_others(world: World) -> None:
    member = world.member()
    lines = batch(
        world,
        [
            world.request(member, "200"),
            world.request(member, "-5"),
            world.request(member, "200", member=api.MemberRef(account_id=uuid4())),
            world.request(member, "200", member=api.MemberRef(customer_ref="nobody", program_id=world.program_id)),
            world.request(member, "200", member=api.MemberRef(customer_id=member.customer_id, program_id=uuid4())),
            world.request(member, "200", currency="EUR"),
            world.request(member, points=7),
        ],
    )
    assert outcomes(lines) == [
        20, "points.amount_refused", "account.not_found", "points.member_unknown", "program.not_found",
        "points.currency_mismatch", 7,
    ]  # fmt: skip


def test_earn_batch__again__answers_the_same_whatever_changed(world: World) -> None:
    member = world.member()
    requests = [world.request(member, amount) for amount in ("250", "50", "300")]
    first = batch(world, requests)
    world.change(status=programs.ProgramStatus.INACTIVE)
    again = batch(world, requests)
    assert [line.receipt for line in again] == [
        replace(line.receipt, is_replay=True) for line in first if line.receipt is not None
    ]
    assert (count_transactions(), NothingEarned.objects.count()) == (2, 1)


def test_earn_batch__rule_changed_in_between__replays_what_earned_nothing_and_what_earned(world: World) -> None:
    member = world.member()
    requests = [world.request(member, amount) for amount in ("250", "50")]
    batch(world, requests)
    world.change(earn_rule={"if": [{">": [{"var": "transaction_amount"}, 100]}, 0, 10]})
    assert outcomes(batch(world, requests)) == [25, 0]
    other = [replace(request, key=replace(request.key, request_hash=b"q" * 32)) for request in requests]
    assert outcomes(batch(world, other)) == ["idempotency.key_reused", "idempotency.key_reused"]


def test_earn_batch__strangers__enrol_in_a_set(world: World) -> None:
    ids = [world.customer() for _ in range(4)]
    refs = [api.MemberRef(customer_id=one, program_id=world.program_id) for one in ids]
    requests = [
        api.EarnRequest(member=ref, key=key(), occurred_at=world.now, amount=Decimal(200)) for ref in [*refs, refs[0]]
    ]
    assert outcomes(batch(world, requests)) == [20, 20, 20, 20, 20]


def test_earn_batch__hundred_lines__cost_a_few_statements(
    world: World, django_assert_max_num_queries: pytest.FixtureRequest
) -> None:
    members = [world.member() for _ in range(20)]
    requests = [world.request(members[number % 20], "120") for number in range(100)]
    with django_assert_max_num_queries(14):  # type: ignore[operator]
        lines = batch(world, requests)
    assert outcomes(lines) == [12] * 100
