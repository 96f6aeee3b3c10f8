"""Tiers against the real ledger and programs: qualification, races, changed ladders, moves by hand."""

import threading
from dataclasses import fields, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, connections

from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.events import api as events
from loyalty.foundation.events.models import InboxEntry, OutboxEntry, PublishedEvent
from loyalty.ledger import api as ledger
from loyalty.points import api as points
from loyalty.programs import api as programs
from loyalty.tiers import api
from loyalty.tiers.events import CustomerTierUpgrade, TierDowngraded, TierUpgraded
from loyalty.tiers.models import TierChange
from tests.points.world import ACTOR, LADDER, World, key, make_world
from tests.tiers.histories import count_earned


@pytest.fixture
def world(db: None, now: datetime) -> World:
    """A program with Bronze from 0, Silver from 100 and Gold from 500."""
    return make_world(now)


def deliver(now: datetime) -> None:
    """Relay and handle until nothing is due."""
    while events.relay(now=now)[0] or events.deliver_one(now=now):
        pass


def tier_of(member: points.MemberFacts) -> str | None:
    """Give the code of a member's tier."""
    return programs.get_membership_of_account(member.account_id).tier_code


def facts(kind: str) -> list[dict[str, Any]]:
    """Give the facts of a type, oldest first."""
    return [fact.data for fact in PublishedEvent.objects.filter(type=kind).order_by("recorded_at")]


def qualify(world: World, member: points.MemberFacts) -> api.Settlement:
    """Look at one member, whose points were counted."""
    count_earned(world, member.account_id)
    return api.qualify_member(
        program_id=world.program_id, account_id=member.account_id, causation_id=None, actor=ACTOR, now=world.now
    )


def recalculate(world: World) -> api.Settlement:
    """Look at all."""
    return api.recalculate_program(program_id=world.program_id, causation_id=None, actor=ACTOR, now=world.now)


@pytest.mark.parametrize("earned, tier", [(99, "BRONZE"), (100, "SILVER"), (499, "SILVER"), (500, "GOLD")])
def test_qualify__at_boundaries__is_inclusive(world: World, earned: int, tier: str) -> None:
    member = world.member()
    world.earn(member, points=earned)
    qualify(world, member)
    assert tier_of(member) == tier


def test_earned__through_events__raises_the_tier_and_tells_it(world: World) -> None:
    member = world.member()
    receipt = world.earn(member, points=600)
    deliver(world.now)
    assert tier_of(member) == "GOLD", "a tier may be skipped"
    told = facts("tier.upgraded")
    assert told == facts("customer.tier_upgrade")
    assert told == [
        {
            "customer_id": str(member.customer_id), "account_id": str(member.account_id),
            "program_id": str(world.program_id), "from_tier": "BRONZE", "to_tier": "GOLD", "to_tier_name": "Gold",
            "points_lifetime": 600, "reason": "earned",
            "effective_at": "2026-11-20T12:00:00+00:00",
        }
    ]  # fmt: skip
    change = TierChange.objects.get()
    assert (change.from_code, change.to_code, change.direction) == ("BRONZE", "GOLD", "UP")
    assert change.causation_id == receipt.transaction_id
    assert AuditEntry.objects.filter(act="tiers.upgrade", subject_ref=str(member.account_id)).count() == 1
    assert {fact.key for fact in PublishedEvent.objects.filter(type="tier.upgraded")} == {str(member.customer_id)}


@pytest.mark.parametrize("fact", [TierUpgraded, TierDowngraded, CustomerTierUpgrade])
def test_facts__written_by_sql__have_the_fields_of_their_contract(world: World, fact: type[TierUpgraded]) -> None:
    member = world.member()
    world.earn(member, points=600)
    qualify(world, member)
    api.downgrade(account_id=member.account_id, tier_code="", note="", actor=ACTOR, now=world.now)
    assert set(facts(fact.type)[0]) == {field.name for field in fields(fact)}


def test_earned__delivered_twice__raises_once(world: World) -> None:
    member = world.member()
    world.earn(member, points=600)
    deliver(world.now)
    InboxEntry.objects.filter(handler="tiers.on_points_earned").update(state="PENDING")
    deliver(world.now)
    assert TierChange.objects.count() == 1


def test_burned_expired_and_reversed__take_no_tier_away(world: World, now: datetime) -> None:
    world.change(expiry_days=30)
    member = world.member()
    receipt = world.earn(member, points=600)
    deliver(now)
    world.burn(member, 200)
    assert receipt.transaction_id is not None
    request = points.ReverseRequest(
        transaction_id=receipt.transaction_id, key=key(), points=400, reason="returned", occurred_at=now
    )
    points.reverse(request=request, actor=ACTOR, now=now)
    deliver(now)
    assert tier_of(member) == "GOLD"


def test_recalculate__ladder_changed__moves_all_in_a_few_statements(
    world: World, django_assert_max_num_queries: Any
) -> None:
    members = [world.member() for _ in range(6)]
    for number, member in enumerate(members):
        world.earn(member, points=100 * (number + 1))
    count_earned(world, *(member.account_id for member in members))
    assert recalculate(world) == api.Settlement(upgraded=6, downgraded=0, levelled=0)
    world.change(tiers=(LADDER[0], replace(LADDER[1], min_points=300), replace(LADDER[2], min_points=400)))
    with django_assert_max_num_queries(8):
        settled = recalculate(world)
    assert settled == api.Settlement(upgraded=1, downgraded=2, levelled=0)
    assert [tier_of(member) for member in members] == ["BRONZE", "BRONZE", "SILVER", "GOLD", "GOLD", "GOLD"]
    assert recalculate(world) == api.Settlement(0, 0, 0)
    assert len(facts("tier.downgraded")) == 2


def test_recalculate__tier_removed_or_replaced__moves_its_members_and_tells_them(world: World) -> None:
    silver, gold = world.member(), world.member()
    world.earn(silver, points=100)
    world.earn(gold, points=500)
    deliver(world.now)
    world.change(tiers=(LADDER[0], programs.TierDocument(code="ELITE", name="Elite", min_points=500)))
    assert tier_of(gold) == "GOLD", "until the members are looked at"
    deliver(world.now)
    assert (tier_of(silver), tier_of(gold)) == ("BRONZE", "ELITE")
    assert [fact["from_tier"] for fact in facts("tier.downgraded")] == ["SILVER"]
    assert set(TierChange.objects.filter(reason="tiers_changed").values_list("direction", flat=True)) == {
        "DOWN", "LEVEL",
    }  # fmt: skip


def test_program_changed__but_not_its_tiers__looks_at_nobody(world: World) -> None:
    member = world.member()
    world.earn(member, points=100)
    OutboxEntry.objects.filter(type="points.earned").delete()
    deliver(world.now)
    world.change(name="Another name")
    deliver(world.now)
    assert tier_of(member) == "BRONZE"


def test_upgrade__by_hand__is_a_floor_for_recalculation(world: World) -> None:
    member = world.member()
    standing = api.upgrade(account_id=member.account_id, tier_code="GOLD", note="VIP", actor=ACTOR, now=world.now)
    assert standing.current is not None
    assert standing.calculated is not None
    assert (standing.current.code, standing.calculated.code) == ("GOLD", "BRONZE")
    assert recalculate(world) == api.Settlement(0, 0, 0)
    assert tier_of(member) == "GOLD"
    change = TierChange.objects.get()
    assert (change.reason, change.note, change.actor_ref) == ("by_hand", "VIP", ACTOR.ref)
    with pytest.raises(api.TierNotAbove):
        api.upgrade(account_id=member.account_id, tier_code="", note="", actor=ACTOR, now=world.now)


def test_downgrade__by_hand__lasts_until_the_next_earn(world: World) -> None:
    member = world.member()
    world.earn(member, points=600)
    deliver(world.now)
    standing = api.downgrade(account_id=member.account_id, tier_code="", note="fraud", actor=ACTOR, now=world.now)
    assert standing.current is not None
    assert (standing.current.code, standing.value_to_next) == ("SILVER", None)
    world.earn(member, points=1)
    deliver(world.now)
    assert tier_of(member) == "GOLD"
    with pytest.raises(programs.MembershipNotFound):
        api.downgrade(account_id=uuid4(), tier_code="", note="", actor=ACTOR, now=world.now)


@pytest.mark.django_db(transaction=True)
def test_qualify__many_at_once__changes_once(now: datetime) -> None:
    world = make_world(now)
    member = world.member()
    world.earn(member, points=600)
    ready = threading.Barrier(8)
    settled: list[api.Settlement] = []

    def look() -> None:
        try:
            ready.wait(timeout=30)
            settled.append(qualify(world, member))
        finally:
            connection.close()

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    connections.close_all()
    assert sorted(one.upgraded for one in settled) == [0] * 7 + [1]
    assert TierChange.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_qualify__against_recalculation_and_earning__ends_where_the_points_say(now: datetime) -> None:
    world = make_world(now)
    members = [world.member() for _ in range(4)]
    ready = threading.Barrier(3)
    faults: list[BaseException] = []

    def run(work: Any) -> None:
        try:
            ready.wait(timeout=30)
            for _ in range(5):
                work()
        except BaseException as fault:
            faults.append(fault)
        finally:
            connection.close()

    def earn_all() -> None:
        for member in members:
            world.earn(member, points=50)
            qualify(world, member)

    works = [earn_all, lambda: recalculate(world), lambda: [qualify(world, member) for member in reversed(members)]]
    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    connections.close_all()
    assert faults == []
    assert [tier_of(member) for member in members] == ["SILVER"] * 4
    assert TierChange.objects.count() == 4
    assert {
        one.lifetime_points_earned for one in ledger.list_accounts(owner_refs=[m.customer_id for m in members])
    } == {250}


def test_earn__after_an_upgrade__is_multiplied(world: World) -> None:
    member = world.member()
    world.earn(member, points=500)
    deliver(world.now)
    receipt = world.earn(member, Decimal(1000))
    assert (receipt.points_amount, receipt.tier) == (150, {"code": "GOLD", "name": "Gold"})
