"""Two at once: settling against settling, settling against earning, giving by hand against earning."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import connection, connections

from loyalty.programs import api as programs
from loyalty.tiers import api
from loyalty.tiers.api import ManualMode
from loyalty.tiers.models import TierChange
from loyalty.tiers.operations.settling import settle_day
from tests.points.world import ACTOR
from tests.tiers.test_manual import assign
from tests.tiers.test_windows import NOON, YEARLY, at, deliver, earn, facts, tier_of, world_with

NEW_YEAR = datetime(2027, 1, 1, 12, tzinfo=UTC)


def at_once(*works: Callable[[], object]) -> None:
    """Do all works in threads of their own, begun together."""
    ready = threading.Barrier(len(works))
    faults: list[BaseException] = []

    def run(work: Callable[[], object]) -> None:
        try:
            ready.wait(timeout=30)
            work()
        except BaseException as fault:
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    connections.close_all()
    assert faults == []


@pytest.mark.django_db(transaction=True)
def test_settling__twice_at_once_while_some_earn__moves_each_member_once() -> None:
    world = world_with(YEARLY)
    members = [world.member() for _ in range(12)]
    for member in members:
        earn(world, member, 600)
    plan = programs.get_plan(world.program_id, at=NEW_YEAR)
    later = at(world, NEW_YEAR)

    def settle() -> None:
        list(settle_day(plan, NEW_YEAR.date(), actor=ACTOR, now=NEW_YEAR))

    def earn_some() -> None:
        for member in members[:6]:
            later.earn(member, points=150)
            deliver(NEW_YEAR)

    at_once(settle, settle, earn_some)
    settle()
    deliver(NEW_YEAR)
    assert [tier_of(member) for member in members] == ["SILVER"] * 6 + ["BRONZE"] * 6
    told = [fact["account_id"] for fact in facts("tier.downgraded")]
    assert len(told) == len(set(told)) == 12


@pytest.mark.django_db(transaction=True)
def test_assigning__against_earning_and_assigning__ends_with_one_of_them() -> None:
    world = world_with(YEARLY)
    member = world.member()
    world.earn(member, points=150)

    def pin(tier: str) -> None:
        assign(world, member, tier, ManualMode.PIN)

    at_once(lambda: pin("GOLD"), lambda: pin("BRONZE"), lambda: deliver(NOON))
    standing = api.get_standing(member.account_id, now=NOON)
    assert standing.manual is not None
    assert standing.manual.tier is not None
    assert tier_of(member) == standing.manual.tier.code
    last = TierChange.objects.filter(account_public_id=member.account_id).order_by("-id").first()
    assert last is None or last.to_code == tier_of(member)
