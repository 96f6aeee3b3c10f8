"""Benefits of tiers: granted and withdrawn exactly once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from loyalty.ledger import api as ledger
from loyalty.points import api as points
from loyalty.programs import api as programs
from loyalty.tiers import api
from loyalty.tiers.api import ManualMode
from loyalty.tiers.models import BenefitGrant, QualifyingDay
from tests.points.world import ACTOR, LADDER, World, assert_ledger_holds
from tests.tiers.test_manual import assign
from tests.tiers.test_windows import NOON, YEARLY, at, deliver, earn, facts, settle, tier_of, world_with

LOUNGE = programs.BenefitGrant(code="LOUNGE")
GIFT = programs.BenefitGrant(code="GIFT", kind=programs.BenefitKind.POINTS, points=400)
HELLO = programs.BenefitGrant(code="HELLO", kind=programs.BenefitKind.POINTS, points=7)
TIERS = (
    replace(LADDER[0], benefit_grants=(HELLO,)),
    replace(LADDER[1], benefit_grants=(LOUNGE, GIFT)),
    replace(LADDER[2], benefit_grants=(LOUNGE,)),
)


@pytest.fixture
def world(db: None) -> World:
    """A program whose Silver brings a lounge and 400 points, Gold a lounge."""
    return world_with(YEARLY, tiers=TIERS)


def grants(member: points.MemberFacts) -> list[tuple[str, str, str]]:
    """Give tier, benefit and state of all that was granted, oldest first."""
    rows = BenefitGrant.objects.filter(account_public_id=member.account_id).order_by("id")
    return [(row.tier_code, row.benefit_code, row.state) for row in rows]


def balance(member: points.MemberFacts) -> int:
    """Give what the member has."""
    return ledger.get_account(member.account_id).points_posted


def test_entering__a_tier__grants_points_and_features_once(world: World) -> None:
    member = world.member()
    deliver(NOON)
    assert balance(member) == 7
    earn(world, member, 150)
    assert grants(member) == [
        ("BRONZE", "HELLO", "GRANTED"), ("SILVER", "LOUNGE", "GRANTED"), ("SILVER", "GIFT", "GRANTED"),
    ]  # fmt: skip
    assert balance(member) == 7 + 150 + 400
    assert tier_of(member) == "SILVER", "a gift lifts nobody to the next tier"
    assert QualifyingDay.objects.get().points == 150
    told = [(fact["tier"], fact["benefit"], fact["points_amount"]) for fact in facts("tier.benefit_granted")]
    assert sorted(told) == [("BRONZE", "HELLO", 7), ("SILVER", "GIFT", 400), ("SILVER", "LOUNGE", 0)]
    assert_ledger_holds(NOON)


@pytest.mark.parametrize("is_capped, expected", [(False, 150 + 400), (True, 200)])
def test_entering__with_a_cap_nearly_reached__grants_in_full_unless_the_program_says_otherwise(
    db: None, is_capped: bool, expected: int
) -> None:
    gift = replace(GIFT, is_capped=is_capped)
    world = world_with(YEARLY, tiers=(LADDER[0], replace(LADDER[1], benefit_grants=(gift,))), earn_cap_daily=200)
    member = world.member()
    earn(world, member, 150)
    assert balance(member) == expected
    world.earn(member, points=60)
    assert balance(member) == expected + (0 if is_capped else 50), "a gift in full takes no room under the cap"
    assert_ledger_holds(NOON)


def test_entering__again_in_the_same_period__brings_the_feature_back_and_no_second_gift(world: World) -> None:
    member = world.member()
    earn(world, member, 150)
    before = balance(member)
    assign(world, member, "BRONZE", ManualMode.PIN)
    deliver(NOON)
    assert ("SILVER", "LOUNGE", "WITHDRAWN") in grants(member)
    assert [fact["benefit"] for fact in facts("tier.benefit_withdrawn")] == ["LOUNGE"]
    assign(world, member, "", None)
    deliver(NOON)
    assert tier_of(member) == "SILVER"
    assert ("SILVER", "LOUNGE", "GRANTED") in grants(member)
    assert (balance(member), len(grants(member))) == (before, 3)


def test_leaving__a_tier_for_a_higher_one__exchanges_features(world: World) -> None:
    member = world.member()
    earn(world, member, 150)
    earn(world, member, 500)
    assert grants(member)[1:] == [
        ("SILVER", "LOUNGE", "WITHDRAWN"), ("SILVER", "GIFT", "GRANTED"), ("GOLD", "LOUNGE", "GRANTED"),
    ]  # fmt: skip


def test_falling__to_a_tier_with_a_gift__brings_its_features_only(world: World) -> None:
    member = world.member()
    earn(world, member, 600)
    assign(world, member, "SILVER", ManualMode.PIN)
    assert ("SILVER", "LOUNGE", "GRANTED") in grants(member)
    assert ("SILVER", "GIFT", "GRANTED") not in grants(member)


def test_new_period__tier_earned_anew__brings_the_gift_again(world: World) -> None:
    member = world.member()
    earn(world, member, 150)
    later = datetime(2027, 3, 1, 12, tzinfo=UTC)
    settle(at(world, later))
    assert tier_of(member) == "BRONZE"
    earn(at(world, later), member, 150)
    assert [one for one in grants(member) if one[1] == "GIFT"] == [("SILVER", "GIFT", "GRANTED")] * 2


def test_gift__refused_by_a_frozen_account__is_paid_when_it_is_tried_again(world: World) -> None:
    member = world.member()
    deliver(NOON)
    ledger.freeze_account(account_id=member.account_id, reason="check", actor=ACTOR, now=NOON)
    assign(world, member, "SILVER", ManualMode.FLOOR)
    gift = BenefitGrant.objects.get(benefit_code="GIFT")
    assert (gift.state, gift.refusal_code) == ("PENDING", "account.not_active")
    assert api.award_benefits(now=NOON + timedelta(hours=1)) == 0
    ledger.unfreeze_account(account_id=member.account_id, reason="checked", actor=ACTOR, now=NOON)
    assert api.award_benefits(now=NOON + timedelta(days=2)) == 1
    assert api.award_benefits(now=NOON + timedelta(days=9)) == 0
    assert balance(member) == 407


def test_many_at_once__entering__get_their_gifts_in_a_few_statements(world: World) -> None:
    members = [world.member() for _ in range(12)]
    for member in members:
        world.earn(member, points=150)
    api.recalculate_program(program_id=world.program_id, causation_id=None, actor=ACTOR, now=NOON)
    deliver(NOON)
    while api.award_benefits(now=NOON):
        pass
    assert {balance(member) for member in members} == {557}


def test_gift__where_all_time_counts__lifts_nobody_to_the_next_tier(db: None) -> None:
    world = world_with(programs.TierPolicyPlan(), tiers=TIERS)
    member = world.member()
    earn(world, member, 150)
    assert balance(member) == 7 + 150 + 400
    assert tier_of(member) == "SILVER"
    told = api.get_standing(member.account_id, now=NOON)
    assert told.qualifying_value == Decimal(150)
    assert told.points_lifetime == 557
