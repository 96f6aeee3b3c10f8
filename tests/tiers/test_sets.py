"""Facts taken in sets do to members exactly what they do one after another, in few statements."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from loyalty.foundation.events import api as events
from loyalty.foundation.events.models import InboxEntry
from loyalty.ledger import api as ledger
from loyalty.points import api as points
from loyalty.programs import api as programs
from loyalty.tiers.api import ManualMode
from loyalty.tiers.models import BenefitGrant, MemberState, QualifyingDay, TierChange
from loyalty.tiers.operations import taking_sets
from tests.points.world import ACTOR, World, assert_ledger_holds, key
from tests.tiers.test_benefits import TIERS, balance, grants
from tests.tiers.test_manual import assign
from tests.tiers.test_windows import NOON, YEARLY, at, deliver, facts, tier_of, world_with

LIFETIME = programs.TierPolicyPlan()
ROLLING = replace(YEARLY, window=programs.TierWindow.ROLLING, rolling_months=3)
SPEND = replace(YEARLY, qualifier=programs.TierQualifier.SPEND)
BY_RULE = replace(
    YEARLY, qualifier=programs.TierQualifier.RULE, rule={"+": [{"var": "points"}, {"*": [10, {"var": "purchases"}]}]}
)
Deliver = Callable[[datetime], None]


def deliver_in_sets(now: datetime) -> None:
    """Relay and handle until nothing is due, in sets where handlers take them."""
    while events.relay(now=now)[0] or events.deliver_due(now=now):
        pass


def live(policy: programs.TierPolicyPlan, deliver: Deliver) -> tuple[World, list[points.MemberFacts]]:
    """Have six members of a new program live through random earns, delivered in some way after every round."""
    chance = random.Random(1)
    world = world_with(policy, tiers=TIERS)
    members = [world.member() for _ in range(6)]
    deliver(world.now)
    for member, mode in zip(members, ManualMode, strict=False):
        assign(world, member, "SILVER", mode)
    for round_number in range(4):
        now = world.now + timedelta(minutes=round_number)
        for member in members:
            for _ in range(chance.choice((0, 1, 1, 2))):
                more: dict[str, Any] = {"points": chance.choice((1, 60, 110, 480))}
                if chance.random() < 0.3:
                    more = {"amount": chance.choice(("0.01", "55.55", "130"))}
                if chance.random() < 0.2:
                    more["occurred_at"] = now - timedelta(days=chance.randint(1, 40))
                at(world, now).earn(member, **more)
        deliver(now)
    return world, members


def story_of(world: World, member: points.MemberFacts) -> dict[str, Any]:
    """Tell all that tiers wrote about a member, without ids and names of transactions."""
    account = member.account_id
    state = MemberState.objects.filter(account_public_id=account).first()
    changes = TierChange.objects.filter(account_public_id=account).order_by("id")
    grants = BenefitGrant.objects.filter(account_public_id=account).order_by("tier_code", "benefit_code")
    return {
        "tier": tier_of(member),
        "days": list(
            QualifyingDay.objects.filter(account_public_id=account)
            .order_by("business_date")
            .values_list("business_date", "points", "points_status", "spend", "purchases")
        ),
        "state": state and (state.kept_until, state.look_on, state.warned_until, state.manual_mode),
        "changes": [(one.from_code, one.to_code, one.reason, one.effective_at) for one in changes],
        "grants": [(one.tier_code, one.benefit_code, one.state, one.period_start) for one in grants],
        "balance": ledger.get_account(account).points_posted,
    }


@pytest.mark.parametrize(
    "policy", [LIFETIME, YEARLY, ROLLING, SPEND, BY_RULE], ids=["all", "year", "months", "spend", "rule"]
)
@pytest.mark.django_db
def test_sets__of_random_earns__tell_the_story_of_one_after_another(policy: programs.TierPolicyPlan) -> None:
    single = live(policy, deliver)
    told = facts("tier.upgraded")
    together = live(policy, deliver_in_sets)
    stories = [[story_of(world, member) for member in members] for world, members in (single, together)]
    assert stories[0] == stories[1]
    assert len(told) > 0
    assert len(facts("tier.upgraded")) == 2 * len(told)
    assert InboxEntry.objects.exclude(state="DONE").count() == 0
    assert_ledger_holds(NOON + timedelta(hours=1))


@pytest.mark.django_db
def test_set__of_any_size__takes_the_same_number_of_statements() -> None:
    world = world_with(YEARLY, tiers=TIERS)
    taken = []
    for size in (5, 40):
        members = [world.member() for _ in range(size)]
        deliver_in_sets(world.now)
        for member in members:
            world.earn(member, points=10)
        while events.relay(now=world.now)[0]:
            pass
        with CaptureQueriesContext(connection) as statements:
            assert events.deliver_due(now=world.now) == size
        taken.append(len(statements))
        deliver_in_sets(world.now)
    assert taken[0] == taken[1] <= 25


@pytest.mark.django_db
def test_enrolments__in_a_set__bring_each_the_first_benefit_once() -> None:
    world = world_with(YEARLY, tiers=TIERS)
    members = [world.member() for _ in range(6)]
    with CaptureQueriesContext(connection) as statements:
        deliver_in_sets(world.now)
    assert sum("tiers_turn_benefits" in one["sql"] for one in statements) == 1
    deliver_in_sets(world.now)
    assert [grants(member) for member in members] == [[("BRONZE", "HELLO", "GRANTED")]] * len(members)
    InboxEntry.objects.filter(handler="tiers.on_member_enrolled").update(state="PENDING")
    deliver_in_sets(world.now)
    assert [balance(member) for member in members] == [7] * len(members), "told again, nothing is paid again"


@pytest.mark.django_db
def test_earns__told_again_in_a_set__count_once() -> None:
    world = world_with(YEARLY)
    members = [world.member() for _ in range(4)]
    for member in members:
        world.earn(member, points=60)
    deliver_in_sets(world.now)
    InboxEntry.objects.filter(handler="tiers.on_points_earned").update(state="PENDING")
    deliver_in_sets(world.now)
    assert list(QualifyingDay.objects.values_list("points", flat=True)) == [60] * len(members)
    assert {tier_of(member) for member in members} == {"BRONZE"}


@pytest.mark.django_db
def test_earns__of_one_who_was_merged__count_for_the_heir() -> None:
    world = world_with(YEARLY)
    gone, heir, other = (world.member() for _ in range(3))
    world.earn(gone, points=80)
    world.earn(other, points=30)
    points.merge_accounts(
        account_id=gone.account_id, into_account_id=heir.account_id, key=key(), reason="one person", actor=ACTOR,
        now=world.now,
    )  # fmt: skip
    deliver_in_sets(world.now)
    days = QualifyingDay.objects.order_by("points").values_list("account_public_id", "points")
    assert list(days) == [(other.account_id, 30), (heir.account_id, 80)]


@pytest.mark.django_db
def test_earn__that_cannot_be_taken__holds_back_no_other_of_its_set(monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_with(YEARLY)
    members = [world.member() for _ in range(3)]
    deliver_in_sets(world.now)
    for member in members:
        world.earn(member, points=120)

    def fail(*args: object, **more: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr(taking_sets, "look_for_change", fail)
    deliver_in_sets(world.now)
    assert [tier_of(member) for member in members] == ["SILVER"] * 3
    assert list(QualifyingDay.objects.values_list("points", flat=True)) == [120] * 3, "the set's counting was undone"


@pytest.mark.django_db
def test_members__who_came_back__are_opened_in_a_set_of_new_ones() -> None:
    world = world_with(YEARLY)
    back, away, new = (world.member() for _ in range(3))
    for one in (back, away):
        programs.leave(
            program_id=world.program_id, customer_id=one.customer_id, reason="moved", actor=ACTOR, now=world.now
        )
    deliver(world.now)
    world.enroll([back.customer_id])
    deliver_in_sets(world.now)
    found = [ledger.get_account(one.account_id).status for one in (back, away, new)]
    assert found == ["ACTIVE", "FROZEN", "ACTIVE"]
