"""Two at once: settling against settling, settling against earning, giving by hand against earning."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import connection, connections, transaction

from loyalty.foundation.orm import sql
from loyalty.points import api as points
from loyalty.programs import api as programs
from loyalty.tiers import api
from loyalty.tiers.api import ManualMode
from loyalty.tiers.models import TierChange
from loyalty.tiers.operations.looking import hold
from loyalty.tiers.operations.looking import settle as settle_members
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


WAITING = "SELECT count(*) AS n FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"


@pytest.mark.django_db(transaction=True)
def test_settling__an_earn_is_handled_before_it_commits__the_member_has_the_tier_of_all_it_did() -> None:
    world = world_with(YEARLY)
    member = world.member()
    earn(world, member, 600)
    plan = programs.get_plan(world.program_id, at=NEW_YEAR)
    at(world, NEW_YEAR).earn(member, points=150)
    handler = threading.Thread(target=apart, args=(lambda: deliver(NEW_YEAR),))
    with transaction.atomic():
        hold([member.account_id])
        look_on(plan, member)
        handler.start()
        # The settling has read its figures. It commits when the handler waits for it, or has overtaken it.
        while handler.is_alive() and not count_held_up():
            handler.join(timeout=0.02)
    handler.join(timeout=60)
    assert not handler.is_alive()
    assert tier_of(member) == "SILVER"
    moves = [one.to_code for one in TierChange.objects.filter(account_public_id=member.account_id).order_by("id")]
    assert moves[-2:] == ["BRONZE", "SILVER"]


def apart(work: Callable[[], object]) -> None:
    """Do a work in a thread with a connection of its own."""
    try:
        work()
    finally:
        connection.close()


def look_on(plan: programs.ProgramPlan, member: points.MemberFacts) -> None:
    """Look at a held member as the daily settling of the new year does."""
    settle_members(
        plan, [member.account_id], mode="daily", day=NEW_YEAR.date(), is_held=True, actor=ACTOR, now=NEW_YEAR
    )


def count_held_up() -> int:
    """Count the sessions that wait for what this one holds."""
    row = sql.fetch_one(WAITING, [])
    return int(row["n"]) if row else 0


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
