"""Late purchases: the tiers are worked out anew by business date, upwards only, and later earns are corrected."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from loyalty.foundation.audit.models import AuditEntry
from loyalty.ledger import api as ledger
from loyalty.points import api as points
from loyalty.programs import api as programs
from loyalty.tiers import api
from loyalty.tiers.api import ManualMode
from loyalty.tiers.models import QualifyingDay, TierChange
from tests.points.world import World, assert_ledger_holds
from tests.tiers.test_manual import assign
from tests.tiers.test_windows import NOON, YEARLY, at, deliver, earn, settle, tier_of, world_with

HOUR = timedelta(hours=1)


@pytest.fixture
def world(db: None) -> World:
    """A program whose tiers are earned anew each year, a tier being kept through the next."""
    return world_with(replace(YEARLY, validity=programs.TierValidity.REST_PLUS_NEXT))


def corrections(member: points.MemberFacts) -> list[int]:
    """Give the points of the corrections posted, oldest first."""
    found = ledger.list_transactions(account_ids=[member.account_id], kind=ledger.TransactionKind.ADJUST, limit=50)
    return sorted(one.points_change for one in found)


def test_late_purchase__raises_the_tier__from_its_business_instant(world: World) -> None:
    member = world.member()
    day = at(world, NOON + timedelta(days=10))
    bought = NOON + timedelta(days=5)
    earn(at(world, NOON + timedelta(days=8)), member, 1)
    day.earn(member, points=600, occurred_at=bought)
    deliver(day.now)
    assert tier_of(member) == "GOLD"
    change = TierChange.objects.get(superseded_at=None)
    assert (change.reason, change.effective_at, change.recorded_at) == ("late_purchase", bought, day.now)
    assert api.list_tiers_as_of([member.account_id], bought - HOUR) == {member.account_id: "BRONZE"}
    assert api.list_tiers_as_of([member.account_id], bought) == {member.account_id: "GOLD"}
    known = api.list_tiers_as_of([member.account_id], bought + HOUR, basis="recorded")
    assert known == {member.account_id: "BRONZE"}, "as the book said then"
    assert AuditEntry.objects.filter(act="tiers.correct").count() == 1


def test_late_purchase__before_other_purchases__corrects_what_they_earned(world: World) -> None:
    member = world.member()
    between = at(world, NOON + timedelta(days=6))
    receipt = between.earn(member, Decimal(1000))
    deliver(between.now)
    assert (receipt.points_amount, tier_of(member)) == (100, "SILVER")
    late = at(world, NOON + timedelta(days=10))
    late.earn(member, points=600, occurred_at=NOON + timedelta(days=5))
    deliver(late.now)
    assert tier_of(member) == "GOLD"
    assert corrections(member) == [50], "the multiplier of Gold is 1.5"
    rows = TierChange.objects.filter(superseded_at=None).order_by("effective_at")
    assert [(row.from_code, row.to_code) for row in rows] == [("BRONZE", "GOLD")]
    assert QualifyingDay.objects.count() == 2
    assert_ledger_holds(late.now)


def test_late_purchase__of_the_year_before__gives_the_tier_that_it_had_reached(world: World) -> None:
    member = world.member()
    december = at(world, datetime(2026, 12, 20, 12, tzinfo=UTC))
    earn(december, member, 450)
    january = at(world, datetime(2027, 1, 5, 12, tzinfo=UTC))
    settle(january)
    assert tier_of(member) == "SILVER"
    january.earn(member, points=60, occurred_at=datetime(2026, 12, 28, 9, tzinfo=UTC))
    deliver(january.now)
    assert tier_of(member) == "GOLD"
    settle(at(world, datetime(2027, 12, 31, 12, tzinfo=UTC)))
    assert tier_of(member) == "GOLD"
    settle(at(world, datetime(2028, 1, 1, 12, tzinfo=UTC)))
    assert tier_of(member) == "BRONZE"


def test_late_purchase__crossing_with_a_later_one__counts_from_that_one(world: World) -> None:
    member = world.member()
    second = at(world, NOON + timedelta(days=6))
    earn(second, member, 60)
    late = at(world, NOON + timedelta(days=9))
    late.earn(member, points=50, occurred_at=NOON + timedelta(days=2))
    deliver(late.now)
    assert tier_of(member) == "SILVER"
    assert TierChange.objects.get(superseded_at=None).effective_at == second.now


def test_late_purchase__that_changes_no_tier__rewrites_nothing(world: World) -> None:
    member = world.member()
    earn(world, member, 600)
    late = at(world, NOON + timedelta(days=9))
    late.earn(member, points=50, occurred_at=NOON + timedelta(days=2))
    deliver(late.now)
    assert TierChange.objects.count() == 1
    assert corrections(member) == []


def test_late_purchase__under_a_pin__leaves_the_past_alone(world: World) -> None:
    member = world.member()
    assign(world, member, "SILVER", ManualMode.PIN)
    late = at(world, NOON + timedelta(days=9))
    late.earn(member, points=600, occurred_at=NOON + timedelta(days=2))
    deliver(late.now)
    assert tier_of(member) == "SILVER"
    assert TierChange.objects.filter(reason="late_purchase").count() == 0


def test_late_purchase__that_reaches_the_tier__earns_as_it_would_have_in_time(world: World) -> None:
    member = world.member()
    late = at(world, NOON + timedelta(days=10))
    for day in (5, 7):
        late.earn(member, Decimal(600), occurred_at=NOON + timedelta(days=day))
        deliver(late.now)
    assert tier_of(member) == "SILVER"
    assert corrections(member) == [], "in time both earn as Bronze, and the second reaches Silver"

    late.earn(member, Decimal(1000), occurred_at=NOON + timedelta(days=2))
    deliver(late.now)
    assert corrections(member) == [15, 15], "what reaches Silver earns as Bronze, and the two behind it as Silver"
    assert late.earn(member, Decimal(200)).points_amount == 25
    assert_ledger_holds(late.now)


def test_late_purchase__told_twice__corrects_once(world: World) -> None:
    member = world.member()
    late = at(world, NOON + timedelta(days=10))
    late.earn(member, Decimal(600), occurred_at=NOON + timedelta(days=7))
    deliver(late.now)
    for amount, day in ((1000, 2), (200, 1)):
        late.earn(member, Decimal(amount), occurred_at=NOON + timedelta(days=day))
        deliver(late.now)
    assert corrections(member) == [15], "the earlier of the late ones changed no tier, and nothing is corrected again"
    assert TierChange.objects.filter(superseded_at=None).count() == 1
